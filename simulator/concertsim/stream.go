package concertsim

import (
	"errors"
	"time"
)

// quietTime is the pause behind whole tags that ends a message on a stream.
const quietTime = 100 * time.Millisecond

// streams plays the terminal on a stream: one command at a time, those that come meanwhile wait.
func (s *session) streams() error {
	for {
		if c := s.t.decided(); c != nil {
			s.say(c)
			s.t.forget(c)
		}
		for len(s.messages) > 0 && !s.t.running() {
			m := s.messages[0]
			s.messages = s.messages[1:]
			s.take(m)
		}
		limit := time.Time{}
		if s.splitter.Whole() {
			limit = s.heard.Add(quietTime)
		}
		b, err := s.wait(limit, true)
		switch {
		case errors.Is(err, errQuiet):
			s.messages = append(s.messages, append([]byte(nil), s.splitter.Take()...))
		case errors.Is(err, errWoken):
		case err != nil:
			return err
		}
		for _, c := range b {
			m, err := s.splitter.Feed(c)
			if err != nil {
				return err
			}
			if m != nil {
				s.messages = append(s.messages, append([]byte(nil), m...))
			}
		}
	}
}

// running says whether a command is not ended yet.
func (t *Terminal) running() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.course != nil
}

// take begins a command. What cannot be read is answered as a format error, what an open menu keeps from beginning as an unknown action.
func (s *session) take(m []byte) {
	r, ok := s.t.understand(m)
	if !ok {
		s.say(&course{request: r, verdict: verdict{reason: "09"}})
		return
	}
	if _, _, busy := s.t.facing(); busy {
		s.say(&course{request: r, verdict: verdict{reason: "12"}})
		return
	}
	s.t.tell(Event{Moment: Received, Kind: r.kind, Amount: r.amount, Private: r.private})
	s.t.begin(r)
}

// say tells an answer.
func (s *session) say(c *course) {
	q := c.card.Quirks
	s.send(s.t.answer(c), q)
	s.t.tell(c.event(Told))
	if q.Repeat {
		s.pause(2 * quietTime)
		s.write(s.t.answer(c)...)
	}
}
