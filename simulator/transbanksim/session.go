package transbanksim

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/drivers/transbank/codec"
	"github.com/tillproof/tillproof/simulator/chassis"
)

// What ends a wait.
var (
	errLost  = errors.New("the wire is lost")
	errQuiet = errors.New("nothing came in time")
)

// gap is the longest pause between two bytes of a frame.
const gap = 500 * time.Millisecond

// session is the terminal on one wire. Its goroutine is Serve's; a second one only reads bytes.
type session struct {
	t      *Terminal
	ctx    context.Context
	wire   io.ReadWriteCloser
	intake *chassis.Intake
	broken bool

	decoder stx.Decoder
	inbox   []stx.Event
	naks    int    // that the command to come has had
	held    []byte // an ACK that goes out with the next frame
}

func newSession(ctx context.Context, t *Terminal, wire io.ReadWriteCloser) *session {
	s := &session{t: t, ctx: ctx, wire: wire, intake: chassis.NewIntake(wire), decoder: stx.Decoder{Rules: codec.Rules()}}
	return s
}

// wait is the time until the customer of an older wire is served. What the till says meanwhile is not heard.
func (s *session) wait() error {
	for {
		select {
		case s.t.turn <- struct{}{}:
			return nil
		case <-s.ctx.Done():
			return s.ctx.Err()
		case _, ok := <-s.intake.Chunks:
			if !ok {
				return errLost
			}
		}
	}
}

// run answers commands until the wire is lost.
func (s *session) run() error {
	if err := s.resume(); err != nil {
		return err
	}
	for {
		e, err := s.event(time.Time{})
		if err != nil {
			return err
		}
		switch e.Kind {
		case stx.GotFrame:
			err = s.command(codec.Parse(e.Payload))
		case stx.GotBad:
			if !errors.Is(e.Err, stx.ErrRestart) {
				s.say(stx.NAK)
			}
		}
		if err != nil {
			return err
		}
	}
}

// event is the next thing on the line; the zero time waits for ever.
func (s *session) event(until time.Time) (stx.Event, error) {
	for len(s.inbox) == 0 {
		limit, partial := until, s.decoder.Partial()
		if quiet := time.Now().Add(gap); partial && (limit.IsZero() || quiet.Before(limit)) {
			limit = quiet
		}
		chunk, err := s.chunk(limit)
		switch {
		case errors.Is(err, errQuiet) && partial:
			s.inbox = append(s.inbox, s.decoder.Flush()...)
		case err != nil:
			return stx.Event{}, err
		}
		for _, b := range chunk {
			s.inbox = append(s.inbox, s.decoder.Feed(b)...)
		}
		if partial && !until.IsZero() && !time.Now().Before(until) && len(s.inbox) == 0 {
			return stx.Event{}, errQuiet
		}
	}
	e := s.inbox[0]
	s.inbox = s.inbox[1:]
	return e, nil
}

// chunk waits for bytes; the zero time waits for ever.
func (s *session) chunk(until time.Time) ([]byte, error) {
	if s.broken {
		return nil, errLost
	}
	chunk, err := s.intake.Next(s.ctx, until)
	switch {
	case errors.Is(err, io.EOF):
		s.broken = true
		return nil, errLost
	case errors.Is(err, chassis.ErrQuiet):
		return nil, errQuiet
	}
	return chunk, err
}

// rest lets time pass. What the till says meanwhile is not heard, and the loss of the wire not noticed; only switching the terminal off
// ends it.
func (s *session) rest(d time.Duration) error {
	over := time.NewTimer(d)
	defer over.Stop()
	chunks := s.intake.Chunks
	for {
		select {
		case _, ok := <-chunks:
			if !ok {
				chunks, s.broken = nil, true
			}
		case <-s.ctx.Done():
			return s.ctx.Err()
		case <-over.C:
			s.decoder, s.inbox = stx.Decoder{Rules: codec.Rules()}, nil
			return nil
		}
	}
}

// write sends bytes. A wire that is lost shows when something is waited for.
func (s *session) write(b []byte) {
	if _, err := s.wire.Write(append(s.held, b...)); err != nil {
		s.broken = true
	}
	s.held = nil
}

func (s *session) say(control byte) { s.write([]byte{control}) }
