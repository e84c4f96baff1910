package stx

import (
	"bytes"

	"github.com/tillproof/tillproof/pos"
)

// Lengths of card numbers (ISO/IEC 7812-1).
const (
	leastPAN = 13
	mostPAN  = 19
	shownPAN = 4 // digits at the end, which receipts show
)

// SafeText is a terminal's text as [Printable] has it, without card numbers (see [HideCards]). No copy with them is left behind.
func SafeText(b []byte) string {
	text := Plain(b)
	HideCards(text)
	return trim(string(text))
}

// HideCards puts stars in the place of what looks like a card number, but for its last four digits: 13 to 19 digits, with blanks or hyphens between them
// or not, of which the last is their check digit.
func HideCards(text []byte) {
	var run []int // places of digits with at most one separator between two
	for i := 0; i <= len(text); i++ {
		switch {
		case i < len(text) && text[i] >= '0' && text[i] <= '9':
			run = append(run, i)
		case i < len(text) && len(run) > 0 && (text[i] == ' ' || text[i] == '-') && run[len(run)-1] == i-1:
		default:
			hideRun(text, run)
			run = run[:0]
		}
	}
}

// Cards are the parts of a payload that [HideCards] would hide.
func Cards(payload []byte) (spans []Span) {
	hidden := bytes.Clone(payload)
	defer clear(hidden) // what follows a number on a track is still there
	HideCards(hidden)
	for i := range payload {
		switch last := len(spans) - 1; {
		case hidden[i] == payload[i]:
		case last >= 0 && spans[last].To == i:
			spans[last].To++
		default:
			spans = append(spans, Span{i, i + 1})
		}
	}
	return spans
}

// hideRun hides every card number in a run of digits. Where other numbers stand next to one, the longest that fits is taken.
func hideRun(text []byte, run []int) {
	for from := 0; from+leastPAN <= len(run); from++ {
		for n := min(mostPAN, len(run)-from); n >= leastPAN; n-- {
			if places := run[from : from+n]; aloneIn(run, from, n) && pos.CheckDigit(n, func(i int) byte { return text[places[i]] - '0' }) {
				for _, at := range places[:n-shownPAN] {
					text[at] = '*'
				}
				from += n - 1
				break
			}
		}
	}
}

// aloneIn says whether a part of a run of digits begins and ends at a separator: the middle of a longer number is no card's.
func aloneIn(run []int, from, n int) bool {
	begins := from == 0 || run[from] != run[from-1]+1
	ends := from+n == len(run) || run[from+n] != run[from+n-1]+1
	return begins && ends
}
