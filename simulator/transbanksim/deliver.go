package transbanksim

import (
	"errors"
	"time"

	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/drivers/transbank/codec"
)

// Times of the terminal's own sends.
const (
	ackWait      = 10 * time.Second // for the till's ACK, unless the options say otherwise
	progressWait = time.Second      // for that of a 0900, which is not worth more
	sends        = 3                // of one frame, in all
)

// letter is a frame to the till that must be acknowledged.
type letter struct {
	payload []byte
	link    Link
	sent    int
	at      time.Time // of the last send
}

func (l *letter) command() string { return codec.Parse(l.payload).Command() }

// deliver sends a result until it is acknowledged, or three times. What is left to send when the wire is lost goes over the next one.
func (s *session) deliver(l *letter) error {
	for l.sent < sends {
		s.post(l)
		switch err := s.acknowledged(s.t.options.RepeatAfter); {
		case err == nil:
			return s.delivered(l)
		case errors.Is(err, errLost):
			s.t.leave(l)
			return err
		case err != nil && !errors.Is(err, errQuiet) && !errors.Is(err, stx.ErrNAK):
			return err
		}
	}
	return nil
}

// post sends a letter once.
func (s *session) post(l *letter) {
	frame := codec.Rules().Frame(l.payload)
	if l.sent < l.link.Damaged {
		frame[len(frame)-1] ^= 0x41
	}
	l.sent, l.at = l.sent+1, time.Now()
	s.put(frame, l.link.Split)
	if l.sent == 1 {
		s.t.tell(Event{Moment: Told, Command: l.command(), Code: codec.Parse(l.payload).Field(1)})
	}
}

// put writes a frame, in single bytes where it is split.
func (s *session) put(frame []byte, split bool) {
	if !split {
		s.write(frame)
		return
	}
	for _, b := range frame {
		s.write([]byte{b})
	}
}

// delivered is the end of a letter; it is sent again where the terminal is to doubt the ACK.
func (s *session) delivered(l *letter) error {
	s.t.tell(Event{Moment: Acknowledged, Command: l.command(), Code: codec.Parse(l.payload).Field(1)})
	for ; l.link.Repeat > 0; l.link.Repeat-- {
		s.put(codec.Rules().Frame(l.payload), l.link.Split)
		if err := s.acknowledged(s.t.options.RepeatAfter); err != nil && !errors.Is(err, errQuiet) {
			return err
		}
	}
	return nil
}

// acknowledged waits for the till's ACK. Its commands are not heard meanwhile.
func (s *session) acknowledged(wait time.Duration) error {
	for until := time.Now().Add(wait); ; {
		e, err := s.event(until)
		switch {
		case err != nil:
			return err
		case e.Kind != stx.GotControl:
			continue
		case e.Payload[0] == stx.NAK:
			return stx.ErrNAK
		}
		return nil
	}
}

// leave keeps a result for the next wire.
func (t *Terminal) leave(l *letter) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if l.sent < sends {
		t.unsaid = l
	}
}

// resume sends what the wire before did not carry.
func (s *session) resume() error {
	s.t.mu.Lock()
	l := s.t.unsaid
	s.t.unsaid = nil
	s.t.mu.Unlock()
	if l == nil {
		return nil
	}
	if err := s.rest(time.Until(l.at.Add(s.t.options.RepeatAfter))); err != nil {
		return err
	}
	if s.broken {
		s.t.leave(l)
		return errLost
	}
	return s.deliver(l)
}
