package concertsim

import (
	"errors"
	"slices"
	"time"

	"github.com/tillproof/tillproof/drivers/concert/codec"
	"github.com/tillproof/tillproof/drivers/stx"
)

// Times of the link.
const (
	controlTime = 3 * time.Second  // for ACK
	frameTime   = 5 * time.Second  // for the frame behind ENQ
	callAgain   = 30 * time.Second // of a persistent terminal
	sends       = 3
)

// run takes the till's sessions and opens the terminal's own, one at a time.
func (s *session) run() error {
	var again time.Time
	for {
		if c := s.t.decided(); c != nil && !time.Now().Before(again) {
			if s.deliver(c) {
				s.t.forget(c)
			}
			again = time.Now().Add(callAgain)
		}
		limit := time.Time{}
		if s.t.decided() != nil {
			limit = again
		} else {
			again = time.Time{}
		}
		e, err := s.next(limit, true)
		switch {
		case errors.Is(err, errQuiet), errors.Is(err, errWoken):
		case err != nil:
			return err
		case e.Kind == stx.GotControl && e.Payload[0] == stx.ENQ:
			s.called()
		}
	}
}

// called answers an ENQ of the till.
func (s *session) called() {
	quirks, enquired, busy := s.t.facing()
	switch {
	case busy && s.t.options.BusyMute, !busy && enquired <= quirks.IgnoreENQ:
		return
	case busy, enquired <= quirks.IgnoreENQ+quirks.RefuseENQ:
		s.write(stx.NAK)
		return
	case quirks.Collide && enquired == 1:
		s.collide()
		return
	}
	s.pause(quirks.LateENQ)
	s.write(stx.ACK)
	if frame := s.receive(quirks); frame != nil {
		r, _ := s.t.understand(frame)
		s.t.begin(r)
	}
}

// collide insists on the terminal's own session.
func (s *session) collide() {
	stale := s.t.stale()
	for range sends {
		s.write(stx.ENQ)
		if s.control() == stx.ACK {
			s.write(codec.Rules().Frame(stale)...)
			if s.control() == stx.ACK {
				s.write(stx.EOT)
				return
			}
		}
	}
}

// receive takes the frame behind the till's ENQ. It acknowledges what the terminal understands.
func (s *session) receive(q Quirks) []byte {
	refused := 0
	for until := time.Now().Add(frameTime); ; {
		e, err := s.next(until, false)
		switch {
		case err != nil:
			return nil
		case e.Kind == stx.GotControl && e.Payload[0] == stx.EOT:
			return nil
		case e.Kind == stx.GotControl && e.Payload[0] == stx.ENQ:
			s.write(stx.ACK)
		case e.Kind == stx.GotFrame && refused < q.RefuseFrame:
			refused++
			s.write(stx.NAK)
		case e.Kind == stx.GotFrame && s.accept(e.Payload, q):
			return e.Payload
		case e.Kind == stx.GotFrame, e.Kind == stx.GotBad && !errors.Is(e.Err, stx.ErrRestart):
			s.write(stx.NAK)
		}
	}
}

// accept takes a command in, if it is one.
func (s *session) accept(frame []byte, q Quirks) bool {
	r, ok := s.t.understand(frame)
	if !ok {
		return false
	}
	s.t.tell(Event{Moment: Received, Kind: r.kind, Amount: r.amount, Private: r.private})
	if !q.LoseACK {
		s.write(stx.ACK)
	}
	return true
}

// control waits for ACK or NAK; 0 when none came.
func (s *session) control() byte {
	for until := time.Now().Add(controlTime); ; {
		e, err := s.next(until, false)
		if err != nil {
			return 0
		}
		if e.Kind == stx.GotControl && (e.Payload[0] == stx.ACK || e.Payload[0] == stx.NAK) {
			return e.Payload[0]
		}
	}
}

// deliver calls the till with an answer and says whether that is over: told, or given up. A wire that is lost ends it, too.
func (s *session) deliver(c *course) (over bool) {
	q := c.card.Quirks
	for range sends {
		if !q.Bare {
			s.write(stx.ENQ)
		}
		if q.Bare || s.control() == stx.ACK {
			if s.present(c) {
				return true
			}
		}
		s.write(stx.EOT)
		if s.broken {
			return !s.t.options.Persistent
		}
	}
	if !s.t.options.Persistent {
		s.t.tell(c.event(GivenUp))
	}
	return !s.t.options.Persistent
}

// present sends the answer's frame until it is acknowledged.
func (s *session) present(c *course) bool {
	q, payload := c.card.Quirks, s.t.answer(c)
	for try := range sends + max(q.DamageSum, q.Parity) {
		s.send(s.frame(payload, q, try), q)
		s.t.tell(c.event(Told))
		switch s.control() {
		case stx.ACK:
			s.t.tell(c.event(Delivered))
			s.close(payload, q)
			return true
		case 0:
			return false
		}
	}
	return false
}

// close ends the session, after telling the same again where that is wanted.
func (s *session) close(payload []byte, q Quirks) {
	if q.Repeat {
		s.write(codec.Rules().Frame(payload)...)
		s.control()
	}
	if !q.NoEOT {
		s.write(stx.EOT)
	}
}

// frame is the answer as it is sent the n-th time.
func (s *session) frame(payload []byte, q Quirks, try int) []byte {
	frame := codec.Rules().Frame(payload)
	switch {
	case try < q.DamageSum:
		frame[len(frame)-1] ^= 0x40
	case try < q.Parity:
		at := slices.Index(frame, '0') // two equal characters, so that the check byte stays right
		frame[at] = 0
		frame[at+1+slices.Index(frame[at+1:], '0')] = 0
	}
	return frame
}

// send writes a frame, in pieces or with a late check byte where that is wanted.
func (s *session) send(frame []byte, q Quirks) {
	last := len(frame) - 1
	switch {
	case q.InPieces:
		for _, b := range frame {
			s.write(b)
			s.pause(50 * time.Millisecond)
		}
	case q.CheckAfter > 0:
		s.write(frame[:last]...)
		s.pause(q.CheckAfter)
		s.write(frame[last])
	default:
		s.write(frame...)
	}
}

// decided is the command whose answer is to be told, nil when there is none.
func (t *Terminal) decided() *course {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.course == nil || !t.course.decided {
		return nil
	}
	return t.course
}

// forget ends a command.
func (t *Terminal) forget(c *course) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.course == c {
		t.course = nil
	}
}

// facing is how the next card makes the terminal treat the till's ENQ, which of them it is, and whether it takes none at all.
func (t *Terminal) facing() (q Quirks, enquired int, busy bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.course != nil || t.occupied {
		return Quirks{}, 0, true
	}
	t.enquired++
	if len(t.cards) > 0 {
		return t.cards[0].Quirks, t.enquired, false
	}
	return t.usual.Quirks, t.enquired, false
}
