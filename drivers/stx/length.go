package stx

// Length says where a frame ends, and how a family writes a number of bytes.
type Length int

// The lengths.
const (
	ByETX  Length = iota // at 03, which the payload cannot hold; no length is written
	BCD                  // where two bytes of four decimal digits behind 02 say (0035 is 00 35); the payload holds any byte
	Binary               // the same in binary, the high byte first
)

// mostBCD is what four digits hold.
const mostBCD = 9999

// Put appends a length in two bytes. One that does not fit is a mistake of the caller's: its last digits or bytes are put.
func (l Length) Put(to []byte, n int) []byte {
	if l == BCD {
		n %= mostBCD + 1
		return append(to, byte(n/1000<<4|n/100%10), byte(n/10%10<<4|n%10))
	}
	return append(to, byte(n>>8), byte(n))
}

// Read is the length that two bytes say, false when they are no decimal digits where those are wanted.
func (l Length) Read(high, low byte) (n int, ok bool) {
	if l != BCD {
		return int(high)<<8 | int(low), true
	}
	digits := [...]byte{high >> 4, high & 0xF, low >> 4, low & 0xF}
	for _, d := range digits {
		if d > 9 {
			return 0, false
		}
		n = 10*n + int(d)
	}
	return n, true
}

// head is the number of bytes before the payload.
func (r *Rules) head() int {
	if r.Length == ByETX {
		return 1
	}
	return 3
}
