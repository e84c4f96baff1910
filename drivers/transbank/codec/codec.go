// Package codec is the frame of Transbank's POS Integrado: ASCII fields with bars between them. Driver and simulator share it.
package codec

import (
	"strings"

	"github.com/tillproof/tillproof/drivers/stx"
)

// Rules are the family's rules of the line: 8N1 at 115200 baud unless the terminal is set to another rate, one byte for ACK and NAK.
func Rules() *stx.Rules { return &stx.Rules{Max: 4096, Controls: []byte{stx.ACK, stx.NAK}} }

// Message is a payload cut at its bars. The first field is the command.
type Message []string

// Parse cuts a payload. An empty field behind the last bar is none.
func Parse(payload []byte) Message {
	m := Message(strings.Split(string(payload), "|"))
	if len(m) > 1 && m[len(m)-1] == "" {
		m = m[:len(m)-1]
	}
	return m
}

// Payload puts fields together with bars between them, and one behind the last where the form wants it.
func Payload(finalBar bool, fields ...string) []byte {
	text := strings.Join(fields, "|")
	if finalBar {
		text += "|"
	}
	return []byte(text)
}

// Field is a field by its number, 0 for the command; "" when the message is shorter: refusals stop early.
func (m Message) Field(n int) string {
	if n < len(m) {
		return m[n]
	}
	return ""
}

// Command is the command's four digits.
func (m Message) Command() string { return m.Field(0) }
