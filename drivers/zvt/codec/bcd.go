package codec

import (
	"errors"
	"fmt"
)

// ErrBCD says that a digit is none.
var ErrBCD = errors.New("not BCD")

// BCD writes n as packed decimal digits, most significant first, in size bytes. It fails when n needs more digits.
func BCD(n uint64, size int) ([]byte, error) {
	out := make([]byte, size)
	left := n
	for i := size - 1; i >= 0; i-- {
		out[i] = byte(left/10%10)<<4 | byte(left%10)
		left /= 100
	}
	if left != 0 {
		return nil, fmt.Errorf("%d does not fit into %d BCD bytes", n, size)
	}
	return out, nil
}

// ParseBCD reads packed decimal digits, at most 9 bytes (what fits into 64 bits). A nibble above 9 is ErrBCD.
func ParseBCD(b []byte) (uint64, error) {
	if len(b) > 9 {
		return 0, fmt.Errorf("%d BCD bytes: %w", len(b), ErrTooLong)
	}
	var n uint64
	for _, c := range b {
		if c>>4 > 9 || c&0xF > 9 {
			return 0, fmt.Errorf("%02x: %w", c, ErrBCD)
		}
		n = n*100 + uint64(c>>4)*10 + uint64(c&0xF)
	}
	return n, nil
}

// varDigits reads the length of an LLVAR (2) or LLLVAR (3): digits in the low nibbles, F in the high ones.
func varDigits(b []byte, digits int) (int, error) {
	if len(b) < digits {
		return 0, ErrTruncated
	}
	n := 0
	for _, c := range b[:digits] {
		if c>>4 != 0xF || c&0xF > 9 {
			return 0, fmt.Errorf("length digit %02x: %w", c, ErrBCD)
		}
		n = n*10 + int(c&0xF)
	}
	return n, nil
}

// varLength writes the length of an LLVAR or LLLVAR.
func varLength(n, digits int) ([]byte, error) {
	out := make([]byte, digits)
	left := n
	for i := digits - 1; i >= 0; i-- {
		out[i] = 0xF0 | byte(left%10)
		left /= 10
	}
	if left != 0 {
		return nil, fmt.Errorf("%d bytes: %w", n, ErrTooLong)
	}
	return out, nil
}
