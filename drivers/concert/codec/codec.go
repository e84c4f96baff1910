// Package codec is the frame of Concert and its two forms of message. Driver and simulator share it.
package codec

import (
	"fmt"

	"github.com/tillproof/tillproof/drivers/stx"
)

// Rules are the family's rules of the line. A message is sent in a session: ENQ, frame, EOT.
func Rules() *stx.Rules {
	return &stx.Rules{Max: 1200, Controls: []byte{stx.ENQ, stx.ACK, stx.NAK, stx.EOT}}
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
	for at := 0; at < len(b); {
		if len(b)-at < 5 {
			return tags, fmt.Errorf("truncated: %d characters are no tag", len(b)-at)
		}
		length := 0
		for _, c := range b[at+2 : at+5] {
			if c < '0' || c > '9' {
				return tags, fmt.Errorf("the length of tag %q is no number", stx.Printable(b[at:at+2]))
			}
			length = 10*length + int(c-'0')
		}
		if at+5+length > len(b) {
			return tags, fmt.Errorf("truncated: tag %q has %d of %d characters", stx.Printable(b[at:at+2]), len(b)-at-5, length)
		}
		tags = append(tags, Tag{string(b[at : at+2]), string(b[at+5 : at+5+length]), at + 5})
		at += 5 + length
	}
	return tags, nil
}
