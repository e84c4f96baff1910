package concert

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// receiptLines are the lines of a receipt in base64 (V3, AK), card numbers masked, control characters taken out. nil for what is no base64.
func receiptLines(value []byte) []string {
	raw := make([]byte, base64.StdEncoding.DecodedLen(len(value)))
	defer clear(raw)
	n, err := base64.StdEncoding.Decode(raw, value)
	if err != nil {
		return nil
	}
	plain := raw[:n]
	hideCards(plain)
	var lines []string
	for line := range strings.Lines(decodeText(plain)) {
		lines = append(lines, strings.TrimRight(strings.Map(printable, line), " "))
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// decodeText takes text that is no UTF-8 for ISO 8859-1, as printers of French terminals have it.
func decodeText(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

func printable(r rune) rune {
	if r < 0x20 || r >= 0x7F && r < 0xA0 {
		return -1
	}
	return r
}

// leastCard is the fewest digits that are taken for a card's number.
const leastCard = 12

// hideCards masks what may be a card's number in a text, but for its last four digits: 12 and more digits with no more than a blank, a
// hyphen or a dot between two of them. Hiding too much, such as a company's number, costs less than showing one.
func hideCards(text []byte) {
	var run []int
	for i := 0; i <= len(text); i++ {
		switch {
		case i < len(text) && text[i] >= '0' && text[i] <= '9':
			run = append(run, i)
		case i < len(text) && len(run) > 0 && run[len(run)-1] == i-1 && strings.IndexByte(" -.", text[i]) >= 0:
		default:
			hide(text, run)
			run = run[:0]
		}
	}
}

func hide(text []byte, digits []int) {
	if len(digits) < leastCard {
		return
	}
	for _, at := range digits[:len(digits)-4] {
		text[at] = '*'
	}
}
