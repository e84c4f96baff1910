package concert

import (
	"context"
	"errors"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/stx"
)

// request opens a session, sends the frame, and closes the session in any case. An ENQ that had no answer makes doubtful whose answer a
// later NAK is: the frame is not repeated then, and counts as one that the terminal may have.
func (s *serialLink) request(ctx context.Context, payload []byte) error {
	doubtful, err := s.begin(ctx, 0)
	if err == nil {
		err = s.clear(ctx)
	}
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

// clear takes frames that came before ours: whatever they say, they are no answer to it.
func (s *serialLink) clear(ctx context.Context) error {
	if err := s.line.Alive(ctx); err != nil {
		return err
	}
	for {
		e, err := s.line.Next(ctx, time.Now())
		switch {
		case errors.Is(err, drivers.ErrQuiet):
			return nil
		case errors.Is(err, stx.ErrDamaged):
		case err != nil:
			return err
		case e.Kind == stx.GotFrame:
			if err := s.aside(&e); err != nil {
				return err
			}
		}
	}
}

// begin opens a session. The terminal's own come first, for as long as three ENQ may take. A terminal that refuses is asked again for as
// long as patience lasts, and three times at least. A frame that has begun may end before all of that.
func (s *serialLink) begin(ctx context.Context, patience time.Duration) (doubtful bool, err error) {
	until, served := time.Now().Add(patience), time.Now().Add(tries*(s.wait+rest))
	if err := s.line.Alive(ctx); err != nil {
		return false, err
	}
	for try := 1; ; try++ {
		if err := s.listen(ctx, time.Now().Add(time.Millisecond)); err != nil {
			return false, err
		}
		err := s.enquire(ctx)
		switch {
		case err == nil:
			return doubtful, nil
		case errors.Is(err, errCrossed) && time.Now().Before(served):
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
			return errors.Join(errBusy, s.line.Put(stx.EOT))
		case e.Payload[0] == stx.ENQ:
			return errors.Join(errCrossed, s.line.Put(stx.ACK))
		}
	}
}
