package trace

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// Lengths of card numbers (ISO/IEC 7812-1).
const (
	minPAN = 13
	maxPAN = 19
)

// framed says whether a frame has a begin of its own and a check: 02 and LRC, 10 02 and CRC, or a name and CRC. The middle of another frame does not look so.
func framed(frame string) bool {
	return len(frame) > 6 && (strings.HasPrefix(frame, "02") || strings.HasPrefix(frame, "1002") || strings.HasPrefix(frame, viVOtech))
}

// viVOtech begins the frames of readers of chip and contactless cards.
const viVOtech = "5669564f746563683200"

// isControl says whether a frame is a control byte of a link: EOT, ENQ, ACK or NAK, the last two also as ECR17 frames them.
func isControl(frame string) bool {
	switch frame {
	case "04", "05", "06", "15", "06037a", "150369":
		return true
	}
	return false
}

// strictly is strictlyBytes of hex digits.
func strictly(frame string) string {
	b, err := hex.DecodeString(frame)
	if err != nil {
		return "" // masked already in a way that is no hex
	}
	return strictlyBytes(b)
}

// strictlyBytes shows of bytes only what can be neither a character, with or without a parity bit, nor two packed digits; and a control byte at the begin.
func strictlyBytes(b []byte) string {
	shown := make([]byte, len(b))
	for i, c := range b {
		shown[i] = '*'
		low := c & 0x7F
		if (low < 0x20 || low == 0x7F) && c&0x0F > 9 || i == 0 && c < 0x20 {
			shown[i] = c
		}
	}
	return hex.EncodeToString(shown)
}

// wordsOnly is why something was not understood, without what it quotes: four digits in a row may be a part of a number.
func wordsOnly(text string) string {
	b := []byte(text)
	from := 0
	for i := 0; i <= len(b); i++ {
		if i < len(b) && b[i] >= '0' && b[i] <= '9' {
			continue
		}
		if i-from >= 4 {
			copy(b[from:i], strings.Repeat("*", i-from))
		}
		from = i + 1
	}
	return string(b)
}

// hideNumbers is the second net: what looks like a card's number in a frame that was understood is hidden, whatever the family's decoder thinks of it.
func hideNumbers(d *drivers.Decoded) {
	if b, err := hex.DecodeString(d.Frame); err == nil && hideIn(b) {
		d.Frame = hex.EncodeToString(b)
	}
	for name, value := range d.Fields {
		d.Fields[name] = hidden(value)
	}
}

// hidden is a field's value without card numbers.
func hidden(value any) any {
	switch v := value.(type) {
	case string:
		return HideNumbers(v)
	case []string:
		for i := range v {
			v[i] = HideNumbers(v[i])
		}
	default: // a number, which a card's may have been taken for
		if text := fmt.Sprint(value); HideNumbers(text) != text {
			return HideNumbers(text)
		}
	}
	return value
}

// HideNumbers puts stars over what looks like a card's number in a text: 13 to 19 digits in a row with a right check digit.
func HideNumbers(text string) string {
	b := []byte(text)
	if !hideIn(b) {
		return text
	}
	return string(b)
}

// hideIn puts stars over runs of 13 to 19 digits with a right check digit and says whether there were any.
func hideIn(b []byte) (found bool) {
	from := 0
	for i := 0; i <= len(b); i++ {
		if i < len(b) && b[i] >= '0' && b[i] <= '9' {
			continue
		}
		run := b[from:i]
		if len(run) >= minPAN && len(run) <= maxPAN && pos.CheckDigit(len(run), func(n int) byte { return run[n] - '0' }) {
			found = true
			for n := range run {
				run[n] = '*'
			}
		}
		from = i + 1
	}
	return found
}
