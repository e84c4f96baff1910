package codec

import (
	"bytes"
	"strings"
)

// Separator stands behind the headers and behind each field.
const Separator byte = 0x1C

// Lengths of the two headers: transport (type, destination, source) and presentation (version, direction, transaction, response, more).
const (
	transport    = 10
	presentation = 7
	headers      = transport + presentation
)

// usualType is the transport header's type, and its addresses when nobody uses them.
const (
	usualType    = "60"
	nobody       = "0000"
	usualVersion = "1"
)

// Directions of a message.
const (
	Request byte = '0' // wants an answer
	Answer  byte = '1'
	Notice  byte = '2' // a request that wants no answer
)

// NoResponse is the response code of requests; in an answer it says approved.
const NoResponse = "00"

// Message is a body.
type Message struct {
	Destination string // four digits, "" is 0000
	Source      string // four digits, "" is 0000
	Direction   byte
	Code        string // of the transaction, two characters
	Response    string // two characters, "" is 00
	More        bool   // another message follows
	Fields      []Field
}

// Field is a part of a message. A field may repeat; the order says what belongs together.
type Field struct {
	Code string // two characters
	Data []byte // any bytes; of a parsed message a part of the payload, which its owner wipes
	At   int    // where Data begins in the payload; of a parsed message only
}

// Text is a field of text.
func Text(code, data string) Field { return Field{Code: code, Data: []byte(data)} }

// Get is the data of the first field with a code, nil when there is none.
func (m Message) Get(code string) []byte {
	for i := range m.Fields {
		if m.Fields[i].Code == code {
			return m.Fields[i].Data
		}
	}
	return nil
}

// Has says whether there is a field with a code, even an empty one.
func (m Message) Has(code string) bool {
	for i := range m.Fields {
		if m.Fields[i].Code == code {
			return true
		}
	}
	return false
}

// Text is [Message.Get] without blanks and zero bytes at the ends. Not for fields that may hold card data: nobody can overwrite a string.
func (m Message) Text(code string) string { return strings.Trim(string(m.Get(code)), " \x00") }

// Groups cuts the fields into what stands before the first one that repeats, and the groups that begin with it. Without a repetition there is no group.
func (m Message) Groups() (head []Field, groups [][]Field) {
	leading := m.leading()
	if leading == "" {
		return m.Fields, nil
	}
	from := -1
	for i, f := range m.Fields {
		if f.Code != leading {
			continue
		}
		if from < 0 {
			head = m.Fields[:i]
		} else {
			groups = append(groups, m.Fields[from:i])
		}
		from = i
	}
	return head, append(groups, m.Fields[from:])
}

// leading is the first field that stands there more than once, "" when none does.
func (m Message) leading() string {
	for i, f := range m.Fields {
		for _, later := range m.Fields[i+1:] {
			if later.Code == f.Code {
				return f.Code
			}
		}
	}
	return ""
}

// Payload is the body of a message. Codes and addresses have their length; what does not is filled up with zeros or cut, so that a body is always one.
func (f Form) Payload(m Message) []byte {
	b := make([]byte, 0, f.size(m))
	b = append(append(append(b, usualType...), fixed(m.Destination, len(nobody))...), fixed(m.Source, len(nobody))...)
	b = append(append(append(b, usualVersion...), m.Direction), fixed(m.Code, 2)...)
	b = append(append(b, fixed(m.Response, 2)...), '0')
	if m.More {
		b[len(b)-1] = '1'
	}
	b = append(b, Separator)
	for i, field := range m.Fields {
		b = append(f.Field.Put(append(b, fixed(field.Code, 2)...), len(field.Data)), field.Data...)
		if !f.Open || i < len(m.Fields)-1 {
			b = append(b, Separator)
		}
	}
	return b
}

func (f Form) size(m Message) int {
	n := headers + 1
	for _, field := range m.Fields {
		n += len(field.Data) + 5
	}
	return n
}

// fixed is a text of so many characters, zeros where it is shorter.
func fixed(s string, length int) []byte {
	return append(bytes.Repeat([]byte{'0'}, max(0, length-len(s))), s[:min(len(s), length)]...)
}
