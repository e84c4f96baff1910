package zvtsim

import (
	"time"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// partly books what 84 9D says was given out of a payment (data: 04 and the amount).
func (s *session) partly(trace int, data []byte) {
	fields, _, _ := codec.ParseFields(data)
	amount, ok := fields.Number(codec.Amount)
	if !ok {
		return
	}
	_ = s.t.change(func(m *Memory) {
		if tx := m.find(trace); tx != nil && tx.Kind == Payment {
			tx.Amount = min(tx.Amount, pos.Minor(amount))
		}
	})
}

// transaction makes the entry of an approval. A reversal has the card of its payment.
func (s *session) transaction(o order, c Card) Transaction {
	tx := Transaction{Amount: o.amount, Currency: s.t.Memory().Currency, Brand: c.Brand, Last4: c.Last4, Entry: 1, Offline: c.Do == OfflineApprove}
	if c.Contactless {
		tx.Entry = 2
	}
	if o.books {
		tx.Brand, tx.Last4, tx.Entry, tx.Books = o.paid.Brand, o.paid.Last4, o.paid.Entry, o.paid.Trace
		tx.Freed = o.frees
	}
	if o.kind == Payment && !o.books {
		tx.Amount, tx.Tip, tx.TipUntold = o.amount+c.Tip, c.Tip, c.TipUntold
	}
	if o.kind == Reversal {
		tx = o.paid
		tx.ReversalOf = o.paid.Trace
	}
	tx.Kind, tx.At, tx.answer = o.kind, time.Now(), o.answer
	tx.Open = c.Do != LoseResult && !s.t.options.KeepUnacknowledged
	_ = s.t.change(func(m *Memory) { tx.Trace, tx.ReceiptNo = m.number() })
	return tx
}

// store puts a transaction into the memory.
func (s *session) store(tx Transaction) error {
	err := s.t.change(func(m *Memory) { m.Transactions = append(m.Transactions, tx) })
	if err != nil {
		return err
	}
	s.t.tell(tx.event(Stored))
	if !tx.Open {
		return s.t.conclude(tx.Trace, false)
	}
	return nil
}
