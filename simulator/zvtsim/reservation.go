package zvtsim

import (
	"slices"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// Reservation is money that a card's issuer holds for the merchant: it counts nowhere until it is booked, and an end of day waits for that.
const Reservation Kind = "reservation"

// pending says whether a reservation waits to be booked or reversed.
func (t Transaction) pending() bool {
	return t.Kind == Reservation && !t.Open && !t.Reversed && !t.Booked
}

// Held lists the reservations that wait to be booked or reversed, oldest first. One whose booking is not final is among them.
func (m Memory) Held() []Transaction {
	var all []Transaction
	for _, t := range m.Transactions {
		if t.pending() {
			all = append(all, t)
		}
	}
	return all
}

// reservations answers 06 22 to 06 25.
func (s *session) reservations(m codec.APDU) error {
	o := s.t.options
	switch {
	case o.NoReservations, o.NoBookTotal && m.Is(0x06, 0x24):
		return s.send(refused(codeImpossible))
	case m.Is(0x06, 0x22):
		return s.reserve(m.Data)
	case m.Is(0x06, 0x24):
		return s.book(m.Data)
	case m.Is(0x06, 0x25):
		return s.release(m.Data)
	}
	fields, _, err := codec.ParseFields(m.Data)
	if number, ok := fields.Find(codec.ReceiptNo); err == nil && ok && string(number) == "\xFF\xFF" {
		return s.openOnes()
	}
	return s.free(m.Data)
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

// free answers 06 23 with a receipt number: the amount, none without one, is freed, and what is left of the reservation becomes a payment.
func (s *session) free(data []byte) error {
	o, code := s.onReservation(data)
	freed := o.amount
	if !o.told {
		freed = 0
	}
	if o.amount = o.paid.Amount - freed; code == codeOK && o.amount <= 0 {
		code = codeOverReserved
	}
	if code != codeOK {
		return s.send(refused(code))
	}
	o.kind, o.books, o.frees = Payment, true, s.t.options.TellsFreed
	return s.deal(o)
}

// release answers 06 25: the reservation is reversed, if the amount, where one is told, is what it holds.
func (s *session) release(data []byte) error {
	o, code := s.onReservation(data)
	if code == codeOK && o.amount != o.paid.Amount {
		code = codeOverReserved
	}
	if code != codeOK {
		return s.send(refused(code))
	}
	o.kind = Reversal
	return s.deal(o)
}

// onReservation reads the receipt number and the amount of 06 23, 06 24 and 06 25.
func (s *session) onReservation(data []byte) (order, byte) {
	fields, rest, err := codec.ParseFields(data)
	receipt, ok := fields.Number(codec.ReceiptNo)
	if err != nil || len(rest) > 0 || !ok {
		return order{}, codeImpossible
	}
	if _, ok := s.registration(); !ok {
		return order{}, codeUnregistered
	}
	for _, tx := range s.t.Memory().Held() {
		if tx.ReceiptNo == int(receipt) && !s.t.Memory().doomed(tx.Trace) {
			o := order{paid: tx, amount: tx.Amount, answer: answerTime, currency: true}
			if n, ok := fields.Number(codec.Amount); ok {
				o.amount, o.told = pos.Minor(n), true
			}
			return o, codeOK
		}
	}
	return order{}, codeReservation
}

// doomed says whether the end of a reservation is to be taken back, so that nothing else may be done with it meanwhile.
func (m Memory) doomed(reservation int) bool {
	return slices.ContainsFunc(m.Transactions, func(t Transaction) bool { return t.Open && (t.Books == reservation || t.ReversalOf == reservation) })
}

// openOnes answers 06 23 with receipt number FFFF: it ends with 06 1E B8 and the number of an open reservation, or FFFF when there is none. A till that
// understands TLV gets the list of all.
func (s *session) openOnes() error {
	if err := s.send(accepted()); err != nil {
		return err
	}
	open := s.t.Memory().Held()
	end := codec.Build(0x06, 0x1E).Raw(codeReservation)
	if len(open) == 0 {
		end.Field(codec.ReceiptNo, 0xFF, 0xFF)
	} else {
		end.Number(codec.ReceiptNo, uint64(open[0].ReceiptNo))
	}
	if r, _ := s.registration(); r.TLV && len(open) > 0 && !s.t.options.TellsOneOpen {
		end.TLV(codec.AppendTLV(nil, codec.TagOpenReservations, receiptList(open)))
	}
	a, err := end.APDU()
	if err != nil {
		return err
	}
	return ignoreQuiet(s.call(a, commandTime))
}

// receiptList is the content of TLV 23. A container holds about 16 000 numbers, which no shop has open.
func receiptList(open []Transaction) []byte {
	var list []byte
	for _, t := range open {
		list = codec.AppendTLV(list, codec.TagReceiptNo, digits(pos.Minor(t.ReceiptNo), 2))
	}
	return list
}
