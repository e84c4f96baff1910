package codec

import (
	"errors"
	"fmt"
)

// MaxData is the most data bytes that an APDU can carry (PA00P015, APDU structure: two length bytes).
const MaxData = 0xFFFF

// MaxAPDU is the length of the longest APDU: class, instruction, FF, two length bytes, data.
const MaxAPDU = MaxData + 5

// longForm in the length byte says that two more length bytes follow, the low one first.
const longForm = 0xFF

// What can be wrong with the bytes of an APDU.
var (
	ErrTruncated = errors.New("truncated")
	ErrLength    = errors.New("length byte does not fit the data")
	ErrTooLong   = errors.New("longer than an APDU can be")
)

// APDU is one ZVT message: a command of either side, or the reply to one (class 80 or 84). Replies 80 00 and 84 00
// accept, any other 84 xx refuses with the result code xx.
type APDU struct {
	Class, Instr byte
	Data         []byte // at most MaxData bytes
}

// Is says whether the APDU is the command with the given class and instruction, written as in the papers: Is(0x06, 0x0F).
func (a APDU) Is(class, instr byte) bool { return a.Class == class && a.Instr == instr }

// Reply says whether the APDU answers a command (class 80 or 84) instead of being one.
func (a APDU) Reply() bool { return a.Class == 0x80 || a.Class == 0x84 }

// Accepts says whether the APDU is a positive reply: 80 00, or 84 00 that means the same.
func (a APDU) Accepts() bool { return a.Reply() && a.Instr == 0 }

// Refuses says whether the APDU is a negative reply; Instr is then the result code.
func (a APDU) Refuses() bool { return a.Class == 0x84 && a.Instr != 0 }

// Marshal writes the APDU, with one length byte for up to 254 data bytes and the FF form above. Data beyond MaxData is an error.
func (a APDU) Marshal() ([]byte, error) {
	n := len(a.Data)
	switch {
	case n > MaxData:
		return nil, fmt.Errorf("%02x %02x with %d data bytes: %w", a.Class, a.Instr, n, ErrTooLong)
	case n >= longForm:
		return a.MarshalLong()
	}
	return append([]byte{a.Class, a.Instr, byte(n)}, a.Data...), nil
}

// MarshalLong writes the APDU with the FF form of the length whatever its length is, as a terminal legally may.
func (a APDU) MarshalLong() ([]byte, error) {
	n := len(a.Data)
	if n > MaxData {
		return nil, fmt.Errorf("%02x %02x with %d data bytes: %w", a.Class, a.Instr, n, ErrTooLong)
	}
	return append([]byte{a.Class, a.Instr, longForm, byte(n), byte(n >> 8)}, a.Data...), nil
}

// Parse reads exactly one APDU. The error is ErrTruncated when b is too short for a header or for the length that it
// names, and ErrLength when bytes are left over.
func Parse(b []byte) (APDU, error) {
	head, n, ok := header(b)
	switch {
	case !ok || len(b) < head+n:
		return APDU{}, fmt.Errorf("%d bytes of an APDU: %w", len(b), ErrTruncated)
	case len(b) > head+n:
		return APDU{}, fmt.Errorf("%d data bytes, %d named: %w", len(b)-head, n, ErrLength)
	}
	return APDU{Class: b[0], Instr: b[1], Data: b[head:]}, nil
}

// header reads the lengths of the head (3 or 5) and of the data of an APDU that begins with b; ok is false while b is
// too short for that.
func header(b []byte) (head, data int, ok bool) {
	switch {
	case len(b) < 3:
		return 0, 0, false
	case b[2] != longForm:
		return 3, int(b[2]), true
	case len(b) < 5:
		return 0, 0, false
	}
	return 5, int(b[3]) | int(b[4])<<8, true
}
