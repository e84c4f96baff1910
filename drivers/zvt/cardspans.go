package zvt

import (
	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// span is a range of card data in the bytes of an APDU.
type span struct {
	from, to int
	text     bool // characters: masked as *; otherwise BCD digits, masked as E
}

// cardSpans finds the card data of an APDU: the fields that carry it, and texts that hold what looks like a card number. It also works on an APDU that
// is cut off, whose last field then reaches to the end.
func cardSpans(apdu []byte) []span {
	a, at := lenient(apdu)
	skip := fixedPart(a)
	base := at + skip
	if a.Is(0x06, 0xD1) {
		return textSpans(a.Data[skip:], base)
	}
	fields, rest, _ := codec.ParseFields(a.Data[skip:])
	var spans []span
	for _, f := range fields {
		spans = append(spans, fieldSpans(f, base+f.At)...)
	}
	return append(spans, restSpans(rest, base+len(a.Data)-skip-len(rest))...)
}

// lenient reads an APDU whose length need not be right; at is where its data begins.
func lenient(b []byte) (a codec.APDU, at int) {
	if len(b) < 3 {
		return codec.APDU{}, len(b)
	}
	at = 3
	if b[2] == 0xFF {
		at = min(5, len(b))
	}
	return codec.APDU{Class: b[0], Instr: b[1], Data: b[at:]}, at
}

func fieldSpans(f codec.Field, at int) []span {
	switch {
	case f.BMP == codec.Container:
		return tlvSpans(f.Value, at)
	case sensitive(f.BMP):
		return []span{{at, at + len(f.Value), isText(f.BMP)}}
	case textual(f.BMP):
		return textSpans(f.Value, at)
	}
	return nil
}

// sensitive says whether a BMP carries card data: number, tracks, chip data, expiry, check value, Geldkarte records.
func sensitive(tag codec.BMP) bool {
	switch tag {
	case codec.PAN, codec.Track1, codec.Track2, codec.Track3, codec.ChipData, codec.Expiry, codec.CVC, 0x9A, 0xA7, 0xAF, 0xD1:
		return true
	}
	return false
}

// isText says whether a sensitive BMP holds characters. Track 1 does; chip data is binary and masked like it, byte by byte.
func isText(tag codec.BMP) bool {
	switch tag {
	case codec.Track1, codec.ChipData, 0x9A, 0xAF, 0xD1:
		return true
	}
	return false
}

// textual says whether a BMP holds text for people.
func textual(tag codec.BMP) bool {
	return tag == codec.AdditionalText || tag == codec.CardName || tag == codec.AuthCode || tag == codec.ContractNo || isLine(tag)
}

// isLine says whether a BMP is a line of a display text.
func isLine(tag codec.BMP) bool { return tag >= 0xF1 && tag <= 0xF8 || tag >= 0xE1 && tag <= 0xE8 }

// tlvSpans masks the TLV tags of EMV that carry card data, and texts.
func tlvSpans(container []byte, at int) []span {
	objects, err := codec.ParseTLV(container)
	var spans []span
	end := 0
	objects.Walk(func(o codec.Object) bool {
		end = max(end, o.At+len(o.Value))
		switch {
		case sensitiveTag(o.Tag):
			spans = append(spans, span{at + o.At, at + o.At + len(o.Value), false})
		case !o.Tag.Constructed():
			spans = append(spans, looseSpans(o.Value, at+o.At)...)
		}
		return true
	})
	if err != nil {
		spans = append(spans, looseSpans(container[end:], at+end)...)
	}
	return spans
}

// sensitiveTag lists the EMV tags of card number, tracks and expiry (EMV book 3 annex A).
func sensitiveTag(tag codec.Tag) bool {
	switch tag {
	case 0x56, 0x57, 0x5A, 0x5F24, 0x9F1F, 0x9F20, 0x9F6B:
		return true
	}
	return false
}

// restSpans masks what could not be parsed: a cut off sensitive field to the end, and whatever looks like a card number.
func restSpans(rest []byte, at int) []span {
	if len(rest) > 0 && sensitive(codec.BMP(rest[0])) {
		return []span{{at + 1, at + len(rest), false}}
	}
	return looseSpans(rest, at)
}

func looseSpans(b []byte, at int) []span { return append(textSpans(b, at), packedSpans(b, at)...) }

// textSpans finds card numbers written in characters.
func textSpans(text []byte, at int) []span {
	var spans []span
	for _, digits := range findPANs(text) {
		for _, i := range digits {
			spans = append(spans, span{at + i, at + i + 1, true})
		}
	}
	return spans
}

// packedSpans finds card numbers of whole bytes of BCD between bytes that are none: at least seven bytes, with F or D in the end.
func packedSpans(b []byte, at int) []span {
	var spans []span
	begin := 0
	for i := 0; i <= len(b); i++ {
		if i < len(b) && b[i]>>4 <= 9 && b[i]&0xF <= 9 {
			continue
		}
		spans = append(spans, packedRun(b, begin, i, at)...)
		begin = i + 1
	}
	return spans
}

// packedRun judges the bytes from begin to end, which are BCD, and the first nibble behind them.
func packedRun(b []byte, begin, end, at int) []span {
	var digits []byte
	for _, c := range b[begin:end] {
		digits = append(digits, c>>4, c&0xF)
	}
	to := end
	if end < len(b) && b[end]>>4 <= 9 {
		digits, to = append(digits, b[end]>>4), end+1
	}
	for n := len(digits); n >= minPAN; n-- {
		if n <= maxPAN && luhn(digits[:n]) {
			return []span{{at + begin, at + to, false}}
		}
	}
	return nil
}
