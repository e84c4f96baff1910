package hypercomsim

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/tillproof/tillproof/drivers/hypercom/codec"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/simulator/chassis"
)

// What ends a wait.
var (
	errLost   = errors.New("the wire is lost")
	errQuiet  = errors.New("nothing came in time")
	errNotYet = errors.New("the till does not acknowledge") // after all sends
)

// Times and limits of the link.
const (
	interByte = 500 * time.Millisecond
	ackTime   = 3 * time.Second
	sends     = 3
	maxInbox  = 16
)

// session is the terminal on one wire. Its goroutine is Serve's; a second one only reads bytes.
type session struct {
	t      *Terminal
	ctx    context.Context
	wire   io.ReadWriteCloser
	intake *chassis.Intake
	broken bool

	form    codec.Form
	rules   *stx.Rules
	decoder stx.Decoder
	heard   time.Time // of the last byte
	control byte      // last ACK or NAK, until deliver looks at it
	inbox   []codec.Message
	held    []byte         // an ACK that goes out with the answer
	last    *codec.Message // the answer to the transaction before
}

func newSession(ctx context.Context, t *Terminal, wire io.ReadWriteCloser) *session {
	form := codec.Usual()
	if t.traits.binary {
		form.Field, form.Open = stx.Binary, true
	}
	rules := form.Rules()
	return &session{t: t, ctx: ctx, wire: wire, intake: chassis.NewIntake(wire), form: form, rules: rules, decoder: stx.Decoder{Rules: rules}}
}

// run answers commands until the wire is lost.
func (s *session) run() error {
	for {
		m, err := s.receive(time.Time{})
		if err != nil {
			return err
		}
		if err := s.command(m); err != nil && !errors.Is(err, errNotYet) && !errors.Is(err, errLost) {
			return err
		}
		if s.broken {
			return s.why()
		}
	}
}

// why says what ended the session.
func (s *session) why() error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	return errLost
}

// receive returns the next message; the zero time waits for ever.
func (s *session) receive(until time.Time) (codec.Message, error) {
	for len(s.inbox) == 0 {
		if err := s.pump(until); err != nil {
			return codec.Message{}, err
		}
	}
	m := s.inbox[0]
	s.inbox = s.inbox[1:]
	return m, nil
}

// pump waits for bytes, or for the end of a frame that does not go on, or until the deadline.
func (s *session) pump(until time.Time) error {
	if s.broken {
		return s.why()
	}
	limit := until
	if gap := s.heard.Add(interByte); s.decoder.Partial() && (limit.IsZero() || gap.Before(limit)) {
		limit = gap
	}
	switch b, err := s.intake.Next(s.ctx, limit); {
	case err == nil:
		s.take(b)
		return nil
	case !errors.Is(err, chassis.ErrQuiet):
		s.broken = true
		return s.why()
	}
	if s.decoder.Partial() && time.Since(s.heard) >= interByte {
		s.give(s.decoder.Flush())
		return nil
	}
	if until.IsZero() || time.Now().Before(until) {
		return nil
	}
	return errQuiet
}

// take handles a chunk of bytes.
func (s *session) take(b []byte) {
	if s.t.options.NoLink {
		return
	}
	s.heard = time.Now()
	for _, c := range b {
		s.give(s.decoder.Feed(c))
	}
}

// give handles what the decoder found. What has no headers is damaged, too.
func (s *session) give(events []stx.Event) {
	for _, e := range events {
		switch e.Kind {
		case stx.GotControl:
			s.control = e.Payload[0]
		case stx.GotBad:
			s.write([]byte{stx.NAK})
		case stx.GotFrame:
			m, err := s.form.Parse(e.Payload)
			if errors.Is(err, codec.ErrHeader) {
				s.write([]byte{stx.NAK})
			} else if len(s.inbox) < maxInbox {
				s.inbox = append(s.inbox, m)
			}
		}
	}
}

// rest waits without a wire. Only switching off ends it early.
func (s *session) rest(d time.Duration) error {
	select {
	case <-s.ctx.Done():
		return s.ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// write sends bytes; a failure shows as a lost wire.
func (s *session) write(b []byte) {
	if s.broken {
		return
	}
	if _, err := s.wire.Write(append(s.held, b...)); err != nil {
		s.broken = true
	}
	s.held = nil
}

// deliver sends an answer until it is acknowledged, three times at most. What the till sends meanwhile waits.
func (s *session) deliver(m codec.Message, e Event, l Link) error {
	e.Command = m.Code
	for n := range sends {
		s.control = 0
		s.write(s.frame(m, l, n))
		e.Moment = Sent
		s.t.tell(e)
		err := s.acknowledged()
		if err == nil {
			e.Moment = Acknowledged
			s.t.tell(e)
		}
		if !errors.Is(err, errNotYet) {
			return err
		}
	}
	s.inbox = nil // what was asked while it waited has no answer: the till asks again
	return errNotYet
}

// acknowledged waits for ACK; errNotYet means that the frame may be sent again.
func (s *session) acknowledged() error {
	for until := time.Now().Add(ackTime); ; {
		switch s.control {
		case stx.ACK:
			return nil
		case stx.NAK:
			return errNotYet
		}
		if err := s.pump(until); errors.Is(err, errQuiet) {
			return errNotYet
		} else if err != nil {
			return err
		}
	}
}
