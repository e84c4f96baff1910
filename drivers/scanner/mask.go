package scanner

import (
	"encoding/hex"
	"strings"

	"github.com/tillproof/tillproof/drivers"
)

// Lengths of card numbers (ISO/IEC 7812-1), and what of one may be shown.
const (
	minPAN = 13
	maxPAN = 19
	shown  = 4
)

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

// hidePANs masks runs of 13 to 19 digits with a right check digit but for the last four: somebody may scan a card.
func hidePANs(text string) string {
	out := []byte(text)
	begin := 0
	for i := 0; i <= len(out); i++ {
		if i < len(out) && out[i] >= '0' && out[i] <= '9' {
			continue
		}
		if run := out[begin:i]; isPAN(run) {
			copy(run, strings.Repeat("*", len(run)-shown))
		}
		begin = i + 1
	}
	return string(out)
}

// isPAN checks length and check digit (ISO/IEC 7812-1 annex B) of a run of digits.
func isPAN(digits []byte) bool {
	sum := 0
	for i, c := range digits {
		n := int(c - '0')
		if (len(digits)-i)%2 == 0 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return len(digits) >= minPAN && len(digits) <= maxPAN && sum%10 == 0
}
