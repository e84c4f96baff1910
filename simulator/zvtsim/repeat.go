package zvtsim

import (
	"time"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// Bits of the service byte of 06 20.
const (
	repeatResultBit byte = 0x01
	repeatNoPrint   byte = 0x02
)

// repeatReceipt answers 06 20: password, then BMP 03. The last successful transaction is told and printed again; with none the
// command is accepted and ends as failed.
func (s *session) repeatReceipt(data []byte) error {
	if len(data) < 3 || !s.knows(data[:3]) {
		return s.send(refused(codeBadPassword))
	}
	fields, _, err := codec.ParseFields(data[3:])
	if err != nil {
		return s.send(refused(codeImpossible))
	}
	if err := s.send(accepted()); err != nil {
		return err
	}
	tx, ok := s.t.Memory().Last()
	if !ok {
		return s.fail(codeNothing)
	}
	service, _ := fields.Byte(codec.Service)
	if service&repeatResultBit != 0 {
		a, err := s.result(tx, order{currency: true}, Card{})
		if err != nil {
			return err
		}
		if err := s.call(a, commandTime); err != nil {
			return err
		}
	}
	if service&repeatNoPrint == 0 {
		if _, err := s.printReceipts(tx, time.Now().Add(commandTime)); err != nil {
			return err
		}
	}
	return s.finish(nil)
}

// reversal answers 06 30: password, receipt number (87) and, if given, the amount must fit a payment that is neither settled
// nor reversed.
func (s *session) reversal(data []byte) error {
	if len(data) < 3 || !s.knows(data[:3]) {
		return s.send(refused(codeBadPassword))
	}
	fields, rest, err := codec.ParseFields(data[3:])
	receipt, ok := fields.Number(codec.ReceiptNo)
	if err != nil || len(rest) > 0 || !ok {
		return s.send(refused(codeImpossible))
	}
	paid, code := s.reversible(int(receipt), fields)
	if err := s.send(accepted()); err != nil {
		return err
	}
	if code != codeOK {
		return s.unpaid(order{answer: answerTime}, code)
	}
	return s.reverse(paid)
}

// reversible finds the payment of a receipt number, the latest one where the numbers have wrapped.
func (s *session) reversible(receipt int, fields codec.Fields) (Transaction, byte) {
	all := s.t.Memory().Transactions
	for i := len(all) - 1; i >= 0; i-- {
		tx := all[i]
		if tx.ReceiptNo != receipt || tx.Kind != Payment {
			continue
		}
		if amount, ok := fields.Number(codec.Amount); ok && tx.Amount != pos.Minor(amount) || tx.Settled {
			return tx, codeIrreversible
		}
		if tx.Reversed {
			return tx, codeReversed
		}
		return tx, codeOK
	}
	return Transaction{}, codeIrreversible
}

// reverse books the reversal under the same rule as a payment: stored and told first, final when the till has answered.
func (s *session) reverse(paid Transaction) error {
	tx := paid
	tx.Kind, tx.ReversalOf, tx.At, tx.Open = Reversal, paid.Trace, time.Now(), true
	_ = s.t.change(func(m *Memory) { tx.Trace, tx.ReceiptNo = m.number() })
	if err := s.store(tx); err != nil {
		return err
	}
	o := order{answer: answerTime, currency: true}
	kept, _, err := s.agree(tx, o, Card{})
	err2 := s.t.conclude(tx.Trace, !kept)
	if err != nil || err2 != nil || !kept {
		return firstOf(err, err2, s.lost())
	}
	if err := s.t.change(func(m *Memory) { m.find(paid.Trace).Reversed = true }); err != nil {
		return err
	}
	s.t.tell(Event{Moment: Reversed, Trace: paid.Trace, Amount: paid.Amount})
	return s.finish([]byte{byte(codec.ResultCode), codeOK})
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
