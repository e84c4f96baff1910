package scanner

import (
	"bytes"
	"iter"

	"github.com/tillproof/tillproof/drivers"
)

// The fewest digits that are taken for a number on a track, and that a payment scheme's number has.
const (
	leastNumber   = 8
	leastOfScheme = 12
)

// tracks goes through what looks like tracks of a magnetic stripe in a code (ISO/IEC 7813): each number, and the track from it on up to its end sentinel. Both
// are slices of the code.
func tracks(code []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(number, track []byte) bool) {
		for i, c := range code {
			if c != '%' && c != ';' {
				continue
			}
			track, _, _ := bytes.Cut(code[i+1:], []byte("?"))
			if len(track) > 0 && track[0] >= 'A' && track[0] <= 'Z' { // the format of track 1
				track = track[1:]
			}
			end := bytes.IndexFunc(track, func(r rune) bool { return r < '0' || r > '9' })
			if end >= leastNumber && (track[end] == '=' || track[end] == '^') && !yield(track[:end], track) {
				return
			}
		}
	}
}

// OfAPaymentCard says whether a code is a track of a card that pays: somebody has a stripe reader where a scanner should be. Nobody may have it
// (PCI DSS 4, 3.3.1).
func OfAPaymentCard(code []byte) bool {
	for number := range tracks(code) {
		if len(number) >= leastOfScheme && drivers.BrandOf(string(number[:6])) != "" {
			return true
		}
	}
	return false
}
