package concertsim

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/tillproof/tillproof/drivers/concert/codec"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/simulator/chassis"
)

// What ends a wait.
var (
	errLost  = errors.New("the wire is lost")
	errQuiet = errors.New("nothing came in time")
	errWoken = errors.New("the customer is done")
)

// session is the terminal on one wire. Its goroutine is Serve's; a second one only reads bytes.
type session struct {
	t      *Terminal
	ctx    context.Context
	wire   io.ReadWriteCloser
	intake *chassis.Intake
	broken bool

	decoder stx.Decoder
	events  []stx.Event
	heard   time.Time // of the last byte

	splitter codec.Splitter
	messages [][]byte
}

func newSession(ctx context.Context, t *Terminal, wire io.ReadWriteCloser) *session {
	s := &session{t: t, ctx: ctx, wire: wire, intake: chassis.NewIntake(wire), decoder: stx.Decoder{Rules: codec.Rules()}}
	return s
}

// why says what ended the session.
func (s *session) why() error {
	if s.t.ctx.Err() != nil {
		return ErrClosed
	}
	if err := s.ctx.Err(); err != nil {
		return err
	}
	return errLost
}

// wait waits for bytes, for the customer where the caller wants to be woken, or until the deadline; the zero time waits for ever.
func (s *session) wait(until time.Time, wake bool) ([]byte, error) {
	if s.broken {
		return nil, s.why()
	}
	var over <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(time.Until(until))
		defer timer.Stop()
		over = timer.C
	}
	var woken <-chan struct{}
	if wake {
		woken = s.t.wake
	}
	select {
	case <-s.ctx.Done():
		s.broken = true
		return nil, s.why()
	case b, ok := <-s.intake.Chunks:
		if !ok {
			s.broken = true
			return nil, s.why()
		}
		s.heard = time.Now()
		return b, nil
	case <-woken:
		return nil, errWoken
	case <-over:
		return nil, errQuiet
	}
}

// interByte is the longest pause between two bytes of a frame.
const interByte = 500 * time.Millisecond

// next returns the next event of the serial line. Damaged frames are the caller's to refuse.
func (s *session) next(until time.Time, wake bool) (stx.Event, error) {
	for len(s.events) == 0 {
		limit, partial := until, s.decoder.Partial()
		if end := s.heard.Add(interByte); partial && (limit.IsZero() || end.Before(limit)) {
			limit = end
		}
		b, err := s.wait(limit, wake)
		switch {
		case errors.Is(err, errQuiet) && partial && time.Since(s.heard) >= interByte:
			s.events = append(s.events, s.decoder.Flush()...)
		case err != nil:
			return stx.Event{}, err
		}
		for _, c := range b {
			s.events = append(s.events, s.decoder.Feed(c)...)
		}
	}
	e := s.events[0]
	s.events = s.events[1:]
	return e, nil
}

// write sends bytes; a failure shows as a lost wire.
func (s *session) write(b ...byte) {
	if s.broken {
		return
	}
	if _, err := s.wire.Write(b); err != nil {
		s.broken = true
	}
}

// pause lets time pass, and ends early with the wire.
func (s *session) pause(d time.Duration) {
	select {
	case <-s.ctx.Done():
		s.broken = true
	case <-time.After(d):
	}
}
