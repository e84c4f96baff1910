package codec

import (
	"errors"
	"fmt"
)

// Tag is a TLV tag with all its bytes, the first one most significant: 0x1F10, 0x07.
type Tag uint32

// The TLV tags that programs name (PA00P015, list of TLV tags).
const (
	TagTextLine         Tag = 0x07
	TagReceiptNo        Tag = 0x08
	TagAttribute        Tag = 0x09 // print attribute for all lines until the next one
	TagCommand          Tag = 0x0A // in TagCommands: class and instruction that the ECR supports
	TagResultText       Tag = 0x13
	TagCharset          Tag = 0x14
	TagDiagnosis        Tag = 0x1B   // 01 line, 02 extended, 03 configuration, 04 EMV, 05 EP2
	TagPrinterColumns   Tag = 0x12   // BCD
	TagSyncID           Tag = 0x1F1F // of the last transaction
	TagPartialApproval  Tag = 0x1F70
	TagMessageID        Tag = 0x1F73 // 3 BCD, counts the messages of both sides
	TagOpenReservations Tag = 0x23   // holds a TagReceiptNo for each
	TagDisplayTexts     Tag = 0x24
	TagPrintTexts       Tag = 0x25
	TagCommands         Tag = 0x26
	TagCharsets         Tag = 0x27 // holds TagCharset
	TagTransaction      Tag = 0x2F // holds TagCardholder, TagOnline, TagEntry
	TagCardTypeLong     Tag = 0x41
	TagApplication      Tag = 0x60
	TagReceiptType      Tag = 0x1F07 // 01 merchant, 02 customer, 03 administration
	TagCardholder       Tag = 0x1F10 // how the cardholder was verified
	TagOnline           Tag = 0x1F11 // 0 approved by the terminal alone, 1 online
	TagEntry            Tag = 0x1F12 // 00 stripe, 01 chip, 02 contactless
	TagVendorErrorCode  Tag = 0x1F16
	TagVendorErrorText  Tag = 0x1F17
	TagLongTrace        Tag = 0x1F2B // BCD, when BMP 0B is 000000
	TagTip              Tag = 0x1F36 // 6 BCD, part of BMP 04
	TagReceiptInfo      Tag = 0x1F37
	TagLongTerminalID   Tag = 0x1F44
)

// ErrTLV says that a TLV structure is broken.
var ErrTLV = errors.New("broken TLV")

// maxTagBytes is the longest tag that the papers list.
const maxTagBytes = 3

// maxDepth bounds the nesting that Find and Walk follow.
const maxDepth = 8

// Object is one TLV object, its content without tag and length.
type Object struct {
	Tag   Tag
	Value []byte
	At    int // where Value begins in the parsed data
}

// Objects are the objects of a container in the order of the wire.
type Objects []Object

// Constructed says whether the content is itself a list of objects (bit 6 of the first tag byte).
func (t Tag) Constructed() bool {
	first := t
	for first > 0xFF {
		first >>= 8
	}
	return first&0x20 != 0
}

// ParseTLV reads objects until the end of data, without descending into constructed ones. After damage the objects
// before it come back with ErrTLV.
func ParseTLV(data []byte) (Objects, error) {
	var objects Objects
	for at := 0; at < len(data); {
		tag, tagLen, err := parseTag(data[at:])
		if err != nil {
			return objects, err
		}
		head, n, err := berLength(data[at+tagLen:])
		begin := at + tagLen + head
		if err != nil || len(data)-begin < n {
			return objects, fmt.Errorf("tag %x: %w", uint32(tag), ErrTLV)
		}
		objects = append(objects, Object{Tag: tag, Value: data[begin : begin+n : begin+n], At: begin})
		at = begin + n
	}
	return objects, nil
}

// parseTag reads a tag: more bytes follow when the low five bits of the first are ones, and after each further one with bit 8.
func parseTag(b []byte) (tag Tag, n int, err error) {
	for n < len(b) && n < maxTagBytes {
		tag = tag<<8 | Tag(b[n])
		more := b[n]&0x80 != 0
		if n == 0 {
			more = b[0]&0x1F == 0x1F
		}
		if n++; !more {
			return tag, n, nil
		}
	}
	return 0, 0, fmt.Errorf("tag without an end: %w", ErrTLV)
}

// berLength reads 00-7F, 81 nn or 82 hi lo; anything else is an error (PA00P015, TLV container).
func berLength(b []byte) (head, n int, err error) {
	switch {
	case len(b) < 1:
		return 0, 0, ErrTruncated
	case b[0] < 0x80:
		return 1, int(b[0]), nil
	case b[0] == 0x81 && len(b) >= 2:
		return 2, int(b[1]), nil
	case b[0] == 0x82 && len(b) >= 3:
		return 3, int(b[1])<<8 | int(b[2]), nil
	case b[0] == 0x81 || b[0] == 0x82:
		return 0, 0, ErrTruncated
	}
	return 0, 0, fmt.Errorf("length byte %02x: %w", b[0], ErrTLV)
}

// Walk visits every object in the order of the wire, a constructed one before its children, at most eight levels deep.
// At of a child counts from the begin of the outermost data. A visit that returns false ends the walk.
func (o Objects) Walk(visit func(Object) bool) { o.walk(0, maxDepth, visit) }

func (o Objects) walk(base, depth int, visit func(Object) bool) bool {
	for _, object := range o {
		object.At += base
		if !visit(object) {
			return false
		}
		if object.Tag.Constructed() && depth > 1 {
			children, _ := ParseTLV(object.Value)
			if !children.walk(object.At, depth-1, visit) {
				return false
			}
		}
	}
	return true
}

// Find returns the content of the first object with the tag, at any depth: terminals send some tags inside and outside
// their containers.
func (o Objects) Find(tag Tag) (value []byte, ok bool) {
	o.Walk(func(object Object) bool {
		if object.Tag == tag {
			value, ok = object.Value, true
		}
		return !ok
	})
	return value, ok
}

// Byte returns the content of the first object with the tag if that is one byte.
func (o Objects) Byte(tag Tag) (b byte, ok bool) {
	v, _ := o.Find(tag)
	if len(v) != 1 {
		return 0, false
	}
	return v[0], true
}

// AppendTLV writes one object, with the shortest form of the length. The content of a constructed one is made by the
// same function. Content above 65535 bytes cannot be told and is cut there.
func AppendTLV(dst []byte, tag Tag, value []byte) []byte {
	for shift := 24; shift >= 0; shift -= 8 {
		if tag>>shift != 0 {
			dst = append(dst, byte(tag>>shift))
		}
	}
	value = value[:min(len(value), MaxData)]
	return append(appendBERLength(dst, len(value)), value...)
}

func appendBERLength(dst []byte, n int) []byte {
	switch {
	case n < 0x80:
		return append(dst, byte(n))
	case n <= 0xFF:
		return append(dst, 0x81, byte(n))
	}
	return append(dst, 0x82, byte(n>>8), byte(n))
}
