package neo2

import (
	"bytes"
	"errors"
)

// Tag names a data object (BER-TLV, EMV Book 3 annex B): its one to four bytes, the first one highest.
type Tag uint32

// The tags that we know.
const (
	Track2       Tag = 0x57 // equivalent data; encrypted, zeros behind it up to a whole block
	PAN          Tag = 0x5A // encrypted in the same way
	Track1       Tag = 0x56 // of magnetic stripe mode
	StripeTrack2 Tag = 0x9F6B
	Holder       Tag = 0x5F20 // of the customer, in clear
	Expiry       Tag = 0x5F24 // YYMMDD, in clear
	KSN          Tag = 0xDFEE12
	StripeBlock  Tag = 0xDFEE23 // a swipe in the frame of the older readers
	ResultCode   Tag = 0xDFEE25
	AttributionT Tag = 0xDFEE26
	MaskedPAN    Tag = 0xDFEF5B
	MaskedTrack2 Tag = 0xDFEF5D
	CardError    Tag = 0xFFEE1F // code, SW1, SW2, state of the radio part

	Amount          Tag = 0x9F02 // authorised, n12
	TransactionType Tag = 0x9C
	CurrencyCode    Tag = 0x5F2A
	CurrencyExp     Tag = 0x5F36
)

// TLV is one data object. Its value belongs to the input.
type TLV struct {
	Tag   Tag
	Value []byte
}

// ErrTLV says that data objects do not end where their data do.
var ErrTLV = errors.New("the data objects do not fit their length")

// ParseTLVs cuts data into objects, none of them opened. Zeros between objects are filling.
func ParseTLVs(b []byte) (all []TLV, err error) {
	err = each(b, func(tag Tag, value []byte, _ int) { all = append(all, TLV{tag, value}) })
	return all, err
}

// Hidden is data objects in which every value is stars whose tag is none of those to be shown. Of what does not fit nothing is shown.
func Hidden(b []byte, show func(Tag) bool) []byte {
	stars := bytes.Repeat([]byte{'*'}, len(b))
	shown := bytes.Clone(b)
	err := each(b, func(tag Tag, value []byte, at int) {
		if !show(tag) {
			copy(shown[at:at+len(value)], stars)
		}
	})
	if err != nil {
		return stars
	}
	return shown
}

// each tells every object and where its value stands.
func each(all []byte, tell func(tag Tag, value []byte, at int)) error {
	for b := all; len(b) > 0; {
		if b[0] == 0 {
			b = b[1:]
			continue
		}
		tag, rest, ok := takeTag(b)
		if !ok {
			return ErrTLV
		}
		n, rest, ok := takeLength(rest)
		if !ok || n > len(rest) {
			return ErrTLV
		}
		tell(tag, rest[:n:n], len(all)-len(rest))
		b = rest[n:]
	}
	return nil
}

func takeTag(b []byte) (tag Tag, rest []byte, ok bool) {
	for i, c := range b[:min(4, len(b))] {
		tag = tag<<8 | Tag(c)
		if i == 0 && c&0x1F != 0x1F || i > 0 && c&0x80 == 0 {
			return tag, b[i+1:], true
		}
	}
	return 0, nil, false
}

// takeLength reads a length of one to three bytes.
func takeLength(b []byte) (n int, rest []byte, ok bool) {
	switch {
	case len(b) >= 1 && b[0] < 0x80:
		return int(b[0]), b[1:], true
	case len(b) >= 2 && b[0] == 0x81:
		return int(b[1]), b[2:], true
	case len(b) >= 3 && b[0] == 0x82:
		return int(b[1])<<8 | int(b[2]), b[3:], true
	}
	return 0, nil, false
}

// AppendTLV puts a data object behind b. A value has at most [MaxData] bytes.
func AppendTLV(b []byte, tag Tag, value []byte) []byte {
	for shift := 24; shift >= 0; shift -= 8 {
		if part := byte(tag >> shift); tag>>shift != 0 {
			b = append(b, part)
		}
	}
	switch n := len(value); {
	case n < 0x80:
		b = append(b, byte(n))
	case n < 0x100:
		b = append(b, 0x81, byte(n))
	default:
		b = append(b, 0x82, byte(n>>8), byte(n))
	}
	return append(b, value...)
}
