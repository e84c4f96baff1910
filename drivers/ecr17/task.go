package ecr17

import (
	"context"
	"errors"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/ecr17/codec"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
)

// deed is what a command does, as the cashier calls it.
type deed string

// The deeds.
const (
	paying    deed = "payment"
	reversing deed = "reversal"
	closing   deed = "end of day"
)

// deedOf is the deed behind an unfinished transaction.
func deedOf(what drivers.Transaction) deed {
	if what == drivers.VoidOf {
		return reversing
	}
	return paying
}

// lost is what to do when the outcome is not known.
func (d deed) lost() string {
	switch d {
	case reversing:
		return "Do not take it back again: the terminal is asked for the outcome as soon as it answers."
	case closing:
		return "Look at the terminal's own slip of the end of day; the terminal may have begun to count from zero."
	}
	return "Do not charge again: the terminal is asked for the outcome as soon as it answers."
}

// task is a command that is never repeated by itself: payment, reversal and end of day differ in nothing else.
type task struct {
	deed     deed
	request  codec.Message
	answers  string          // codes of its result
	amount   pos.Minor       // that is asked for, 0 for an end of day
	cancel   <-chan struct{} // the cashier's wish to stop; nil for none
	progress func(drivers.Progress)

	// keep makes a result durable. known is false for one that decides nothing, which is not kept.
	keep func(m codec.Message) (known bool, err error)
}

// perform sends the command once and follows the terminal to the end. The error says what it means for the money; without one the result is durable
// and was acknowledged.
func (t *terminal) perform(ctx context.Context, do task) (*run, error) {
	if closed(do.cancel) {
		return nil, pos.NewError("cancelled", pos.Permanent, pos.NoneMoved,
			"The "+string(do.deed)+" was cancelled before the terminal was asked.", "Start it again if it is still wanted.")
	}
	if err := t.check(ctx); err != nil {
		return nil, t.unavailable(err)
	}
	told, err := t.wantReceipts(ctx)
	if err != nil {
		return nil, t.unavailable(err)
	}
	err = t.line.Send(ctx, do.request, stx.Sending{Wait: t.options.ack, Sends: sends, Silent: 1})
	if err != nil && !errors.Is(err, stx.ErrSilent) {
		return nil, t.began(do.deed, err) // after silence the result may still come: only the acknowledgement was lost
	}
	r := &run{t: t, task: do, told: told, until: time.Now().Add(t.options.result)}
	r.follow(ctx)
	return r, r.verdict()
}

// closed says whether a channel is closed; nil never is.
func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
