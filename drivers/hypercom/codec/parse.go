package codec

import (
	"errors"
	"fmt"
)

// Why a body is not whole.
var (
	ErrHeader = errors.New("the message has no headers")
	ErrField  = errors.New("a field goes beyond the message")
	ErrLength = errors.New("a field's length is no number")
	ErrSplit  = errors.New("no separator behind a field")
)

// Parse cuts a payload into headers and fields, which stay parts of the payload. What stands behind a field that cannot be read is left out: an error
// other than [ErrHeader] comes with everything before it. Whether the last field has 1C behind it decides nothing.
func (f Form) Parse(payload []byte) (Message, error) {
	if len(payload) < headers || string(payload[:2]) != usualType || !printable(payload[:headers]) {
		return Message{}, ErrHeader
	}
	m := Message{
		Destination: string(payload[2:6]), Source: string(payload[6:transport]), Direction: payload[transport+1],
		Code: string(payload[transport+2 : transport+4]), Response: string(payload[transport+4 : transport+6]), More: payload[headers-1] == '1',
	}
	if len(payload) == headers {
		return m, nil
	}
	if payload[headers] != Separator {
		return m, fmt.Errorf("at byte %d: %w", headers, ErrSplit)
	}
	for at := headers + 1; at < len(payload); {
		field, next, err := f.field(payload, at)
		if err != nil {
			return m, fmt.Errorf("at byte %d: %w", at, err)
		}
		m.Fields = append(m.Fields, field)
		at = next
	}
	return m, nil
}

// field reads one field and says where the next begins.
func (f Form) field(payload []byte, at int) (field Field, next int, err error) {
	if at+4 > len(payload) {
		return Field{}, 0, ErrField
	}
	n, ok := f.Field.Read(payload[at+2], payload[at+3])
	from := at + 4
	switch next = from + n; {
	case !ok:
		return Field{}, 0, ErrLength
	case next > len(payload):
		return Field{}, 0, ErrField
	case next < len(payload) && payload[next] != Separator:
		return Field{}, 0, ErrSplit
	}
	return Field{Code: string(payload[at : at+2]), Data: payload[from:next:next], At: from}, next + 1, nil
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < 0x20 || c > 0x7E {
			return false
		}
	}
	return true
}
