package trace

import (
	"bytes"
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

// HideCards hides what looks like a card's number in something that was not understood: characters, and two digits to a byte, which begin with a byte.
// Characters become 2a, packed digits e.
func HideCards(d *drivers.Decoded) {
	hideNumbers(d)
	if isText(d.Frame) {
		return
	}
	frame := []byte(d.Frame)
	for at := 0; at+minPAN <= len(frame); {
		n := packed(frame[at:])
		for i := range n {
			frame[at+i] = 'e'
		}
		at += max(2, n+n%2)
	}
	d.Frame = string(frame)
}

// isText says whether a frame holds characters between 02 and 03, so that no two digits stand in a byte: digits, capitals and blanks are packed digits
// by their looks. Some of the characters may be damaged.
func isText(frame string) bool {
	b, err := hex.DecodeString(frame)
	b = bytes.TrimPrefix(b, []byte{0x02})
	if end := len(b) - 2; end >= 0 && b[end] == 0x03 { // and a check byte
		b = b[:end]
	}
	characters := 0
	for _, c := range b {
		if c >= 0x20 && c < 0x7F {
			characters++
		}
	}
	return err == nil && len(b) > 10 && 10*characters >= 9*len(b)
}

// packed is how many digits of a card's number stand at the begin of some hex digits, 0 for none. Bytes that are characters are no packed digits.
func packed(hexDigits []byte) int {
	if c := hexDigits[0]; c < '2' || c > '6' { // payment cards begin so (ISO/IEC 7812-1, major industry identifiers)
		return 0
	}
	digits, characters := 0, true
	for digits < min(maxPAN, len(hexDigits)) && hexDigits[digits] >= '0' && hexDigits[digits] <= '9' {
		characters = characters && (digits%2 == 1 || hexDigits[digits] == '3')
		digits++
	}
	if characters {
		return 0
	}
	for n := digits; n >= minPAN; n-- {
		if pos.CheckDigit(n, func(i int) byte { return hexDigits[i] - '0' }) {
			return n
		}
	}
	return 0
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
