package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// idleLook is how often an idle card terminal is asked whether it is still there, so that the cashier learns of a pulled cable before a customer does.
const idleLook = 30 * time.Second

// Attend serves a card terminal that was just opened: it settles what an earlier life left open, then runs sales. It uses the caller's goroutine and
// returns nil when ctx ends, or an error when the wire has to be opened anew. last is the answer of the terminal's Open.
func (e *Engine) Attend(ctx context.Context, name pos.DeviceName, terminal drivers.CardTerminal, last drivers.Last) error {
	s := e.station(name)
	if s == nil {
		return fmt.Errorf("no device %s", name)
	}
	s.setLast(last)
	s.rests = time.Time{}
	s.setChores(terminal)
	defer e.abandon(s)
	if err := e.settle(ctx, s, terminal); err != nil {
		return err
	}
	for {
		if stop, err := e.attendOnce(ctx, s, terminal); stop || err != nil {
			return err
		}
	}
}

// attendOnce waits for the next thing to do at a device and does it.
func (e *Engine) attendOnce(ctx context.Context, s *station, terminal drivers.CardTerminal) (stop bool, err error) {
	select {
	case <-ctx.Done():
		return true, nil
	case j := <-s.jobs:
		s.rests = time.Time{}
		return false, j.run(ctx, s, terminal, j)
	case answered := <-s.questions:
		defer close(answered)
		s.rests = time.Time{}
		if !s.waiting() {
			return false, nil // it is promised to a sale, so that there is nothing to ask for
		}
		return false, e.settle(ctx, s, terminal)
	case <-time.After(s.rest(terminal)):
		if err := gone(terminal); err != nil {
			return false, err
		}
		if s.due() {
			s.rests = time.Time{}
			return false, e.settle(ctx, s, terminal)
		}
		if !s.restless() {
			return false, nil
		}
		s.rests = time.Time{}
		return false, look(ctx, terminal)
	}
}

// look asks whether the card terminal still answers; what it answers is not of interest here. The end of ctx is no fault of the wire.
func look(ctx context.Context, terminal drivers.CardTerminal) error {
	if _, err := terminal.Status(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// abandon closes the station. A job that was handed over and not begun has not reached the terminal.
func (e *Engine) abandon(s *station) {
	if j := s.giveUp(); j != nil {
		_ = j.unsent(j, errDevice(s.name, "its wire failed.")) // if the journal has stopped, the payment is doubted at the next start
	}
}
