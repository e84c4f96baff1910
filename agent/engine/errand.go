package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// errand is something that a card terminal does on its own goroutine and that moves no money.
type errand[T any] struct {
	device  pos.DeviceName
	needs   drivers.Function // "" for none that a family declares
	words   string           // what it does, behind "cannot"
	shows   string           // for people, while it runs
	reserve func(pos.DeviceName) (*station, int, error)
	do      func(ctx context.Context, terminal drivers.CardTerminal, progress func(drivers.Progress)) (T, error)
}

// run hands the errand to its device and waits for it, or until ctx ends; the device finishes it in any case.
func (r errand[T]) run(ctx context.Context, e *Engine) (out T, err error) {
	switch {
	case r.device == "" || e.station(r.device) == nil:
		return out, errNoDevice(r.device)
	case r.needs != "" && !e.can(r.device, r.needs):
		return out, errLacks(r.device, r.words, "Do it at the card terminal's own menu.")
	}
	s, lease, err := r.reserve(r.device)
	if err != nil {
		return out, err
	}
	type answer struct {
		out T
		err error
	}
	ended := make(chan answer, 1)
	j := &job{cancel: make(chan struct{}),
		run: func(ctx context.Context, s *station, terminal drivers.CardTerminal, _ *job) error {
			longer, cancel := lasting(ctx)
			defer cancel()
			out, err := r.do(longer, terminal, s.showing(r.shows))
			broken := afterErrand(ctx, s, terminal, err)
			ended <- answer{out, err}
			return broken
		},
		unsent: func(_ *job, cause error) error { ended <- answer{err: cause}; return nil }}
	if !s.submit(j, lease) {
		return out, errDevice(r.device, "its wire failed.")
	}
	select {
	case a := <-ended:
		return a.out, errandError(r.device, a.err)
	case <-ctx.Done():
		return out, errDevice(r.device, "it has not answered in time.")
	}
}

// afterErrand lets the device go. An error says that its wire has to be opened anew.
func afterErrand(ctx context.Context, s *station, terminal drivers.CardTerminal, err error) error {
	var refused *pos.Error
	switch {
	case err == nil:
		s.release()
		return nil
	case !errors.As(err, &refused) || refused.Retry == pos.OutcomeUnknown:
		return err
	}
	s.release()
	if refused.Retry == pos.Permanent {
		return nil
	}
	return look(ctx, terminal)
}

// errandError is an error of an errand for who asked: whatever failed, no money has moved through it.
func errandError(device pos.DeviceName, err error) error {
	var known *pos.Error
	if err == nil || errors.As(err, &known) && known.Money == pos.NoneMoved {
		return err
	}
	return pos.NewError("device_unavailable", pos.Transient, pos.NoneMoved, fmt.Sprintf("Card terminal %s did not answer as it should: %s", device, words(err)),
		"Ask again when it is ready; this moves no money.").Because(err)
}

// reserveIdle takes a device that is ready, or that only waits until somebody decides about a payment.
func (e *Engine) reserveIdle(device pos.DeviceName) (s *station, lease int, err error) {
	s = e.station(device)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.state == Busy && s.waits:
	case s.state == Busy:
		return nil, 0, errDevice(s.name, "it is busy ("+s.text+").")
	case s.state != Ready:
		return nil, 0, errDevice(s.name, fmt.Sprintf("it is %s (%s).", s.state, s.text))
	}
	s.state, s.text, s.waits = Busy, "it is asked for something", false
	return s, s.lease, nil
}

// showing tells people what a device does meanwhile.
func (s *station) showing(what string) func(drivers.Progress) {
	s.set(Busy, what)
	return func(p drivers.Progress) { s.set(Busy, what+": "+p.Text) }
}

// setChores keeps what a technician can have the terminal do.
func (s *station) setChores(terminal drivers.CardTerminal) {
	servicer, able := terminal.(drivers.Servicer)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.chores = nil; able {
		s.chores = servicer.Chores()
	}
}

func errNoDevice(device pos.DeviceName) error {
	return pos.NewError("not_found", pos.Permanent, pos.NoneMoved, fmt.Sprintf("There is no card terminal %s at this till.", device), "The till's status lists its devices.")
}
