package codec

import (
	"bytes"
	"fmt"
)

// AnyTerminal is the terminal id that each terminal takes for its own.
const AnyTerminal = "00000000"

// idLength is the number of digits of a terminal's and of a register's id.
const idLength = 8

// New is a message of so many characters with its header, zeros behind. The id has eight digits; the length is at least the header's.
func New(code byte, id string, length int) Message {
	m := Message(bytes.Repeat([]byte{'0'}, length))
	copy(m, id[:idLength])
	m[headerLength-1] = code
	return m
}

// Number sets the characters from one position to another, both included, to a number with zeros before it. One that does not fit is a mistake of the
// caller's: nothing is set, and false returned.
func (m Message) Number(from, to int, n uint64) bool {
	text := fmt.Sprintf("%0*d", to-from+1, n)
	if len(text) > to-from+1 || to > len(m) {
		return false
	}
	copy(m[from-1:to], text)
	return true
}

// Text sets the characters from one position to another to a text with blanks behind it. What does not fit is cut, and what is no printable ASCII
// becomes a dot: nothing may look like a control byte.
func (m Message) Text(from, to int, text string) {
	field := m[from-1 : to]
	for i := range field {
		field[i] = ' '
		if i >= len(text) {
			continue
		}
		if field[i] = text[i]; text[i] < 0x20 || text[i] > 0x7E {
			field[i] = '.'
		}
	}
}
