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
	mostServed  = 5                       // sessions of the terminal that one of ours gives way to
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
	guess   string     // who speaks, by what was no answer of ours
}

func newSerialLink(conn drivers.Conn, read reader, o options, late func(*answer)) *serialLink {
	line := stx.NewLine(conn, codec.Rules())
	line.CheckGap = checkGap
	return &serialLink{line: line, read: read, late: late, wait: o.ackWait, probes: o.probes}
}

// request opens a session, sends the frame, and closes the session in any case. An ENQ that had no answer makes doubtful whose answer a
// later NAK is: the frame is not repeated then, and counts as one that the terminal may have.
func (s *serialLink) request(ctx context.Context, payload []byte) error {
	doubtful, err := s.begin(ctx, 0)
	if err != nil {
		return &stx.SendError{Reach: stx.NotSent, Err: err}
	}
	rules := stx.Sending{Wait: s.wait, Sends: tries, Silent: 1}
	if doubtful {
		rules.Sends = 1
	}
	err = s.line.Send(ctx, payload, rules)
	end := s.line.Put(stx.EOT)
	var failed *stx.SendError
	switch {
	case errors.As(err, &failed) && failed.Reach == stx.NotAccepted && doubtful:
		return &stx.SendError{Reach: stx.Maybe, Err: failed.Err}
	case err != nil:
		return err
	case end != nil:
		return &stx.SendError{Reach: stx.Maybe, Err: end}
	}
	return nil
}

// begin opens a session. The terminal's own comes first. A terminal that refuses is asked again for as long as patience lasts, and three
// times at least.
func (s *serialLink) begin(ctx context.Context, patience time.Duration) (doubtful bool, err error) {
	until := time.Now().Add(patience)
	for try, served := 1, 0; ; try++ {
		if err := s.listen(ctx, time.Now().Add(time.Millisecond)); err != nil {
			return false, err
		}
		err := s.enquire(ctx)
		switch {
		case err == nil:
			return doubtful, nil
		case errors.Is(err, errCrossed) && served < mostServed:
			served++
			try--
			err = s.listen(ctx, time.Now().Add(sessionTime))
		case errors.Is(err, errMute) && try < tries, errors.Is(err, errBusy) && (try < tries || time.Now().Before(until)):
			doubtful = doubtful || errors.Is(err, errMute)
			err = s.listen(ctx, time.Now().Add(rest))
		}
		if err != nil {
			s.guess = s.whose()
			return false, err
		}
	}
}

// whose guesses from what was heard and is no frame of ours who speaks. NAK may have been taken off it: other families have one of three
// bytes.
func (s *serialLink) whose() string {
	if name := drivers.Guess(s.line.Strange()); name != "" {
		return name
	}
	if name := drivers.Guess(append([]byte{stx.NAK}, s.line.Strange()...)); name != "" {
		return name
	}
	return s.guess
}

// errCrossed says that the terminal asks for a session itself.
var errCrossed = errors.New("the terminal has something to say itself")

// enquire sends ENQ once and waits for its answer.
func (s *serialLink) enquire(ctx context.Context) error {
	if err := s.line.Put(stx.ENQ); err != nil {
		return err
	}
	for until := time.Now().Add(s.wait); ; {
		e, err := s.line.Next(ctx, until)
		switch {
		case errors.Is(err, drivers.ErrQuiet):
			return errors.Join(errMute, s.line.Put(stx.EOT))
		case errors.Is(err, stx.ErrDamaged):
		case err != nil:
			return err
		case e.Kind == stx.GotFrame:
			if err := s.aside(&e); err != nil {
				return err
			}
		case e.Payload[0] == stx.ACK:
			return nil
		case e.Payload[0] == stx.NAK:
			return errBusy
		case e.Payload[0] == stx.ENQ:
			return errors.Join(errCrossed, s.line.Put(stx.ACK))
		}
	}
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
	if !legible(e.Payload) {
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
// acknowledges by itself. Whatever goes wrong now changes nothing: the answer is known.
func (s *serialLink) finish(ctx context.Context) {
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
			until = time.Now().Add(endTime)
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

// heard implements link.
func (s *serialLink) heard() string {
	if s.guess == drivers.GuessConcert {
		return ""
	}
	return s.guess
}
