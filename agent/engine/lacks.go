package engine

import (
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// can says whether a card terminal has a function. Of one that is not at this till nobody says that it lacks anything.
func (e *Engine) can(device pos.DeviceName, f drivers.Function) bool {
	s := e.station(device)
	return s == nil || !slices.Contains(s.lacks, f)
}

// canVoid refuses a void at a card terminal that has no such function, before anything is written.
func (e *Engine) canVoid(device pos.DeviceName) error {
	if e.can(device, drivers.Voiding) {
		return nil
	}
	return errLacks(device, "void a sale", "Refund the payment, or give cash back.")
}

// canRefund refuses a refund at a card terminal that has no such function, before anything is written.
func (e *Engine) canRefund(device pos.DeviceName) error {
	if e.can(device, drivers.Refunding) {
		return nil
	}
	next := "Refund it in cash."
	if e.can(device, drivers.Voiding) {
		next = "Void the whole sale while it is not settled, or refund it in cash."
	}
	return errLacks(device, "give money back to a card", next)
}

// errLacks is the refusal of what a card terminal cannot do, with the way out.
func errLacks(device pos.DeviceName, what, next string) *pos.Error {
	return pos.NewError("not_supported", pos.Permanent, pos.NoneMoved, fmt.Sprintf("Card terminal %s cannot %s; nothing was begun.", device, what),
		next).With("device", device)
}

// errCannotStop refuses to stop a command at a card terminal that listens to nobody while it works. What becomes of the money is still open.
func errCannotStop(device pos.DeviceName) error {
	return pos.NewError("not_supported", pos.Permanent, pos.MoneyUnknown,
		fmt.Sprintf("Card terminal %s cannot be stopped from the till; the payment goes on.", device),
		"Press the cancel key of the card terminal; the till waits for what it says.").With("device", device)
}
