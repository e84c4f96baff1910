package scanner

import (
	"encoding/hex"
	"strings"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/stx"
)

// shown is how many digits of a card's number on a track are shown.
const shown = 4

// frameOf writes received bytes as hex, with the payload hidden in its own way. Prefix, AIM identifier and terminator stay.
func frameOf(raw []byte, scan drivers.Scan, hide func(string) string) string {
	begin, end := 0, len(raw)
	for begin < end && raw[begin] < ' ' {
		begin++
	}
	for end > begin && raw[end-1] < ' ' {
		end--
	}
	begin = min(begin+len(scan.AIM), end)
	return hex.EncodeToString(raw[:begin]) + hex.EncodeToString([]byte(hide(string(raw[begin:end])))) + hex.EncodeToString(raw[end:])
}

// hideNothing leaves a text as it is.
func hideNothing(text string) string { return text }

// hideAll leaves the length only.
func hideAll(text string) string { return strings.Repeat("*", len(text)) }

// hidePANs masks what looks like a card's number but for its last four digits, and what follows it on a track: somebody may scan a card.
func hidePANs(text string) string {
	out := []byte(text)
	for number, track := range tracks(out) {
		for i := range track {
			if i < len(number)-shown || i >= len(number) {
				track[i] = '*'
			}
		}
	}
	stx.HideCards(out)
	return string(out)
}
