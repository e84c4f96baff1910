package zvt

import "github.com/tillproof/tillproof/drivers/zvt/codec"

// scrub masks the card data of a received APDU in its own bytes, before anything reads them: nothing above the link ever sees it, so that no
// text, error, record or piece of memory that is left behind can hold it. Terminals ought not to send any; some do. What stays of a card number
// is the last four digits.
func scrub(apdu []byte) {
	a, _ := lenient(apdu)
	data := a.Data[fixedPart(a):]
	if a.Is(0x06, 0xD1) {
		maskCards(data)
		return
	}
	fields, rest, _ := codec.ParseFields(data)
	for _, f := range fields {
		scrubField(f)
	}
	scrubUnread(rest)
}

func scrubField(f codec.Field) {
	switch {
	case f.BMP == codec.Container:
		scrubObjects(f.Value)
	case f.BMP == codec.PAN:
		scrubNumber(f.Value)
	case isText(f.BMP):
		fill(f.Value, '*')
	case sensitive(f.BMP):
		fill(f.Value, 0xEE)
	case textual(f.BMP):
		maskCards(f.Value)
	}
}

// scrubObjects takes the TLV objects of EMV that carry card data, texts, and in all others what looks like a card number. Of those that we read
// none is long enough for one but the long trace, which loses its digits in the one case of ten that its check digit is right by chance: then
// less can be proven, and nothing wrong is believed.
func scrubObjects(container []byte) {
	objects, err := codec.ParseTLV(container)
	end := 0
	objects.Walk(func(o codec.Object) bool {
		end = max(end, o.At+len(o.Value))
		switch {
		case sensitiveTag(o.Tag):
			fill(o.Value, 0xEE)
		case textualTag(o.Tag):
			maskCards(o.Value)
		case !o.Tag.Constructed():
			scrubLoose(o.Value)
		}
		return true
	})
	if err != nil {
		scrubUnread(container[end:])
	}
}

// scrubUnread masks whatever has many digits where nothing can be parsed and so nobody reads.
func scrubUnread(b []byte) {
	for _, s := range digitSpans(b, 0) {
		fill(b[s.from:s.to], 0xEE)
	}
}

// scrubLoose masks card numbers in any form.
func scrubLoose(b []byte) {
	packed := packedSpans(b, 0)
	maskCards(b)
	for _, s := range packed {
		fill(b[s.from:s.to], 0xEE)
	}
}

// scrubNumber masks BMP 22 but for the last four digits of the number, which ends at a separator D or at the filling F. What is behind a separator
// would be the rest of a track.
func scrubNumber(v []byte) {
	end := 0
	for end < 2*len(v) && nibble(v, end) != 0xD && nibble(v, end) != 0xF {
		end++
	}
	for i := range 2 * len(v) {
		if (i < end-4 || i >= end) && nibble(v, i) <= 9 {
			shift := 4 * (1 - i%2)
			v[i/2] = v[i/2]&^(0xF<<shift) | 0xE<<shift
		}
	}
}

// nibble is a digit of a packed number.
func nibble(v []byte, i int) byte { return v[i/2] >> (4 * (1 - i%2)) & 0xF }

func fill(b []byte, with byte) {
	for i := range b {
		b[i] = with
	}
}
