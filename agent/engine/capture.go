package engine

import (
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/wire"
)

// Capture takes money out of a reservation, nil for all that is held, and frees the rest of it; or asks once more for the whole money of an offline approval that
// was refused later. Keys and errors are as in [Engine.Void]; not_capturable says that nothing of the kind is to be collected.
func (e *Engine) Capture(id pos.PaymentID, key pos.OperationKey, amount *pos.Minor, cashier pos.PersonID) (p *view.Payment, begun bool, err error) {
	return e.operate(id, &record.Operation{Payment: id, Key: key, What: pos.Capture, Cashier: cashier}, amount)
}

// prepareCapture is prepare for an offline approval: only the platform can collect it.
func (e *Engine) prepareCapture(p *view.Payment, o *record.Operation, asked *pos.Minor) error {
	switch {
	case p.Status != pos.ForwardDeclined || p.Decision == nil:
		return errNotCapturable(p, pos.Permanent, fmt.Sprintf("The payment is %s; there is nothing to collect once more.", p.Status),
			"Only a reservation can be booked, and a payment that is forward_declined be collected again.")
	case p.Unfinished():
		return errNotCapturable(p, pos.Transient, "It is being collected already.", "Wait for the answer.")
	case o.Mode != pos.Online:
		return errOffline("capture_online_only", "Only the platform can collect an offline approval once more, and it cannot be reached now.")
	}
	if o.Amount = p.Decision.Amount; asked != nil && *asked != o.Amount {
		return errAmount("An offline approval is collected whole or not at all.", "Leave the amount out.")
	}
	return nil
}

// errNotCapturable refuses to collect; this call has moved nothing.
func errNotCapturable(p *view.Payment, retry pos.Retry, text, next string) error {
	return pos.NewError("not_capturable", retry, pos.NoneMoved, text, next).With("payment_status", p.Status)
}

// again is what the platform says of further tries to collect a refused offline approval, nil when it says nothing.
func again(o *wire.Outcome) *record.Again {
	if o.Status != pos.ForwardDeclined || o.Deadline == 0 {
		return nil
	}
	return &record.Again{TriesLeft: o.TriesLeft, Deadline: o.Deadline}
}
