package zvt

import (
	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// Lengths of card numbers (ISO/IEC 7812-1).
const (
	minPAN = 13
	maxPAN = 19
)

// safeText is a terminal's text with what looks like a card number masked but for its last four digits: terminals do print
// them in full on merchant receipts.
func safeText(set codec.Charset, b []byte) string { return maskText(set.Text(b)) }

func maskText(s string) string {
	out := []byte(s)
	maskCards(out)
	return string(out)
}

// maskCards masks card numbers in characters but for their last four digits, and what follows one in a track that was printed.
func maskCards(text []byte) {
	for _, digits := range findPANs(text) {
		for _, at := range digits[:len(digits)-4] {
			text[at] = '*'
		}
		maskTrack(text[digits[len(digits)-1]+1:])
	}
}

// maskTrack masks what stands behind a card number if it is the rest of a track (ISO/IEC 7813): digits behind = or D of track 2, name and digits
// behind ^ of track 1 up to the end sentinel.
func maskTrack(rest []byte) {
	if len(rest) < 2 {
		return
	}
	second := (rest[0] == '=' || rest[0] == 'D' || rest[0] == 'd') && isDigit(rest[1])
	for i := 1; i < len(rest) && rest[i] != '?' && (rest[0] == '^' || second && isDigit(rest[i])); i++ {
		rest[i] = '*'
	}
}

// findPANs finds runs of 13 to 19 digits with a right check digit, single blanks and hyphens between the digits
// allowed. It returns the places of the digits of each.
func findPANs(text []byte) [][]int {
	var found [][]int
	var run []int
	for i := 0; i <= len(text); i++ {
		switch {
		case i < len(text) && isDigit(text[i]):
			run = append(run, i)
		case i < len(text) && len(run) > 0 && (text[i] == ' ' || text[i] == '-') && run[len(run)-1] == i-1:
		default:
			found = append(found, pansIn(text, run)...)
			run = nil
		}
	}
	return found
}

// pansIn judges one run of digits: the whole of it, or, since other numbers may stand next to a card number, the parts
// between separators.
func pansIn(text []byte, run []int) [][]int {
	if isPAN(text, run) {
		return [][]int{run}
	}
	var found [][]int
	begin := 0
	for i := 1; i <= len(run); i++ {
		if i == len(run) || run[i] != run[i-1]+1 {
			if isPAN(text, run[begin:i]) {
				found = append(found, run[begin:i])
			}
			begin = i
		}
	}
	return found
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

func isPAN(text []byte, places []int) bool {
	if len(places) < minPAN || len(places) > maxPAN {
		return false
	}
	return pos.CheckDigit(len(places), func(i int) byte { return text[places[i]] - '0' })
}
