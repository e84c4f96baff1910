package api

import (
	"cmp"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// onHold says what is to be done with an amount that is only held.
func onHold(p *view.Payment) *Words {
	if p.Unwanted {
		return &Words{"release", "The order was freed before this amount turned out to be held: release it, so that the customer can spend it again."}
	}
	return &Words{"book", "The amount is held on the card; nothing is paid yet. Book what the customer owes, or release it."}
}

// released says whether a reservation came to its end with nothing booked of it.
func released(p *view.Payment) bool {
	return p.Status == pos.Voided && p.Intent.Reserve && (p.Decision == nil || p.Decision.Status == pos.Reserved)
}

// nextOfHeld says what is to be done about the booking or release of an amount that is still held, nil when nobody has tried.
func nextOfHeld(o *view.Operation, n now) *Words {
	switch {
	case o.State == pos.OperationRequested:
		return &Words{"wait", cmp.Or(n.text, "Wait for the card terminal.")}
	case o.State == pos.OperationUnknown && o.Evidence == record.Abandoned:
		return &Words{"given_up", "A supervisor gave the search for the last operation up. It may have been carried out: look at the card terminal's list."}
	case o.State == pos.OperationUnknown && o.Request.What == pos.Capture:
		return asked(n, "Do not book it again.", "The card terminal is asked whether the money was booked.")
	case o.State == pos.OperationUnknown:
		return asked(n, "Do not release it again.", "The card terminal is asked whether the amount is free.")
	case o.State == pos.OperationRefused:
		return &Words{"book", "That was refused; the amount is still held. Try again with a new operation, or release it."}
	}
	return nil
}
