package pos

// CheckDigit says whether the last of n digits is the check digit of those before it (ISO/IEC 7812-1 annex B), as the last one of a card's number is. digit
// gives the i-th of them, from 0, as a value from 0 to 9; nothing is copied, since it may be a card's.
func CheckDigit(n int, digit func(i int) byte) bool {
	sum := 0
	for i := range n {
		d := int(digit(n - 1 - i))
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return n > 0 && sum%10 == 0
}
