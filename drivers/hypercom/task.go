package hypercom

import (
	"context"
	"errors"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/hypercom/codec"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
)

// deed is what a command that is never repeated does, as the cashier calls it.
type deed string

// The deeds.
const (
	paying    deed = "payment"
	voiding   deed = "void"
	refunding deed = "refund"
	closing   deed = "end of day"
)

// deedOf is the deed behind an unfinished transaction.
func deedOf(what drivers.Transaction) deed {
	switch what {
	case drivers.VoidOf:
		return voiding
	case drivers.RefundOf:
		return refunding
	}
	return paying
}

// lost is what to do when the outcome is not known.
func (d deed) lost() string {
	switch d {
	case voiding:
		return "Do not take it back again before it is known whether the terminal did: look at its slip."
	case refunding:
		return "Do not give the money back again before it is known whether the terminal did: look at its slip."
	case closing:
		return "Look at the terminal's own slip of the settlement; the terminal may have begun to count from zero."
	}
	return "Do not charge again before it is known whether the terminal did: it is asked as soon as it answers, and its slip says it."
}

// task is one such command.
type task struct {
	deed     deed
	request  codec.Message
	wish     wish
	cancel   <-chan struct{} // the cashier's wish to stop; nil for none
	progress func(drivers.Progress)

	// keep makes a result durable. known is false for one that decides nothing, which is not kept.
	keep func(in *incoming, r reply, stopped bool) (known bool, err error)
}

// grace is how long an answer is waited for that nobody has acknowledged the command of, where nothing showed that somebody is there.
const grace = 5 * time.Second

// perform sends the command once and follows the terminal to the end. The error says what it means for the money; without one the result is durable and was
// acknowledged.
func (t *terminal) perform(ctx context.Context, do task) error {
	if closed(do.cancel) {
		return pos.NewError(cancelledBefore, pos.Permanent, pos.NoneMoved,
			"The "+string(do.deed)+" was cancelled before the terminal was asked.", "Start it again if it is still wanted.")
	}
	if err := t.greet(ctx); err != nil {
		return t.unavailable(err)
	}
	t.setAside()
	p, wait := t.options.profile, t.options.answer
	payload := p.form.Payload(do.request)
	err := t.line.Send(ctx, payload, stx.Sending{Wait: t.options.ack, Sends: sends, Silent: 1})
	switch {
	case err == nil:
	case !errors.Is(err, stx.ErrSilent):
		return t.began(do.deed, err)
	case p.ping.code == "":
		wait = grace
	}
	r := &run{t: t, task: do, until: time.Now().Add(wait), acks: t.acks, blind: !p.named && !t.clear}
	t.clear = false
	if r.blind && err == nil {
		r.blind = r.early()
	}
	r.follow(ctx)
	return r.verdict()
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
