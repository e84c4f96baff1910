package platform

import (
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
)

// trust leaves of a delivery what its key is still trusted for; see [trust.Book.Counted].
func (t *Tills) trust(d *Delivery, by cose.KeyID) error {
	first := &d.entries[0].record
	n, err := t.book.Counted(d.till, by, first.Epoch, first.Seq, len(d.entries))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrForged, err)
	}
	d.entries = d.entries[:n]
	return nil
}

// answers says whether calls that a key has signed are answered.
func (t *Tills) answers(till pos.TillID, by cose.KeyID) error {
	if err := t.book.Answers(till, by); err != nil {
		return fmt.Errorf("%w: %w", ErrForged, err)
	}
	return nil
}
