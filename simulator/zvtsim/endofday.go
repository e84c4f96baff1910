package zvtsim

import (
	"fmt"
	"time"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// endOfDay answers 06 50: the batch goes to the acquirer, its sums are told with 04 0F and BMP 60, and the next batch is empty. That is final
// before the till hears of it: no answer of the till brings the old batch back.
func (s *session) endOfDay(data []byte) error {
	if len(data) < 3 || !s.knows(data[:3]) {
		return s.send(refused(codeBadPassword))
	}
	course := s.t.day()
	if course.Do == Refuse {
		return s.send(refused(max(course.Code, 1)))
	}
	if err := s.send(accepted()); err != nil {
		return err
	}
	if err := s.show(showWait, "Kassenschnitt"); err != nil {
		return err
	}
	if course.Do != Maintain {
		if err := s.pause(course.After); err != nil {
			return err
		}
	}
	if !course.Do.approves() {
		return s.dayFails(course)
	}
	memory := s.t.Memory()
	if len(memory.Held()) > 0 {
		return s.unpaid(order{answer: answerTime}, codeReservation)
	}
	sums := memory.batch()
	sums.At, sums.Trace = time.Now(), memory.LastTrace%999_999+1
	if err := s.t.change(settle(sums)); err != nil {
		return err
	}
	s.t.tell(Event{Moment: Settled, Amount: sums.Amount, Trace: sums.Trace})
	return s.tellDay(memory, sums, course)
}

// dayFails ends an end of day that was begun: 04 0F and 06 1E with the code. The terminal takes no payment until one succeeds (S11).
func (s *session) dayFails(course Card) error {
	if err := s.t.change(func(m *Memory) { m.DayDue = true }); err != nil {
		return err
	}
	s.t.tell(Event{Moment: DayFailed})
	return s.unpaid(order{answer: answerTime}, course.failure())
}

// tellDay tells the sums and the slip of an end of day. memory is that from before it.
func (s *session) tellDay(memory Memory, sums Settlement, course Card) error {
	a, err := totals(memory, sums)
	if err != nil {
		return err
	}
	switch course.Do {
	case LoseResult:
		s.broken = true
		return errLost
	case LoseBeforeAck:
		_, err := s.lastWord(a, order{answer: answerTime})
		s.wake()
		return ignoreQuiet(err)
	}
	if err := s.call(a, answerTime); ignoreQuiet(err) != nil {
		return err
	}
	if err := s.printDay(memory, sums); ignoreQuiet(err) != nil {
		return err
	}
	if course.Do == Maintain {
		s.t.maintain(course.After)
		return s.finish([]byte{byte(codec.ResultCode), codeMaintenance})
	}
	return s.finish([]byte{byte(codec.ResultCode), codeOK})
}

// printDay sends the slip through the till, if it prints such.
func (s *session) printDay(memory Memory, sums Settlement) error {
	return s.printOffice([]string{"Kassenschnitt", "Terminal-ID " + memory.TerminalID,
		sums.At.Local().Format("02.01.2006 15:04:05"), fmt.Sprintf("Trace-Nr. %06d", sums.Trace), fmt.Sprintf("Anzahl %d", sums.Count),
		"Summe " + pos.Money{Amount: sums.Amount, Currency: memory.Currency}.String(), "Kassenschnitt erfolgt"})
}

// settle closes the batch.
func settle(sums Settlement) func(*Memory) {
	return func(m *Memory) {
		for i := range m.Transactions {
			m.Transactions[i].Settled = m.Transactions[i].Settled || !m.Transactions[i].Open
		}
		m.Settlements = append(m.Settlements, sums)
		m.LastTrace, m.DayDue = sums.Trace, false
	}
}

// totals builds 04 0F of an end of day. BMP 60 is the first and last receipt number, then count and sum of girocard, JCB,
// Mastercard, Amex, Visa, Diners and others (PA00P015, BMP 60); a count has one byte and stays at 255. No sum has a sign: where more went back
// than came it is 0, and only the slip tells.
func totals(m Memory, sums Settlement) (codec.APDU, error) {
	first, last := 0, 0
	for _, t := range m.Transactions {
		if (t.Counts() || t.Returns()) && !t.Settled {
			if last = t.ReceiptNo; first == 0 {
				first = t.ReceiptNo
			}
		}
	}
	single := append(digits(pos.Minor(first), 2), digits(pos.Minor(last), 2)...)
	rest := pos.Sum{Count: sums.Count, Amount: sums.Amount}
	for _, brand := range []string{"girocard", "jcb", "mastercard", "amex", "visa", "diners"} {
		sum := sums.ByBrand[brand]
		rest.Count, rest.Amount = rest.Count-sum.Count, rest.Amount-sum.Amount
		single = append(append(single, byte(min(sum.Count, 255))), digits(sum.Amount, 6)...)
	}
	single = append(append(single, byte(min(rest.Count, 255))), digits(rest.Amount, 6)...)
	now := sums.At.Local()
	return codec.Build(0x04, 0x0F).Field(codec.ResultCode, codeOK).Field(codec.Amount, digits(sums.Amount, 6)...).
		Number(codec.CurrencyCode, uint64(m.Currency.Numeric())).Number(codec.Trace, uint64(sums.Trace)).
		Number(codec.TimeOfDay, uint64(now.Hour()*10000+now.Minute()*100+now.Second())).
		Number(codec.MonthDay, uint64(int(now.Month())*100+now.Day())).
		Field(codec.SingleTotals, single...).APDU()
}

// digits is BCD of a number: 0 below it, and of one that does not fit all nines, as a counter that has run full.
func digits(n pos.Minor, size int) []byte {
	b, err := codec.BCD(uint64(max(n, 0)), size)
	if err != nil {
		b = nil
		for range size {
			b = append(b, 0x99)
		}
	}
	return b
}
