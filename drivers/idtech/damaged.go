package idtech

import (
	"errors"

	"github.com/tillproof/tillproof/drivers/idtech/codec"
	"github.com/tillproof/tillproof/drivers/idtech/neo2"
	"github.com/tillproof/tillproof/drivers/stx"
)

// longestFrame is more than any frame of both protocols has, in bytes.
const longestFrame = 4 << 10

// extent is how much of what stands at the begin of b and came damaged is one object: n bytes, or all of them where no length can be believed, with what follows
// them and begins nothing, but no frame that is whole.
func extent(b []byte, n int, err error) int {
	if errors.Is(err, codec.ErrLength) || errors.Is(err, neo2.ErrLength) {
		n = len(b)
	}
	for i := 1; i < n; i++ {
		if isWhole(b[i:min(len(b), i+longestFrame)]) {
			return i
		}
	}
	for n < len(b) && !begins(b[n:]) {
		n++
	}
	return n
}

// begins says whether a frame of either protocol may begin there.
func begins(b []byte) bool {
	return b[0] == 0x02 || b[0] == 0x06 || b[0] >= 0x15 && b[0] <= 0x18 || neo2.Begins(b)
}

// isWhole says whether a frame with right checks stands at the begin of b.
func isWhole(b []byte) bool {
	switch {
	case neo2.Begins(b):
		_, _, err := neo2.Split(b)
		return err == nil
	case b[0] == 0x02, b[0] == 0x06 && len(b) > 1 && b[1] == 0x02:
		_, _, err := codec.Split(b)
		return err == nil
	}
	return false
}

// How many bytes in a row tell nothing of a card: of text, and of packed digits.
const (
	fewCharacters = 3
	fewPacked     = 4
)

// hide finds what may be a card's data in bytes that nobody understands: all text, for the begin of a track may be lost, and all packed digits.
func hide(raw []byte) []stx.Span {
	text := runs(raw, fewCharacters, func(c byte) bool { return c >= ' ' && c <= '~' })
	return append(text, runs(raw, fewPacked, func(c byte) bool { return c>>4 <= 9 && c&0xF <= 9 })...)
}

// runs finds more than so few bytes of a kind in a row.
func runs(raw []byte, few int, of func(byte) bool) (spans []stx.Span) {
	from := 0
	for i := 0; i <= len(raw); i++ {
		if i < len(raw) && of(raw[i]) {
			continue
		}
		if i-from > few {
			spans = append(spans, stx.Span{From: from, To: i})
		}
		from = i + 1
	}
	return spans
}

// shortTrack is fewer characters than any track of a card has that somebody wants to hide.
const shortTrack = 8

// withoutTracks is a copy of settings in which no card's data stand. Their own values are short, or bytes of any kind.
func withoutTracks(b []byte) []byte {
	spans := stx.Numbers(b)
	for from := 0; from < len(b); from++ {
		if b[from] != '%' && b[from] != ';' {
			continue
		}
		to := from + 1
		for to < len(b) && b[to] != '?' && b[to] >= ' ' && b[to] <= '~' {
			to++
		}
		if to-from > shortTrack {
			spans = append(spans, stx.Span{From: from + 1, To: to})
		}
		from = to
	}
	return stx.Hidden(b, spans)
}
