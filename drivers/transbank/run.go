package transbank

import (
	"context"
	"errors"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/drivers/transbank/codec"
	"github.com/tillproof/tillproof/pos"
)

// deed is what a command that is never repeated does, as the cashier calls it.
type deed string

// The deeds.
const (
	paying  deed = "payment"
	voiding deed = "void"
	closing deed = "end of day"
)

// lost is what to do when the outcome is not known.
func (d deed) lost() string {
	switch d {
	case voiding:
		return "Do not take it back again before it is known whether the terminal did: look at its slip."
	case closing:
		return "Look at the terminal's own slip of the end of day; the terminal may have begun to count from zero."
	}
	return "Do not charge again: the terminal is asked for the outcome as soon as it answers."
}

// Times of a running command.
const (
	grace   = 1500 * time.Millisecond // for an ACK that is late, or for the terminal to go on without one
	longest = 15 * time.Minute        // of one command, however much the terminal tells
)

// task is one such command.
type task struct {
	deed     deed
	request  []byte
	cancel   <-chan struct{} // the cashier's wish to stop; nil for none
	progress func(drivers.Progress)
	ours     func(codec.Message) bool // whether a frame is the reply
}

// perform sends the command once and waits for its reply, which is not acknowledged yet. The error says what it means for the money.
func (t *terminal) perform(ctx context.Context, do task) (*incoming, error) {
	if closed(do.cancel) {
		return nil, pos.NewError(cancelledBefore, pos.Permanent, pos.NoneMoved,
			"The "+string(do.deed)+" was cancelled before the terminal was asked.", "Start it again if it is still wanted.")
	}
	if err := t.ready(ctx); err != nil {
		return nil, t.unavailable(err)
	}
	t.late = nil // what came before the command is not its result
	err := t.line.Send(ctx, do.request, stx.Sending{Wait: t.options.ack, Sends: sends, Silent: 1})
	var sent *stx.SendError
	switch {
	case err == nil:
		return t.follow(ctx, do)
	case errors.Is(err, stx.ErrSilent):
		return t.hope(ctx, do, grace, lost(do.deed, err))
	case errors.As(err, &sent) && sent.Reach == stx.NotAccepted:
		return t.hope(ctx, do, t.options.ack, t.notStarted(do.deed, err))
	case errors.As(err, &sent) && sent.Reach == stx.NotSent:
		return nil, t.notStarted(do.deed, err)
	}
	return nil, lost(do.deed, err)
}

// hope listens a little longer to a terminal that did not say ACK, or said NAK at last: the NAK may have been for something older, the ACK be
// late or lost. quiet is the error where it gives no sign of having the command, which is not sent again.
func (t *terminal) hope(ctx context.Context, do task, wait time.Duration, quiet error) (*incoming, error) {
	for until := time.Now().Add(wait); ; {
		e, err := t.line.Next(ctx, until)
		switch {
		case errors.Is(err, drivers.ErrQuiet):
			return nil, quiet
		case err != nil:
			return nil, lost(do.deed, err)
		case e.Kind == stx.GotControl && e.Payload[0] == stx.ACK:
			return t.follow(ctx, do)
		case e.Kind != stx.GotFrame:
			continue
		}
		in := t.read(e)
		if !in.step() && do.ours(in.Message) {
			return in, nil
		}
		if err := t.stray(in, do.progress); err != nil {
			return nil, lost(do.deed, err)
		}
		if in.step() {
			return t.follow(ctx, do)
		}
	}
}

// follow waits for the reply. Every frame of the terminal lets the wait begin anew; noise does not, nor an ACK. It cannot be asked to stop:
// who wishes it is told to do so there.
func (t *terminal) follow(ctx context.Context, do task) (*incoming, error) {
	begun, told := time.Now(), false
	for {
		in, err := t.next(ctx, time.Now().Add(glance), do.progress, do.ours)
		switch {
		case err == nil:
			return in, nil
		case !errors.Is(err, drivers.ErrQuiet):
			return nil, lost(do.deed, err)
		}
		heard := begun
		if t.spoke.After(heard) {
			heard = t.spoke
		}
		if time.Since(heard) > t.options.reply || time.Since(begun) > longest {
			return nil, lost(do.deed, err)
		}
		if !told && closed(do.cancel) {
			told = true
			do.progress(drivers.Progress{Text: "To stop, press the red key at the card terminal: the till cannot stop it."})
		}
	}
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
