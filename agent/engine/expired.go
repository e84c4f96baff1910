package engine

import (
	"fmt"

	"github.com/tillproof/tillproof/pos"
)

// notExpired refuses an order whose payment has left the journal after its retention: nobody here knows any more what became of it, and a late repetition
// of an old request must not charge again. An earlier attempt of the order counts as much.
func (e *Engine) notExpired(key pos.OrderKey) error {
	for attempt := pos.Attempt(1); attempt <= key.Attempt; attempt++ {
		gone, err := e.journal.Views().Expired(pos.OrderKey{Order: key.Order, Attempt: attempt})
		if err != nil {
			return err
		}
		if gone {
			return pos.NewError("order_expired", pos.Permanent, pos.NoneMoved,
				fmt.Sprintf("Order %s was dealt with so long ago that its payment is no longer kept on this till. Nothing was begun.", key.Order),
				"Look the order up at the platform. If it is a new one, give it another reference.").With("order", key.Order)
		}
	}
	return nil
}
