// Package codec is the frame of ECR17: texts of fixed positions. Driver and simulator share it.
package codec

import "github.com/tillproof/tillproof/drivers/stx"

// ProgressLength is the number of characters of a text of progress.
const ProgressLength = 20

// Rules are the family's rules of the line: the check begins with 7F, ACK and NAK have a check of their own, and texts of progress stand between 01 and 04.
func Rules() *stx.Rules {
	return &stx.Rules{Seed: 0x7F, Differs: true, Max: 4096, Framed: true, Progress: ProgressLength}
}

// headerLength is terminal id, a zero and the message's code.
const headerLength = 10

// Message is a payload.
type Message []byte

// Whole says whether the header is there.
func (m Message) Whole() bool { return len(m) >= headerLength && m[8] == '0' }

// Code is the letter that says what the message is. Only for a whole one.
func (m Message) Code() byte { return m[headerLength-1] }

// At are the characters from one position to another, both included, counted from 1 as the descriptions do; what the message has of them, since devices
// leave reserved ends out.
func (m Message) At(from, to int) string { return string(m.Bytes(from, to)) }

// Bytes is [Message.At] without a copy: of what may be a card's number no string must be made.
func (m Message) Bytes(from, to int) []byte {
	if from > len(m) {
		return nil
	}
	return m[from-1 : min(to, len(m))]
}
