package ecr17sim

import (
	"strconv"
	"time"

	"github.com/tillproof/tillproof/drivers/ecr17/codec"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
)

// order is what P, X or S asks for.
type order struct {
	kind     Kind
	amount   pos.Minor
	extended bool // X
	paid     int  // STAN of the payment that a reversal takes back
}

// payment answers P and X.
func (s *session) payment(m codec.Message) error {
	cents, err := strconv.ParseUint(m.At(24, 31), 10, 32)
	if err != nil || cents == 0 || m.Code() == 'X' && s.t.options.NoExtended {
		s.nak()
		return nil
	}
	return s.deal(m, order{kind: Payment, amount: pos.Minor(cents), extended: m.Code() == 'X'})
}

// reversal answers S: the last payment only, and only if its STAN is the one that is named.
func (s *session) reversal(m codec.Message) error {
	stan, err := strconv.Atoi(m.At(19, 24))
	if err != nil {
		s.nak()
		return nil
	}
	memory := s.t.Memory()
	o := order{kind: Reversal}
	if last := memory.last(); last != nil && last.Counts() && !last.Settled && (stan == 0 || stan == last.Stan) {
		o.paid, o.amount = last.Stan, last.Amount
	}
	return s.deal(m, o)
}

// deal plays a payment or reversal to its end.
func (s *session) deal(m codec.Message, o order) error {
	card := s.t.card(false)
	if s.t.refuses(false) {
		s.nak()
		return nil
	}
	s.begin(m, card)
	if err := s.present(card); err != nil {
		return err
	}
	answer, event, err := s.decide(o, card)
	if err != nil {
		return err
	}
	return s.finish(answer, event, card)
}

// begin acknowledges the command, with what the card's script puts before that.
func (s *session) begin(m codec.Message, c Card) {
	if c.Junk {
		s.write([]byte{stx.ACK, 0xFF, stx.NAK, stx.ETX, 0x00, 'x'})
	}
	if c.NoACK {
		s.t.tell(Event{Moment: Received, Command: string(rune(m.Code()))})
		return
	}
	s.ack(m)
}

// present is the customer with the card.
func (s *session) present(c Card) error {
	part := c.After / time.Duration(len(c.Progress)+1)
	for _, text := range c.Progress {
		if err := s.pause(part); err != nil {
			return err
		}
		shown := append([]byte{stx.SOH}, text...)
		for len(shown) <= codec.ProgressLength {
			shown = append(shown, ' ')
		}
		s.write(append(shown[:codec.ProgressLength+1], stx.EOT))
	}
	return s.pause(part)
}

// decide books what is approved, and stores the result, before anything of it leaves.
func (s *session) decide(o order, c Card) (codec.Message, Event, error) {
	if o.kind == Reversal && o.paid == 0 {
		c.Do = Decline
	}
	var answer codec.Message
	event := Event{Moment: Stored, Amount: o.amount}
	if c.Booked > 0 && o.kind == Payment {
		event.Amount = c.Booked
	}
	err := s.t.change(func(m *Memory) {
		stan := m.LastStan
		if c.Do.online() {
			stan = m.number()
		} else if s.t.options.Numberless {
			stan = 0
		}
		event.Stan, event.Good = stan, c.Do.approves()
		if event.Good {
			m.book(o, c, event)
		}
		answer = s.answer(m.TerminalID, o, c, event)
		m.LastResult = s.forMemory(answer)
	})
	if event.Good {
		s.t.tell(event)
	}
	if event.Good && o.kind == Reversal {
		s.t.tell(Event{Moment: Reversed, Stan: o.paid, Amount: o.amount})
	}
	return answer, event, err
}

// book adds what was approved.
func (m *Memory) book(o order, c Card, e Event) {
	if o.kind == Reversal {
		m.last().Reversed = true
	}
	m.Transactions = append(m.Transactions, Transaction{Stan: e.Stan, Kind: o.kind, Amount: e.Amount, At: time.Now(), Last4: c.Number[len(c.Number)-4:], ReversalOf: o.paid})
}

// finish tells the result, and what is to be printed.
func (s *session) finish(answer codec.Message, e Event, c Card) error {
	defer s.forget()
	switch c.Do {
	case LoseResult:
		s.broken = true
		return errLost
	case Swallow:
		return nil
	}
	err := s.deliver(answer, e)
	if err == nil && c.Repeat {
		err = s.deliver(answer, Event{Stan: e.Stan, Amount: e.Amount})
	}
	if err == nil && answer.At(11, 12) == "00" {
		err = s.print(e)
	}
	if s.t.options.CloseAfter && err == nil {
		s.broken = true
	}
	return err
}

// forget is the end of a procedure: the terminal prints again.
func (s *session) forget() {
	s.t.mu.Lock()
	defer s.t.mu.Unlock()
	s.t.toECR = false
}
