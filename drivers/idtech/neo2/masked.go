package neo2

import "strings"

// The most digits of a number that a masked value shows (PCI DSS 3.4.1), and of what follows it: the expiry.
const (
	mostOfNumber = 10
	mostBehind   = 4
)

// Exposed says whether a value that should be masked shows more than a receipt may. It makes no text of it: what is a text cannot be wiped.
func (r *Result) Exposed() bool { return exposes(r.MaskedTrack2) || exposes(r.MaskedPAN) }

func exposes(b []byte) bool {
	number, behind, divided := 0, 0, false
	count := func(digit, divides bool) {
		divided = divided || divides
		switch {
		case digit && divided:
			behind++
		case digit:
			number++
		}
	}
	if isWritten(b) {
		for _, c := range b {
			count(c >= '0' && c <= '9', c == '=')
		}
	} else {
		for i := range 2 * len(b) {
			n := numeral(b, i)
			count(n <= 9, n == 0xD)
		}
	}
	return number > mostOfNumber || behind > mostBehind
}

// Shown is the masked track 2 as text with its sentinels, such as ";411111******1111=3012?", or the masked number alone where there is no track; "" where the
// reader shows neither, or too much. The papers do not say how it is written: both bytes of two digits, in which what is no digit is masked, and text are understood.
func (r *Result) Shown() string {
	masked := r.MaskedTrack2
	if len(masked) == 0 {
		masked = r.MaskedPAN
	}
	if len(masked) == 0 || exposes(masked) {
		return ""
	}
	if isWritten(masked) {
		return ";" + strings.Trim(string(masked), ";?") + "?"
	}
	return ";" + spelled(masked) + "?"
}

// Number is the masked number, with a star for every digit that is not shown; "" where the reader shows none.
func (r *Result) Number() string {
	number, _, _ := strings.Cut(strings.Trim(r.Shown(), ";?"), "=")
	return number
}

// isWritten says whether a masked value is text.
func isWritten(b []byte) bool {
	for _, c := range b {
		if !strings.ContainsRune("0123456789*=;?", rune(c)) {
			return false
		}
	}
	return true
}

// spelled is a masked value of packed digits as text: D divides number and expiry, F fills the end, and everything else that is no digit is masked.
func spelled(b []byte) string {
	var text strings.Builder
	divided := false
	for i := range 2 * len(b) {
		switch n := numeral(b, i); {
		case n <= 9:
			text.WriteByte('0' + n)
		case n == 0xD && !divided:
			divided = true
			text.WriteByte('=')
		case n == 0xF:
			text.WriteByte('?')
		default:
			text.WriteByte('*')
		}
	}
	return strings.ReplaceAll(strings.TrimRight(text.String(), "?"), "?", "*")
}
