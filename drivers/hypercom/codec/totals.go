package codec

import (
	"bytes"
	"fmt"
	"strconv"
)

// Lengths of an amount, of a total's count, and of a total in its two widths.
const (
	AmountDigits = 12
	countDigits  = 4
	ShortTotal   = countDigits + AmountDigits
	LongTotal    = ShortTotal + 4
)

// mostCount and mostAmount are what those digits hold.
const (
	mostCount  = 9999
	mostAmount = 999_999_999_999
)

// Amount is an amount in minor units as twelve digits.
func Amount(minor int64) string { return fmt.Sprintf("%0*d", AmountDigits, minor) }

// Total is a count and an amount in minor units.
func Total(width, count int, minor int64) string {
	return fmt.Sprintf("%0*d%0*d", countDigits, min(count, mostCount), width-countDigits, min(minor, mostAmount))
}

// ReadAmount reads up to twelve digits.
func ReadAmount(b []byte) (minor int64, ok bool) {
	if b = bytes.Trim(b, " "); len(b) == 0 || len(b) > AmountDigits {
		return 0, false
	}
	return digits(b)
}

// ReadTotal reads a count and an amount. The longer of the two widths is told by one table and was never recorded: its four digits more belong to the
// count or to the amount, and are zeros there either way; a total where both readings could be meant is none.
func ReadTotal(b []byte) (count int, minor int64, ok bool) {
	zeros := []byte("0000")
	switch {
	case len(b) == ShortTotal:
	case len(b) == LongTotal && bytes.Equal(b[4:8], zeros):
		return readTotal(b[:4], b[8:])
	case len(b) == LongTotal && bytes.Equal(b[:4], zeros):
		b = b[4:]
	default:
		return 0, 0, false
	}
	return readTotal(b[:countDigits], b[countDigits:])
}

func readTotal(count, amount []byte) (int, int64, bool) {
	n, counted := digits(count)
	minor, summed := digits(amount)
	if !counted || !summed {
		return 0, 0, false
	}
	return int(n), minor, true
}

func digits(b []byte) (n int64, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	return n, err == nil
}
