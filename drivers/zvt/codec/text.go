package codec

import (
	"strings"
	"unicode"
)

// cp437 are the characters 80 to FF of the code page that ZVT uses unless another was agreed. E1 is the German sharp s there.
const cp437 = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»" +
	"░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀" +
	"αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0"

// Text reads what a terminal prints or displays: CP437, or Latin-1 where the bytes make sense only as that, cleaned by [Clean].
func Text(b []byte) string {
	table := []rune(cp437)
	latin := isLatin1(b)
	var s strings.Builder
	for _, c := range b {
		if c < 0x80 || latin {
			s.WriteRune(rune(c))
		} else {
			s.WriteRune(table[c-0x80])
		}
	}
	return Clean(s.String())
}

// isLatin1 says whether the bytes above 7F are Latin-1 although CP437 was agreed: all are letters in Latin-1, and at
// least one is a box graphic or a mathematical sign in CP437. A run of three equal ones is a drawn line. (Our rule:
// terminals do send both.)
func isLatin1(b []byte) bool {
	odd := false
	for i, c := range b {
		switch {
		case c < 0x80:
			continue
		case c < 0xC0 || c == 0xD7 || c == 0xF7:
			return false
		case i >= 2 && c == b[i-1] && c == b[i-2]:
			return false
		}
		odd = odd || c != 0xE1 && c != 0xF8
	}
	return odd
}

// Clean makes text fit for a screen or a printer: CR, LF and other control characters become one space, NUL and what is
// not printable goes away, and spaces at the end are cut. Spaces at the begin stay: they centre lines.
func Clean(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case r == '\u00a0':
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, s)
	return strings.TrimRight(s, " ")
}

// EncodeText writes text in CP437; a character that it lacks becomes a question mark.
func EncodeText(s string) []byte {
	table := []rune(cp437)
	out := make([]byte, 0, len(s))
	for _, r := range s {
		out = append(out, encodeRune(table, r))
	}
	return out
}

func encodeRune(table []rune, r rune) byte {
	if r < 0x80 {
		return byte(r)
	}
	for i, t := range table {
		if t == r {
			return byte(0x80 + i)
		}
	}
	return '?'
}
