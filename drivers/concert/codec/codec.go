// Package codec is the frame of Concert and its two forms of message. Driver and simulator share it.
package codec

import (
	"bytes"
	"fmt"

	"github.com/tillproof/tillproof/drivers/stx"
)

// Rules are the family's rules of the line. A message is sent in a session: ENQ, frame, EOT.
func Rules() *stx.Rules {
	return &stx.Rules{Max: 1200, Controls: []byte{stx.ENQ, stx.ACK, stx.NAK, stx.EOT}, Hide: behindHead}
}

// headEnd is where the card's report of an E+ answer begins, and, behind its version and protocol, any card data of V3.
const headEnd = 1 + 12

// behindHead is what nobody is shown of a damaged frame: nobody knows where its card data stands. E+ messages of two lengths have none.
func behindHead(raw []byte) []stx.Span {
	payload, _, whole := bytes.Cut(bytes.TrimPrefix(raw, []byte{stx.STX}), []byte{stx.ETX})
	if n := len(payload); whole && (n == RequestLength || n == ShortAnswer) && !bytes.HasPrefix(payload, []byte("CZ")) {
		return nil
	}
	return []stx.Span{{From: headEnd, To: len(raw)}}
}

// Legible says whether a message has none but the characters that the protocol allows, 20 to 7F. On a line with parity a damaged one is 00,
// and two that are damaged leave the check byte right.
func Legible(payload []byte) bool {
	for _, c := range payload {
		if c < 0x20 || c > 0x7F {
			return false
		}
	}
	return true
}

// The lengths of E+ messages, in characters.
const (
	RequestLength = 34
	ShortAnswer   = 25
	FullAnswer    = 80
	ReportLength  = 55 // of the card's data within a full answer
)

// Tag is a part of a V3 message: two letters, three digits of length, value.
type Tag struct {
	Name  string
	Value string
	At    int // where the value begins
}

// Tags cuts a V3 message. What stands before the first fault is returned with it.
func Tags(b []byte) (tags []Tag, err error) {
	err = Walk(b, func(name string, value []byte, at int) { tags = append(tags, Tag{name, string(value), at}) })
	return tags, err
}

// HeadLength is what stands before a tag's value: name and length.
const HeadLength = 5

// Walk tells each tag of a V3 message up to the first fault. A value is a part of b, so that its holder can overwrite card data.
func Walk(b []byte, each func(name string, value []byte, at int)) error {
	for at := 0; at < len(b); {
		if len(b)-at < HeadLength {
			return fmt.Errorf("truncated: %d characters are no tag", len(b)-at)
		}
		length, ok := number(b[at+2 : at+HeadLength])
		if !ok {
			return fmt.Errorf("the length of tag %q is no number", stx.Printable(b[at:at+2]))
		}
		if at+HeadLength+length > len(b) {
			return fmt.Errorf("truncated: tag %q has %d of %d characters", stx.Printable(b[at:at+2]), len(b)-at-HeadLength, length)
		}
		each(string(b[at:at+2]), b[at+HeadLength:at+HeadLength+length], at+HeadLength)
		at += HeadLength + length
	}
	return nil
}

// AppendTag puts a tag behind a message. Its value has at most 999 characters.
func AppendTag(b []byte, name, value string) []byte {
	return fmt.Appendf(b, "%s%03d%s", name, len(value), value)
}

func number(digits []byte) (n int, ok bool) {
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}
