package transbanksim

import (
	"fmt"
	"time"

	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/drivers/transbank/codec"
)

// command answers one command of the till.
func (s *session) command(m codec.Message) error {
	switch m.Command() {
	case "0200", "0270", "1200", "0500":
		return s.money(m)
	case "0100", "0300", "0070":
		s.say(stx.ACK)
		return nil
	case "0250", "0280":
		return s.lastSale(m)
	case "0260":
		return s.list(m)
	case "0700":
		return s.totals()
	case "0800":
		return s.keys()
	case "0080":
		return s.reply(Link{}, "1080", codeApproved, time.Now().Format("02012006"), time.Now().Format("150405"))
	}
	s.say(stx.NAK)
	return nil
}

// money takes a money command, after as many NAKs as the card wants, and plays it.
func (s *session) money(m codec.Message) error {
	c := s.t.card(false)
	if c.Do == Refuse || s.naks < c.Link.NAKs {
		if s.naks++; c.Do == Refuse && s.naks == sends {
			s.t.card(true)
			s.naks = 0
		}
		s.say(stx.NAK)
		return nil
	}
	s.t.card(true)
	s.naks = 0
	s.t.tell(Event{Moment: Taken, Command: m.Command()})
	if err := s.confirm(c.Link); err != nil {
		return err
	}
	switch m.Command() {
	case "1200":
		return s.void(m, c)
	case "0500":
		return s.closeDay(c)
	}
	return s.sale(m, c)
}

// confirm says ACK, in the card's manner.
func (s *session) confirm(l Link) error {
	if l.AckAfter > 0 {
		if err := s.rest(l.AckAfter); err != nil {
			return err
		}
	}
	switch {
	case l.LoseAck:
		return nil
	case l.Glue:
		s.held = []byte{stx.ACK}
		return nil
	}
	s.say(stx.ACK)
	return nil
}

// reply delivers a result with these fields, after the ACK of a command that moves no money; a money command has had its own.
func (s *session) reply(l Link, fields ...string) error {
	if fields[0] != "0210" && fields[0] != "0271" && fields[0] != "1210" && fields[0] != "0510" {
		s.say(stx.ACK)
	}
	if l.Silent {
		return nil
	}
	return s.deliver(&letter{payload: codec.Payload(!s.t.options.Plain, fields...), link: l})
}

// own is response code, merchant and terminal, with which results begin.
func (s *session) own(command, code string) []string {
	m := s.t.Memory()
	return []string{command, code, m.MerchantID, m.TerminalID}
}

// digits fills a number up, unless the terminal is of those that do not.
func (s *session) digits(n int64, width int) string {
	if s.t.options.Plain {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%0*d", width, n)
}

// keys answers 0800.
func (s *session) keys() error {
	if err := s.t.change(func(m *Memory) { m.KeysDue = false }); err != nil {
		return err
	}
	return s.reply(Link{}, s.own("0810", codeApproved)...)
}

// totals answers 0700.
func (s *session) totals() error {
	if s.t.options.Kiosk {
		s.say(stx.NAK)
		return nil
	}
	m := s.t.Memory()
	count, sum := m.sum()
	return s.reply(Link{}, "0710", codeApproved, s.digits(int64(count), 4), s.digits(int64(sum), 9))
}

// closeDay plays 0500.
func (s *session) closeDay(c Card) error {
	if err := s.rest(c.After); err != nil {
		return err
	}
	if c.Do != Approve {
		return s.reply(c.Link, s.own("0510", c.failure(codeSilent))...)
	}
	err := s.t.change(func(m *Memory) {
		count, sum := m.sum()
		m.Settlements = append(m.Settlements, Settlement{At: time.Now(), Count: count, Amount: sum})
		for i := range m.Sales {
			m.Sales[i].Settled = true
		}
		if m.CloseDue = false; s.t.options.Restart {
			m.LastOperation = 0
		}
	})
	if err != nil {
		return err
	}
	s.t.tell(Event{Moment: Closed, Command: "0500"})
	return s.reply(c.Link, s.own("0510", codeApproved)...)
}
