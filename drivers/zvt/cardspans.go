package zvt

import (
	"github.com/tillproof/tillproof/drivers/zvt/codec"

	"github.com/tillproof/tillproof/pos"
)

// span is a range of card data in the bytes of an APDU.
type span struct {
	from, to int
	text     bool // characters: masked as *; otherwise BCD digits, masked as E
}

// cardSpans finds the card data of an APDU: the fields that carry it, and what looks like a card number in texts and in
// unknown places. Of an APDU that is cut off or damaged, what cannot be parsed is taken for card data wherever it holds
// many digits.
func cardSpans(apdu []byte, damaged bool) []span {
	a, at := lenient(apdu)
	skip := fixedPart(a)
	base := at + skip
	if a.Is(0x06, 0xD1) && !damaged {
		return textSpans(a.Data[skip:], base)
	}
	if a.Is(0x06, 0xD1) {
		return digitSpans(a.Data[skip:], base)
	}
	fields, rest, _ := codec.ParseFields(a.Data[skip:])
	var spans []span
	for _, f := range fields {
		spans = append(spans, fieldSpans(f, base+f.At)...)
	}
	return append(spans, restSpans(rest, base+len(a.Data)-skip-len(rest), damaged)...)
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
		if !o.Tag.Constructed() {
			spans = append(spans, objectSpans(o, at+o.At)...)
		}
		return true
	})
	if err != nil {
		spans = append(spans, looseSpans(container[end:], at+end)...)
	}
	return spans
}

// objectSpans are those of a TLV object that holds no others. Letters, blanks and digits read as packed digits too, so in words only characters count.
func objectSpans(o codec.Object, at int) []span {
	switch {
	case sensitiveTag(o.Tag):
		return []span{{at, at + len(o.Value), false}}
	case textualTag(o.Tag):
		return textSpans(o.Value, at)
	}
	return looseSpans(o.Value, at)
}

// textualTag says whether a TLV object holds text for people: lines, EMV labels and receipt texts, a vendor's words.
func textualTag(tag codec.Tag) bool {
	switch tag {
	case codec.TagTextLine, codec.TagResultText, codec.TagVendorErrorText, 0x42, 0x44, 0x46, 0x47, 0x1F40, 0x1F41:
		return true
	}
	return false
}

// sensitiveTag lists the EMV tags of card number, tracks and expiry (EMV book 3 annex A), and 4D, the EF_ID that BMP A7 carries too.
func sensitiveTag(tag codec.Tag) bool {
	switch tag {
	case 0x4D, 0x56, 0x57, 0x5A, 0x5F24, 0x9F1F, 0x9F20, 0x9F6B:
		return true
	}
	return false
}

// restSpans masks what could not be parsed: a cut off sensitive field to the end, and whatever looks like a card number.
func restSpans(rest []byte, at int, damaged bool) []span {
	if len(rest) > 0 && sensitive(codec.BMP(rest[0])) {
		return []span{{at + 1, at + len(rest), false}}
	}
	return loose(rest, at, damaged)
}

func loose(b []byte, at int, damaged bool) []span {
	if damaged {
		return digitSpans(b, at)
	}
	return looseSpans(b, at)
}

// looseSpans finds card numbers in any form. Those in characters come last: their mask wins, since characters read as
// packed digits too.
func looseSpans(b []byte, at int) []span { return append(packedSpans(b, at), textSpans(b, at)...) }

// manyDigits is how many digits of a damaged message are no longer shown: a part of a card number that is of use to
// nobody is shorter.
const manyDigits = 8

// digitSpans finds runs of many digits in any form, without a look at check digits: the number may be cut off.
func digitSpans(b []byte, at int) []span {
	packed := runs(b, at, manyDigits/2, false, isPacked)
	return append(packed, runs(b, at, manyDigits, true, isDigit)...)
}

func runs(b []byte, at, least int, text bool, belongs func(byte) bool) []span {
	var spans []span
	begin := 0
	for i := 0; i <= len(b); i++ {
		if i < len(b) && belongs(b[i]) {
			continue
		}
		if i-begin >= least {
			spans = append(spans, span{at + begin, at + i, text})
		}
		begin = i + 1
	}
	return spans
}

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

// packedSpans finds card numbers of whole bytes of BCD between bytes that are none, F or D behind an odd digit allowed.
func packedSpans(b []byte, at int) []span {
	var spans []span
	for _, run := range runs(b, 0, minPAN/2, false, isPacked) {
		spans = append(spans, packedRun(b, run.from, run.to, at)...)
	}
	return spans
}

// isPacked says whether a byte is two BCD digits.
func isPacked(c byte) bool { return c>>4 <= 9 && c&0xF <= 9 }

// packedRun judges the bytes from begin to end, which are BCD, and the first nibble behind them.
func packedRun(b []byte, begin, end, at int) []span {
	digits := make([]byte, 0, 2*(end-begin)+1)
	defer func() { clear(digits) }()
	for _, c := range b[begin:end] {
		digits = append(digits, c>>4, c&0xF)
	}
	to := end
	if end < len(b) && b[end]>>4 <= 9 {
		digits, to = append(digits, b[end]>>4), end+1
	}
	for n := len(digits); n >= minPAN; n-- {
		if n <= maxPAN && pos.CheckDigit(n, func(i int) byte { return digits[i] }) {
			return []span{{at + begin, at + to, false}}
		}
	}
	return nil
}
