package hypercomsim

import (
	"time"

	"github.com/tillproof/tillproof/drivers/hypercom/codec"
	"github.com/tillproof/tillproof/drivers/stx"
)

// Response codes that the terminal gives by itself.
const (
	approved = "00"
	unknown  = "12" // transactions that it does not know, or not now
	wrong    = "13" // amounts that are none
	gone     = "21" // nothing there to take back
	notFound = "25"
	declined = "51"
	stopped  = "17"
	alive    = "CP"
)

// task is what a message wants, "" for what this terminal does not know.
func (s *session) task(m codec.Message) task {
	if m.Code == s.t.options.LastCode {
		return lastOne
	}
	return s.t.options.Profile.task(m.Code)
}

// command answers one message of the till. Answers are nobody's command.
func (s *session) command(m codec.Message) error {
	if m.Direction == codec.Answer {
		return nil
	}
	switch s.task(m) {
	case purchase:
		return s.purchase(m)
	case void:
		return s.void(m)
	case refund:
		return s.refund(m)
	case settlement:
		return s.settlement(m)
	case cancel:
		return s.cancelled(m, false)
	}
	return s.question(m)
}

// question answers what moves no money.
func (s *session) question(m codec.Message) error {
	answer := s.reply(m, unknown)
	switch s.task(m) {
	case ping:
		answer = s.reply(m, alive)
	case byID, byTrace, lastOne:
		answer = s.lookup(m)
	case detail:
		answer = s.detail(m)
	}
	s.begin(m, Link{})
	return s.deliver(answer, Event{}, Link{})
}

// cancelled answers the till's wish to stop.
func (s *session) cancelled(m codec.Message, does bool) error {
	s.begin(m, Link{})
	if m.Direction == codec.Notice {
		return nil
	}
	code := unknown
	if does {
		code = approved
	}
	return s.deliver(s.reply(m, code), Event{}, Link{})
}

// customer lets a card's time pass. It passes without a wire, too; only switching off ends it early, and the till's cancel before the card is read.
func (s *session) customer(c Card) (stopped bool, err error) {
	begun := time.Now()
	for time.Since(begun) < c.After {
		m, err := s.receive(begun.Add(c.After))
		switch {
		case s.ctx.Err() != nil:
			return false, s.ctx.Err()
		case s.broken:
			return false, s.rest(time.Until(begun.Add(c.After)))
		case err != nil:
			continue
		}
		switch does := time.Since(begun) < c.Read; s.task(m) {
		case cancel:
			_ = s.cancelled(m, does) // an answer that nobody takes changes nothing
			if does {
				s.t.tell(Event{Moment: Stopped, Command: m.Code})
				return true, nil
			}
		case ping, byID, byTrace, lastOne:
			if s.t.options.AnswersBusy {
				_ = s.question(m)
			}
		}
	}
	return false, nil
}

// nak refuses a command.
func (s *session) nak() { s.write([]byte{stx.NAK}) }
