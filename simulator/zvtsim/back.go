package zvtsim

import (
	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// reversal answers 06 30: password, receipt number (87) and, if given, the amount must fit a payment that is neither settled
// nor reversed. It is booked under the same rule as a payment: stored and told first, final when the till has answered.
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
	o := order{kind: Reversal, paid: paid, amount: paid.Amount, answer: answerTime, currency: true}
	if code == codeOK {
		return s.deal(o)
	}
	if err := s.send(accepted()); err != nil {
		return err
	}
	return s.unpaid(o, code)
}

// refund answers 06 31: password, then the fields of a payment. Its amount goes to the card that is presented.
func (s *session) refund(data []byte) error {
	if s.t.options.NoRefunds {
		return s.send(refused(codeImpossible))
	}
	if len(data) < 3 || !s.knows(data[:3]) {
		return s.send(refused(codeBadPassword))
	}
	o, code := s.order(Refund, data[3:])
	if code != codeOK {
		return s.send(refused(code))
	}
	return s.deal(o)
}

// reversible finds the payment of a receipt number, the latest one where the numbers have wrapped.
func (s *session) reversible(receipt int, fields codec.Fields) (Transaction, byte) {
	all := s.t.Memory().Transactions
	for i := len(all) - 1; i >= 0; i-- {
		tx := all[i]
		if tx.ReceiptNo != receipt || tx.Kind != Payment {
			continue
		}
		if amount, ok := fields.Number(codec.Amount); ok && tx.Amount != pos.Minor(amount) || tx.Settled || tx.Open {
			return tx, codeIrreversible
		}
		if tx.Reversed {
			return tx, codeReversed
		}
		return tx, codeOK
	}
	return Transaction{}, codeIrreversible
}
