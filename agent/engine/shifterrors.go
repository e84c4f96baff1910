package engine

import (
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

func errShiftOpen(s *record.ShiftOpened) error {
	return pos.NewError("shift_open", pos.Permanent, pos.NoneMoved, fmt.Sprintf("The shift of %s is still open.", s.Cashier),
		"Close it first, with the cash counted.").With("shift", s.ID)
}

func errShiftClosed() error {
	return pos.NewError("shift_closed", pos.Permanent, pos.NoneMoved, "No such shift is open, and the last one was closed with another count.",
		"Look at the list of shifts. Sales of today count in the next shift.")
}

func errShiftPending(payments []pos.PaymentID) error {
	return pos.NewError("shift_pending", pos.Transient, pos.NoneMoved, fmt.Sprintf("Somebody still waits for %d payments of this shift.", len(payments)),
		"Wait until they are decided, or cancel them; then close the shift.").With("payments", payments)
}
