package code

import (
	"encoding/hex"
	"strings"

	"github.com/tillproof/tillproof/drivers/scanner/gs1"
)

// Lengths of a card number (ISO/IEC 7812-1: most have 13 and more), and of a label (EMV 4.3 Book 3, annex A).
const (
	minPAN   = 8
	maxPAN   = 19
	maxLabel = 16
)

// last4 finds the last four digits that a template tells: 9F25, or else the end of the card number in 5A or 57.
func last4(objects []object) string {
	if own := hex.EncodeToString(find(objects, tagLast4)); len(own) == 4 && gs1.Digits(own) {
		return own
	}
	for _, tag := range []uint32{tagPAN, tagTrack2} {
		pan, _, _ := strings.Cut(hex.EncodeToString(find(objects, tag)), "d")
		pan = strings.TrimRight(pan, "f")
		if len(pan) >= minPAN && len(pan) <= maxPAN && gs1.Digits(pan) {
			return pan[len(pan)-4:]
		}
	}
	return ""
}

// label cleans an application's label: printable ASCII of at most 16 characters. So many digits that they could be a card number are
// masked.
func label(b []byte) string {
	if len(b) > maxLabel {
		return ""
	}
	digits := 0
	out := []byte(strings.TrimSpace(string(b)))
	for i, c := range out {
		switch {
		case c < ' ' || c > '~':
			out[i] = '?'
		case c >= '0' && c <= '9':
			digits++
		}
	}
	if digits < minPAN {
		return string(out)
	}
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '*'
		}
		return r
	}, string(out))
}
