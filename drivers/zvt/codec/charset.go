package codec

import "unicode/utf8"

// Charset is how a terminal writes what it prints and displays (PA00P015, registration, TLV 27). The zero value is CP437, which holds unless the
// terminal has agreed to another one.
type Charset int

// The sets that are understood. Of ISO 8859 only parts 1 and 15 are met in shops.
const (
	CP437 Charset = iota
	ASCII
	Latin1 // ISO 8859-1
	Latin9 // ISO 8859-15
	UTF8
)

// Code is the value of TLV 14.
func (c Charset) Code() byte {
	switch c {
	case ASCII:
		return 0x00
	case Latin1:
		return 0x01
	case Latin9:
		return 0x0F
	case UTF8:
		return 0xFE
	}
	return 0xFF
}

// CharsetOf reads the value of TLV 14; ok is false for a set that is not understood.
func CharsetOf(code byte) (c Charset, ok bool) {
	for _, c := range []Charset{CP437, ASCII, Latin1, Latin9, UTF8} {
		if c.Code() == code {
			return c, true
		}
	}
	return CP437, false
}

// Text reads what is written in the set, cleaned by [Clean]. What the set has no character for goes away, but text that is no UTF-8, or beyond ASCII
// where that was agreed, is read as [Text] does: terminals do send what they did not agree to.
func (c Charset) Text(b []byte) string {
	switch {
	case c == UTF8 && utf8.Valid(b):
		return Clean(string(b))
	case c == Latin1 || c == Latin9:
		return Clean(latin(b, c == Latin9))
	}
	return Text(b)
}

// latin reads ISO 8859-1, or part 15, which has eight other characters.
func latin(b []byte, nine bool) string {
	out := make([]rune, 0, len(b))
	for _, c := range b {
		r := rune(c)
		if nine {
			r = ninth(c)
		}
		out = append(out, r)
	}
	return string(out)
}

func ninth(c byte) rune {
	switch c {
	case 0xA4:
		return '€'
	case 0xA6:
		return 'Š'
	case 0xA8:
		return 'š'
	case 0xB4:
		return 'Ž'
	case 0xB8:
		return 'ž'
	case 0xBC:
		return 'Œ'
	case 0xBD:
		return 'œ'
	case 0xBE:
		return 'Ÿ'
	}
	return rune(c)
}
