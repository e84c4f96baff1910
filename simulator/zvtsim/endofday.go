package zvtsim

import (
	"time"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// endOfDay answers 06 50: the batch goes to the acquirer, its sums are told with 04 0F and BMP 60, and the next batch is empty.
func (s *session) endOfDay(data []byte) error {
	if len(data) < 3 || !s.knows(data[:3]) {
		return s.send(refused(codeBadPassword))
	}
	if err := s.send(accepted()); err != nil {
		return err
	}
	memory := s.t.Memory()
	sums := memory.batch()
	sums.At = time.Now()
	a, err := totals(memory, sums)
	if err != nil {
		return err
	}
	if err := s.t.change(settle(sums)); err != nil {
		return err
	}
	s.t.tell(Event{Moment: Settled, Amount: sums.Amount})
	if err := s.call(a, commandTime); ignoreQuiet(err) != nil {
		return err
	}
	return s.finish([]byte{byte(codec.ResultCode), codeOK})
}

// settle closes the batch.
func settle(sums Settlement) func(*Memory) {
	return func(m *Memory) {
		for i := range m.Transactions {
			m.Transactions[i].Settled = m.Transactions[i].Settled || !m.Transactions[i].Open
		}
		m.Settlements = append(m.Settlements, sums)
	}
}

// totals builds 04 0F of an end of day. BMP 60 is the first and last receipt number, then count and sum of girocard, JCB,
// Mastercard, Amex, Visa, Diners and others (PA00P015, BMP 60); a count has one byte and stays at 255.
func totals(m Memory, sums Settlement) (codec.APDU, error) {
	first, last := 0, 0
	for _, t := range m.Transactions {
		if t.Counts() && !t.Settled {
			if last = t.ReceiptNo; first == 0 {
				first = t.ReceiptNo
			}
		}
	}
	single := append(digits(uint64(first), 2), digits(uint64(last), 2)...)
	rest := sums
	for _, brand := range []string{"girocard", "jcb", "mastercard", "amex", "visa", "diners"} {
		sum := sums.ByBrand[brand]
		rest.Count, rest.Amount = rest.Count-sum.Count, rest.Amount-sum.Amount
		single = append(append(single, byte(min(sum.Count, 255))), digits(uint64(sum.Amount), 6)...)
	}
	single = append(append(single, byte(min(rest.Count, 255))), digits(uint64(rest.Amount), 6)...)
	now := sums.At.Local()
	return codec.Build(0x04, 0x0F).Field(codec.ResultCode, codeOK).Number(codec.Amount, uint64(sums.Amount)).
		Number(codec.CurrencyCode, uint64(m.Currency.Numeric())).
		Number(codec.TimeOfDay, uint64(now.Hour()*10000+now.Minute()*100+now.Second())).
		Number(codec.MonthDay, uint64(int(now.Month())*100+now.Day())).
		Field(codec.SingleTotals, single...).APDU()
}

// digits is BCD of a number that fits; one that does not becomes all nines, as a counter that has run full.
func digits(n uint64, size int) []byte {
	b, err := codec.BCD(n, size)
	if err != nil {
		for range size {
			b = append(b, 0x99)
		}
	}
	return b
}
