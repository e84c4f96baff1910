package zvtsim

import (
	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// Reservation is money that a card's issuer holds for the merchant: it counts nowhere until it is booked, and an end of day waits for that.
const Reservation Kind = "reservation"

// pending says whether a reservation waits to be booked or reversed.
func (t Transaction) pending() bool {
	return t.Kind == Reservation && !t.Open && !t.Reversed && !t.Booked
}

// open is the first reservation that waits.
func (m *Memory) open() (Transaction, bool) {
	for _, t := range m.Transactions {
		if t.pending() {
			return t, true
		}
	}
	return Transaction{}, false
}

// reserve answers 06 22, with the fields of a payment.
func (s *session) reserve(data []byte) error {
	o, code := s.order(Reservation, data)
	if code != codeOK {
		return s.send(refused(code))
	}
	return s.deal(o)
}

// book answers 06 24: receipt number of a reservation, and the amount used, which may be less. It becomes a payment.
func (s *session) book(data []byte) error {
	o, code := s.onReservation(data)
	if code == codeOK && o.amount > o.paid.Amount {
		code = codeOverReserved
	}
	if code != codeOK {
		return s.send(refused(code))
	}
	o.kind, o.books = Payment, true
	return s.deal(o)
}

// release answers 06 25: the reservation is reversed.
func (s *session) release(data []byte) error {
	o, code := s.onReservation(data)
	if code != codeOK {
		return s.send(refused(code))
	}
	o.kind = Reversal
	return s.deal(o)
}

// onReservation reads the receipt number and the amount of 06 24 and 06 25.
func (s *session) onReservation(data []byte) (order, byte) {
	fields, rest, err := codec.ParseFields(data)
	receipt, ok := fields.Number(codec.ReceiptNo)
	if err != nil || len(rest) > 0 || !ok {
		return order{}, codeImpossible
	}
	for _, tx := range s.t.Memory().Transactions {
		if tx.ReceiptNo == int(receipt) && tx.pending() {
			o := order{paid: tx, amount: tx.Amount, answer: answerTime, currency: true}
			if n, ok := fields.Number(codec.Amount); ok {
				o.amount = pos.Minor(n)
			}
			return o, codeOK
		}
	}
	return order{}, codeReservation
}

// openOnes answers 06 23 with receipt number FFFF: it ends with 06 1E B8 and the number of an open reservation, or FFFF when there is none.
func (s *session) openOnes(data []byte) error {
	fields, _, err := codec.ParseFields(data)
	if number, ok := fields.Find(codec.ReceiptNo); err != nil || !ok || string(number) != "\xFF\xFF" {
		return s.send(refused(codeImpossible))
	}
	if err := s.send(accepted()); err != nil {
		return err
	}
	memory := s.t.Memory()
	number := []byte{0xFF, 0xFF}
	if tx, ok := memory.open(); ok {
		number, _ = codec.BCD(uint64(tx.ReceiptNo), 2)
	}
	a, err := codec.Build(0x06, 0x1E).Raw(codeReservation).Field(codec.ReceiptNo, number...).APDU()
	if err != nil {
		return err
	}
	return ignoreQuiet(s.call(a, commandTime))
}
