package drivers

import "bytes"

// What [Guess] says. The first six are names of families as a configuration would have them.
const (
	GuessZVT       = "zvt"
	GuessTransbank = "transbank"
	GuessHypercom  = "hypercom"
	GuessECR17     = "ecr17"
	GuessConcert   = "concert"
	GuessReader    = "idtech"
	GuessFramed    = "transbank or hypercom" // a frame of 02 and 03 that says no more of itself
	GuessTrack     = "msr"                   // a magnetic stripe in clear
	GuessText      = "text (scanner?)"
)

// Guess tells families of devices apart by the first bytes that one says on its wire, in whatever language it was spoken to; "" for bytes that many
// could have said (a bare ACK or NAK) or nobody. It believes marks that a family's own papers give, not check bytes, so that a damaged or cut begin is
// enough. Bytes before the mark do no harm. It keeps nothing of what it was given.
func Guess(said []byte) string {
	switch {
	case isSwipe(said), bytes.Contains(said, []byte("ViVOtech2")): // the latter begins frames of readers of chip and contactless cards
		return GuessReader
	case bytes.Contains(said, []byte{0x10, 0x02}):
		return GuessZVT
	case saysECR17(said):
		return GuessECR17
	}
	if name := guessFrame(said); name != "" {
		return name
	}
	switch {
	case isAPDU(said):
		return GuessZVT
	case isSession(said), bytes.HasPrefix(said, []byte("CZ004")):
		return GuessConcert
	case isTrack(said):
		return GuessTrack
	case isText(said):
		return GuessText
	}
	return ""
}

// saysECR17 looks for ACK and NAK with their own 03 and check (start 7F), and for a text of progress between 01 and 04, which no other family has.
func saysECR17(said []byte) bool {
	if bytes.Contains(said, []byte{0x06, 0x03, 0x7A}) || bytes.Contains(said, []byte{0x15, 0x03, 0x69}) {
		return true
	}
	at := bytes.IndexByte(said, 0x01)
	return at >= 0 && len(said) >= at+22 && said[at+21] == 0x04 && isPrintable(said[at+1:at+21])
}

// guessFrame looks at what begins with 02.
func guessFrame(said []byte) string {
	at := bytes.IndexByte(said, 0x02)
	if at < 0 {
		return ""
	}
	before, body := said[:at], said[at+1:]
	payload, _, whole := bytes.Cut(body, []byte{0x03})
	switch {
	case isLinkPOS(body):
		return GuessHypercom
	case len(before) > 0 && before[len(before)-1] == 0x06 && isSetting(body):
		return GuessReader
	case !isPrintable(payload):
		return ""
	case digits(payload) == 4 && (len(payload) == 4 && whole || len(payload) > 4 && payload[4] == '|'):
		return GuessTransbank
	case bytes.HasPrefix(payload, []byte("CZ004")), bytes.IndexByte(before, 0x05) >= 0:
		return GuessConcert
	case digits(payload) >= 9 && len(payload) >= 10 && payload[8] == '0' && isLetter(payload[9]):
		return GuessECR17
	case whole && (len(payload) == 25 || len(payload) == 80 || len(payload) == 34) && digits(payload) >= 11:
		return GuessConcert
	case whole:
		return GuessFramed
	}
	return ""
}

// isLinkPOS looks for a length of four decimal digits that is no text, and for the header of the Hypercom link: 60 and two addresses of four digits.
func isLinkPOS(body []byte) bool {
	return len(body) >= 12 && body[0] < 0x20 && isBCD(body[:2]) && bytes.HasPrefix(body[2:], []byte("60")) && digits(body[2:]) >= 10
}

// isSwipe says whether a whole swipe of an encrypting reader stands at the begin: 02, its length low byte first, a card type with bit 80, and 03 where
// the length says.
func isSwipe(said []byte) bool {
	if len(said) < 8 || said[0] != 0x02 {
		return false
	}
	n := int(said[1]) | int(said[2])<<8
	return n >= 7 && len(said) >= n+6 && said[n+5] == 0x03 && said[3]&0x80 != 0
}

// isSetting says whether an encrypting reader tells a setting: function, length, value, 03.
func isSetting(body []byte) bool {
	return len(body) >= 3 && len(body) > 2+int(body[1]) && body[2+int(body[1])] == 0x03
}

// isAPDU says whether a reply or a terminal's command of ZVT stands at the begin, as on TCP.
func isAPDU(said []byte) bool {
	if len(said) < 3 {
		return false
	}
	switch said[0] {
	case 0x80, 0x84:
		return said[2] == 0 || said[1] == 0
	case 0x04:
		return said[1] == 0x0F || said[1] == 0xFF
	case 0x06:
		return said[1] == 0x0F || said[1] == 0x1E || said[1] == 0xD1 || said[1] == 0xD3
	}
	return false
}

// isSession says whether somebody wants to open a session, or ends one.
func isSession(said []byte) bool {
	return len(said) > 0 && len(bytes.Trim(said, "\x04\x05")) == 0
}

// isTrack looks for the sentinels of a magnetic stripe (ISO/IEC 7813).
func isTrack(said []byte) bool {
	if len(said) < 4 {
		return false
	}
	return said[0] == '%' && isLetter(said[1]) && said[2] >= '0' && said[2] <= '9' || said[0] == ';' && digits(said[1:]) >= 8
}

// isText says whether it is nothing but a line of text, as keyboards and scanners send it.
func isText(said []byte) bool {
	letters := 0
	for _, c := range said {
		switch {
		case c == '\r' || c == '\n' || c == '\t':
		case c < 0x20 || c > 0x7E:
			return false
		default:
			letters++
		}
	}
	return letters >= 3
}

func isPrintable(b []byte) bool {
	for _, c := range b {
		if c < 0x20 || c > 0x7E {
			return false
		}
	}
	return true
}

func isBCD(b []byte) bool {
	for _, c := range b {
		if c>>4 > 9 || c&0xF > 9 {
			return false
		}
	}
	return true
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// digits is how many digits stand at the begin.
func digits(b []byte) int {
	for i, c := range b {
		if c < '0' || c > '9' {
			return i
		}
	}
	return len(b)
}
