package neo2

import "github.com/tillproof/tillproof/pos"

// Lengths of card numbers (ISO/IEC 7812-1), in digits.
const (
	minNumber = 12
	maxNumber = 19
)

// Clear says whether the result has card data that are not encrypted: it is not marked as encrypted, or a value has no whole blocks or reads as a card's
// number does, as with cards of a range that the reader was told to leave alone (its white list). Such data are neither stored nor shown. Masked values
// are the caller's to judge.
func (r *Result) Clear() bool {
	values := [][]byte{r.Track2, r.PAN, r.others[0], r.others[1]}
	for _, v := range values {
		if len(v) > 0 && (!r.Marked() || len(v)%r.Block() != 0) {
			return true
		}
	}
	return !r.Marked() && !r.IsStripe() && len(r.MaskedTrack2)+len(r.MaskedPAN) > 0 ||
		isTrack(r.Track2) || isTrack(r.others[1]) || isText(r.others[0]) || r.isNumber(r.PAN)
}

// Numeral is digit i of packed digits.
func numeral(b []byte, i int) byte {
	if i%2 == 0 {
		return b[i/2] >> 4
	}
	return b[i/2] & 0xF
}

// digitsOf is how many digits stand at the begin of packed digits.
func digitsOf(b []byte) int {
	for i := range 2 * len(b) {
		if numeral(b, i) > 9 {
			return i
		}
	}
	return 2 * len(b)
}

// isTrack says whether packed digits are a track 2 in clear: a number, D, and digits up to a filling of F. By chance a ciphertext is one in many millions.
func isTrack(b []byte) bool {
	n, least := digitsOf(b), 1 // a gift card's number may be short
	if len(b) == tdesBlock {
		least = minNumber // of eight random bytes one in two thousand reads as a shorter one
	}
	if n < least || n > maxNumber || n >= 2*len(b) || numeral(b, n) != 0xD {
		return false
	}
	i := n + 1
	for i < 2*len(b) && numeral(b, i) <= 9 {
		i++
	}
	return isFilling(b, i)
}

// isFilling says whether nothing but a filling of F, and zeros behind it, stands from digit i on.
func isFilling(b []byte, i int) bool {
	for ; i < 2*len(b); i++ {
		if n := numeral(b, i); n != 0xF && n != 0 {
			return false
		}
	}
	return true
}

// isText says whether a track 1 stands there as text.
func isText(b []byte) bool {
	for _, c := range b {
		if c != 0 && (c < ' ' || c > '_') {
			return false
		}
	}
	return len(b) > 0
}

// isNumber says whether packed digits are a card's number in clear. Eight random bytes are digits once in two thousand times: then the digits that the
// reader shows decide, or the check digit where it shows none.
func (r *Result) isNumber(b []byte) bool {
	n := digitsOf(b)
	switch shown := r.Number(); {
	case n < minNumber || !isFilling(b, n):
		return false
	case shown != "" && n <= 2*tdesBlock:
		return fitsShown(b, n, shown)
	case n <= maxNumber:
		return pos.CheckDigit(n, func(i int) byte { return numeral(b, i) })
	}
	return true // so many random bytes are never all digits
}

// fitsShown says whether digits are those of a masked number, where that shows them.
func fitsShown(b []byte, n int, shown string) bool {
	if len(shown) > n {
		return false
	}
	for i := range shown {
		if shown[i] != '*' && shown[i] != '0'+numeral(b, i) {
			return false
		}
	}
	return true
}
