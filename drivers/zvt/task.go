package zvt

import (
	"context"
	"errors"
	"fmt"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// deed is what a command that the terminal follows as master does, as the cashier calls it.
type deed string

// The deeds.
const (
	paying    deed = "payment"
	reversing deed = "reversal"
	refunding deed = "refund"
	closing   deed = "end of day"
	holding   deed = "reservation"
	booking   deed = "booking"
	releasing deed = "release of a reservation"
)

// deedOf is the deed behind an unfinished transaction.
func deedOf(what drivers.Transaction) deed {
	switch what {
	case drivers.VoidOf:
		return reversing
	case drivers.RefundOf:
		return refunding
	case drivers.ReservationOf:
		return holding
	case drivers.BookingOf:
		return booking
	case drivers.ReleaseOf:
		return releasing
	}
	return paying
}

// lost is what to do when the outcome is not known.
func (d deed) lost() string {
	switch d {
	case reversing:
		return "Do not take it back again: the terminal is asked for the outcome as soon as it answers."
	case refunding:
		return "Do not give the money back again: the terminal is asked for the outcome as soon as it answers."
	case closing:
		return "Look at the terminal's own slip of the end of day; the terminal may have begun to count from zero."
	case holding:
		return "Do not reserve again: the terminal is asked for the outcome as soon as it answers."
	case booking:
		return "Do not book it again: the terminal is asked for the outcome as soon as it answers."
	case releasing:
		return "Do not release it again: the terminal is asked for the outcome as soon as it answers."
	}
	return "Do not charge again: the terminal is asked for the outcome as soon as it answers."
}

// task is one such command: payments, reversals, refunds, reservations and an end of day differ in nothing else.
type task struct {
	deed     deed
	command  codec.APDU
	cancel   <-chan struct{} // the cashier's wish to stop; nil for none
	progress func(drivers.Progress)

	// read is what a 04 0F says, false when it has no result code and decides nothing.
	read func(report) (drivers.Result, bool)

	// keep makes a result durable, but for a success whose amount cannot be believed; the report is empty for a failure that came without a 04 0F.
	keep func(report, drivers.Result) error
}

// moves is the task of a command that moves money.
func moves(d deed, command codec.APDU, sale drivers.Sale) task {
	return task{
		deed: d, command: command, cancel: sale.Cancel, progress: sale.Progress,
		read: func(r report) (drivers.Result, bool) { return r.result(sale.Amount) },
		keep: func(said report, result drivers.Result) error {
			if result.Code == approvedCode && !said.credible(d, result.Amount, sale.Amount) {
				return errAmount
			}
			return sale.Commit(result)
		},
	}
}

// errAmount refuses a success over nothing, over what is no number, or in another currency: it is not booked, so the terminal must not take it for booked.
var errAmount = errors.New("the terminal reported success over an amount that cannot be believed")

// perform sends the command once and follows the terminal to the end. The error says what it means for the money; without one the run's last result
// is what the terminal holds too.
func (t *terminal) perform(ctx context.Context, do task) (*run, error) {
	if closed(do.cancel) {
		return nil, pos.NewError("cancelled", pos.Permanent, pos.NoneMoved,
			"The "+string(do.deed)+" was cancelled before the terminal was asked.", "Start it again if it is still wanted.")
	}
	if !t.registered {
		if err := t.register(ctx); err != nil {
			return nil, unavailable(err)
		}
	}
	if err := t.begin(ctx, do); err != nil {
		return nil, err
	}
	r := newRun(t, do)
	r.follow(ctx)
	if r.last != nil && r.last.Code == fmt.Sprintf("%02x", notRegistered) {
		t.registered = false
	}
	return r, r.verdict()
}

// begin sends the command. After it there is no way back to "nothing moved" but a refusal.
func (t *terminal) begin(ctx context.Context, do task) error {
	err := t.command(ctx, do.command)
	if err == nil {
		return nil
	}
	var no *refusal
	if errors.As(err, &no) && no.code == notRegistered {
		t.registered = false
	}
	return began(do.deed, err)
}

// notRegistered is the refusal of a terminal that has forgotten our registration, after a restart for example.
const notRegistered byte = 0x6B

// closed says whether a channel is closed; nil never is.
func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
