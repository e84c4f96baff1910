package code

import "errors"

// What is wrong with BER-TLV. Neither error says anything of the content.
var (
	errTruncated = errors.New("truncated: the code ends inside a data object")
	errTLV       = errors.New("the code is damaged: bytes that are no data object")
)

// object is one BER-TLV data object.
type object struct {
	tag   uint32
	value []byte
}

// parseTLV splits bytes into data objects (EMV 4.3 Book 3, annex B), one level deep. All bytes must belong to objects.
func parseTLV(b []byte) ([]object, error) {
	var all []object
	for len(b) > 0 {
		tag, rest, err := cutTag(b)
		if err != nil {
			return nil, err
		}
		n, rest, err := cutLength(rest)
		switch {
		case err != nil:
			return nil, err
		case n > len(rest):
			return nil, errTruncated
		}
		all = append(all, object{tag, rest[:n]})
		b = rest[n:]
	}
	return all, nil
}

// maxTag bounds the bytes of a tag.
const maxTag = 3

// cutTag takes a tag of one to three bytes off. Filling bytes 00 are no tags here.
func cutTag(b []byte) (tag uint32, rest []byte, err error) {
	more := b[0]&0x1F == 0x1F
	if tag = uint32(b[0]); tag == 0 {
		return 0, nil, errTLV
	}
	n := 1
	for ; more; n++ {
		switch {
		case n == maxTag:
			return 0, nil, errTLV
		case n == len(b):
			return 0, nil, errTruncated
		}
		tag, more = tag<<8|uint32(b[n]), b[n]&0x80 != 0
	}
	return tag, b[n:], nil
}

// cutLength takes a length off: one byte, or one or two behind 81 or 82.
func cutLength(b []byte) (n int, rest []byte, err error) {
	switch {
	case len(b) == 0:
		return 0, nil, errTruncated
	case b[0] < 0x80:
		return int(b[0]), b[1:], nil
	case b[0] != 0x81 && b[0] != 0x82:
		return 0, nil, errTLV
	}
	more := int(b[0] & 0x0F)
	if len(b) <= more {
		return 0, nil, errTruncated
	}
	for _, c := range b[1 : 1+more] {
		n = n<<8 | int(c)
	}
	return n, b[1+more:], nil
}
