package concert

import (
	"context"
	"errors"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/concert/codec"
	"github.com/tillproof/tillproof/drivers/stx"
)

// Times and numbers of a session.
const (
	checkGap    = 3100 * time.Millisecond // before the check byte: terminals compute up to 3 s
	tries       = 3                       // of ENQ, and of a frame that was refused
	rest        = time.Second             // between two tries of ENQ
	sessionTime = 4 * time.Second         // for the frame that the terminal's ENQ announces
	endTime     = time.Second             // for the EOT behind the terminal's frame, which some never send
	mostRefused = 2                       // NAKs of ours to frames with characters that nobody sends
)

// serialLink is the link over a serial line: each message in a session of its own, ENQ, frame, EOT, opened by whoever has something to say.
type serialLink struct {
	line    *stx.Line
	read    reader
	late    func(*answer) // takes what came when nothing was asked
	wait    time.Duration // for ACK
	probes  bool
	open    *stx.Event // read, neither accepted nor dropped
	refused int        // frames in a row
	damaged bool       // one had characters that nobody sends
	guess   string     // who speaks, by what was no answer of ours
}

func newSerialLink(conn drivers.Conn, read reader, o options, late func(*answer)) *serialLink {
	line := stx.NewLine(conn, codec.Rules())
	line.CheckGap = checkGap
	return &serialLink{line: line, read: read, late: late, wait: o.ackWait, probes: o.probes}
}

// listen takes what the terminal says by itself, one message, until the deadline.
func (s *serialLink) listen(ctx context.Context, until time.Time) error {
	a, err := s.answer(ctx, until)
	switch {
	case errors.Is(err, drivers.ErrQuiet):
		return nil
	case err != nil:
		return err
	}
	if err := s.accept(); err != nil {
		return err
	}
	s.late(a)
	s.finish(ctx)
	return nil
}

// aside takes a frame that came without a session.
func (s *serialLink) aside(e *stx.Event) error {
	a := s.take(e)
	if a == nil {
		return s.refuse()
	}
	if err := s.accept(); err != nil {
		return err
	}
	s.late(a)
	return nil
}

// answer gives way to the terminal's sessions and returns the next message. A session that has begun is waited for beyond the deadline.
func (s *serialLink) answer(ctx context.Context, until time.Time) (*answer, error) {
	s.drop()
	for asked := until; ; {
		e, err := s.line.Next(ctx, until)
		switch {
		case errors.Is(err, stx.ErrDamaged):
			continue
		case err != nil:
			return nil, err
		case e.Kind == stx.GotFrame:
			if a := s.take(&e); a != nil {
				return a, nil
			}
			err = s.refuse()
		case e.Payload[0] == stx.ENQ:
			until = later(until, earlier(time.Now(), asked).Add(sessionTime))
			err = s.line.Put(stx.ACK)
		case e.Payload[0] == stx.EOT:
			until = asked
		}
		if err != nil {
			return nil, err
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// take reads a frame and keeps it until it is accepted; nil for one whose characters were damaged on the line.
func (s *serialLink) take(e *stx.Event) *answer {
	if s.damaged = !codec.Legible(e.Payload); s.damaged {
		e.Wipe()
		return nil
	}
	s.refused = 0
	a := s.read(e.Payload)
	if a.strange != nil {
		s.guess = drivers.Guess(e.Raw)
	}
	s.open = e
	return a
}

// refuse answers a damaged frame with NAK, a few times at most.
func (s *serialLink) refuse() error {
	if s.refused++; s.refused > mostRefused {
		s.refused = 0
		return nil
	}
	return s.line.Refuse()
}

// accept implements link.
func (s *serialLink) accept() error {
	defer s.drop()
	return s.line.Accept(s.open)
}

// drop implements link.
func (s *serialLink) drop() {
	if s.open != nil {
		s.open.Wipe()
		s.open = nil
	}
}

// finish waits for the terminal's EOT. A terminal that missed our ACK asks for another session and repeats its frame, which the line
// acknowledges by itself; one such session is enough. Whatever goes wrong now changes nothing: the answer is known.
func (s *serialLink) finish(ctx context.Context) {
	last := time.Now().Add(endTime + sessionTime)
	for until := time.Now().Add(endTime); ; {
		e, err := s.line.Next(ctx, until)
		switch {
		case errors.Is(err, stx.ErrDamaged):
		case err != nil:
			return
		case e.Kind == stx.GotFrame:
			_ = s.aside(&e)
		case e.Payload[0] == stx.EOT:
			return
		case e.Payload[0] == stx.ENQ:
			if s.line.Put(stx.ACK) != nil {
				return
			}
			until = earlier(time.Now().Add(endTime), last)
		}
	}
}

// probe implements link.
func (s *serialLink) probe(ctx context.Context, patience time.Duration) (readiness, error) {
	if !s.probes {
		return ready, s.listen(ctx, time.Now().Add(time.Millisecond))
	}
	_, err := s.begin(ctx, patience)
	switch {
	case errors.Is(err, errBusy), errors.Is(err, errCrossed):
		return busy, nil
	case err != nil:
		return busy, err
	}
	return ready, s.line.Put(stx.EOT)
}

// parityBit is what even parity adds to a character of seven bits whose number of ones is odd.
const parityBit = 0x80

// garbled implements link. Where one end alone has parity, 02, 04 and 15 gain bit 7 or come as 00. ENQ and ACK come right in any case.
func (s *serialLink) garbled() bool {
	for _, c := range s.line.Strange() {
		switch c {
		case 0, stx.STX | parityBit, stx.EOT | parityBit, stx.NAK | parityBit:
			return true
		}
	}
	return s.damaged
}

// heard implements link.
func (s *serialLink) heard() string {
	if s.guess == drivers.GuessConcert {
		return ""
	}
	return s.guess
}
