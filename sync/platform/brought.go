package platform

import (
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// bring reads the record that a hole brings: it was signed in an epoch of its own, could not be delivered there, and counts as if it had been. One that
// is not what the hole says is no record.
func (e *entry) bring(codec *record.Codec, till pos.TillID, hole *record.Hole) {
	r, rest, err := codec.Decode(hole.Raw)
	if err != nil || len(rest) > 0 || r.Till != till || r.Epoch != hole.Epoch || r.Seq != hole.From {
		e.held = "it brings something else than the record that it names"
		return
	}
	body, err := codec.Body(&r)
	if err != nil {
		e.held = err.Error()
		return
	}
	if subject, ok := body.(record.Subject); ok && !subject.PaymentID().IsZero() {
		e.body, e.payment, e.brought = subject, subject.PaymentID(), &r
	}
}

// told is the record that the entry tells of: itself, or the one that it brings.
func (e *entry) told() *record.Record {
	if e.brought != nil {
		return e.brought
	}
	return &e.record
}

// passOver lets records that are brought count for nothing when they are in custody already: the till does not know, when its end was damaged, how far
// the platform holds it.
func (s *sitting) passOver(till pos.TillID, entries []entry) {
	for i := range entries {
		if e := &entries[i]; e.brought != nil && s.chain(till, e.brought.Epoch).mark.Seq >= e.brought.Seq {
			e.body = nil
		}
	}
}
