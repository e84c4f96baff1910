package hypercomsim

import (
	"strconv"
	"strings"
	"time"

	"github.com/tillproof/tillproof/drivers/hypercom/codec"
	"github.com/tillproof/tillproof/pos"
)

// purchase answers 20.
func (s *session) purchase(m codec.Message) error {
	return s.deal(m, Transaction{Kind: Sale, Wallet: m.Text("M1") == "02"})
}

// refund answers the code of refunds.
func (s *session) refund(m codec.Message) error { return s.deal(m, Transaction{Kind: Refund}) }

// void answers the code of voids: any sale of the open batch, by its invoice.
func (s *session) void(m codec.Message) error { return s.deal(m, Transaction{Kind: Void}) }

// deal plays a transaction to its end.
func (s *session) deal(m codec.Message, wish Transaction) error {
	card, refused := s.t.card(false)
	if refused {
		s.nak()
		return nil
	}
	s.begin(m, card.Link)
	if card.Link.Stale && s.last != nil {
		_ = s.deliver(*s.last, Event{}, Link{}) // whether somebody takes it changes nothing
	}
	if code := s.order(m, &wish); code != approved {
		card.Do, card.Code = Decline, code
	} else if ended, err := s.customer(card); err != nil {
		return err
	} else if ended {
		card.Do = Abort
	}
	answer, event, err := s.decide(m, wish, card)
	if err != nil {
		return err
	}
	return s.finish(answer, event, card)
}

// order reads what is wanted, and says why it cannot be, for which no customer is needed.
func (s *session) order(m codec.Message, wish *Transaction) (code string) {
	wish.ID = strings.TrimSpace(m.Text("66"))
	if wish.Kind == Void {
		sale := s.t.Memory().sale(m.Text("65"))
		if sale == nil {
			return gone
		}
		wish.Invoice, wish.Amount, wish.Host, wish.Scheme, wish.Last4, wish.Entry = sale.Invoice, sale.Amount, sale.Host, sale.Scheme, sale.Last4, sale.Entry
		return approved
	}
	amount, ok := codec.ReadAmount(m.Get("40"))
	if wish.Amount = pos.Minor(amount); !ok || amount == 0 {
		return wrong
	}
	return approved
}

// sale is the sale of an invoice that can be taken back.
func (m Memory) sale(invoice string) *Transaction {
	n, err := strconv.Atoi(invoice)
	for i := len(m.Transactions) - 1; i >= 0 && err == nil; i-- {
		if t := &m.Transactions[i]; t.Invoice == n && t.Counts() && !t.Settled {
			return t
		}
	}
	return nil
}

// decide books what is approved before anything of it leaves.
func (s *session) decide(m codec.Message, wish Transaction, c Card) (answer codec.Message, e Event, err error) {
	wish.take(c)
	err = s.t.change(func(memory *Memory) {
		if c.Do.online() {
			memory.LastTrace = next(memory.LastTrace)
			wish.Trace = memory.LastTrace
		}
		if wish.At, wish.Batch = time.Now(), memory.Batch; c.Do.approves() {
			memory.book(&wish)
		}
	})
	if e = (Event{Trace: wish.Trace, Amount: wish.Amount, Good: c.Do.approves()}); err != nil {
		return answer, e, err
	}
	if !e.Good {
		return s.refusal(m, wish, c), e, nil
	}
	stored := e
	stored.Moment, stored.Command = Stored, m.Code
	s.t.tell(stored)
	return s.approval(m, wish, c.Number), e, nil
}

// take sets what the card says. A void goes to the card of its sale.
func (t *Transaction) take(c Card) {
	if t.Kind == Void {
		return
	}
	t.Host, t.Scheme, t.Entry, t.Last4 = c.Host, c.Scheme, c.Entry, c.Number[len(c.Number)-4:]
	if t.Wallet = t.Wallet || c.Do == Wallet; c.Booked > 0 && t.Kind == Sale {
		t.Amount = c.Booked
	}
}

// book adds what was approved.
func (m *Memory) book(t *Transaction) {
	if t.Kind == Void {
		for i := range m.Transactions {
			if sale := &m.Transactions[i]; sale.Invoice == t.Invoice && sale.Counts() && !sale.Settled {
				sale.Voided = true
			}
		}
	} else {
		m.LastInvoice = next(m.LastInvoice)
		t.Invoice = m.LastInvoice
	}
	m.Transactions = append(m.Transactions, *t)
}

// finish tells the answer.
func (s *session) finish(answer codec.Message, e Event, c Card) error {
	switch c.Do {
	case LoseResult:
		s.broken = true
		return errLost
	case Swallow:
		return nil
	}
	s.last = &answer
	err := s.deliver(answer, e, c.Link)
	if err == nil && c.Link.Repeat {
		e.Good = false // which counts once
		err = s.deliver(answer, e, Link{})
	}
	return err
}
