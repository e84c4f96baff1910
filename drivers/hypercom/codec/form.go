// Package codec is the frame of the Hypercom link: a message of two headers and of fields that say their length, in a frame that says its own, so that
// any byte may stand in it. Driver and simulator share it.
package codec

import "github.com/tillproof/tillproof/drivers/stx"

// most is the longest body in bytes: more than four digits cannot say.
const most = 9999

// Form is how a bank writes what all banks mean.
type Form struct {
	Frame stx.Length // of the frame
	Field stx.Length // of each field
	Open  bool       // no 1C behind the last field
}

// Usual is the form of most banks: decimal lengths, and 1C behind each field.
func Usual() Form { return Form{Frame: stx.BCD, Field: stx.BCD} }

// Rules are the family's rules of the line: one byte for ACK and NAK, the check over length, body and 03.
func (f Form) Rules() *stx.Rules {
	return &stx.Rules{Max: most, Length: f.Frame, Controls: []byte{stx.ACK, stx.NAK}, Hide: hideDamaged}
}

// What is shown of a frame that cannot be read: 02, the length and both headers; and of bytes that begin none, such as the three that some terminals send
// before 02.
const (
	shownOfDamaged = 3 + headers
	shownOfJunk    = 4
)

// hideDamaged hides everything behind that: in which field a name or a card's number stands, nobody knows of a damaged frame, or of the rest of one.
func hideDamaged(raw []byte) []stx.Span {
	if raw[0] != stx.STX {
		return []stx.Span{{From: shownOfJunk, To: len(raw)}}
	}
	return []stx.Span{{From: shownOfDamaged, To: len(raw)}}
}
