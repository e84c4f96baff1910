package gs1

import "strings"

// CheckDigit computes the check digit that belongs behind digits, as '0' to '9': from the right the weights are 3, 1, 3 and so on
// (GS1 General Specifications §7.9). It is 0, which is no digit, when another character stands among them.
func CheckDigit(digits string) byte {
	sum := 0
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return 0
		}
		weight := 1
		if (len(digits)-i)%2 == 1 {
			weight = 3
		}
		sum += weight * int(digits[i]-'0')
	}
	return '0' + byte((10-sum%10)%10)
}

// Checked says whether s is two or more digits of which the last is the check digit.
func Checked(s string) bool {
	return len(s) >= 2 && CheckDigit(s[:len(s)-1]) == s[len(s)-1]
}

// GTIN returns the GTIN-14 of a bare GTIN-8, -12, -13 or -14, zeros before it. It fails for another length, for other characters
// than digits, and for a wrong check digit.
func GTIN(s string) (gtin14 string, ok bool) {
	switch len(s) {
	case 8, 12, 13, 14:
		if Checked(s) {
			return strings.Repeat("0", 14-len(s)) + s, true
		}
	}
	return "", false
}

// Digits says whether s is one or more digits and nothing else.
func Digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
