package zvt

import (
	"errors"
	"slices"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// money plays a sale, a void or a refund.
func (t *talk) money(what drivers.Transaction, data []byte) error {
	script := locked(t.peer, func() drivertest.Script { t.commands++; return t.script })
	fields, _, _ := codec.ParseFields(data)
	amount, _ := fields.Number(codec.Amount)
	if err := t.fault(drivertest.AfterCommand); err != nil {
		return err
	}
	if script.Card == drivertest.Refuses {
		return t.send(codec.APDU{Class: 0x84, Instr: 0x83})
	}
	if err := t.steps(codec.Build(0x80, 0), codec.Build(0x04, 0xFF).Raw(0x0A)); err != nil {
		return err
	}
	switch script.Card {
	case drivertest.Declines:
		return t.failed(0x05)
	case drivertest.Aborts:
		return t.failed(0x6C)
	case drivertest.Waits:
		return t.customer()
	}
	b := deal{amount: pos.Minor(amount), what: what}
	if receipt, ok := fields.Number(codec.ReceiptNo); ok {
		first := t.standing(what, receipt)
		if what == drivers.BookingOf && t.unused {
			b.amount = first.amount - b.amount
		}
		switch b.of = first.trace; {
		case first.trace == 0 && what == drivers.VoidOf:
			return t.failed(0xB4)
		case first.trace == 0:
			return t.failed(0xB8)
		case what == drivers.BookingOf && (b.amount > first.amount || b.amount <= 0):
			return t.failed(0xB7)
		case what == drivers.ReleaseOf && b.amount != first.amount:
			return t.failed(0xB7)
		}
	}
	return t.approve(script, b)
}

// standing is the sale that can be taken back, or the open reservation, with a receipt number; the zero deal for none.
func (t *talk) standing(what drivers.Transaction, receipt uint64) deal {
	return locked(t.peer, func() deal {
		for _, b := range t.taken {
			fits := b.what == drivers.ReservationOf
			if what == drivers.VoidOf {
				fits = b.taken()
			}
			if fits && b.trace%10000 == receipt && !b.settled && !t.ended(b) {
				return b
			}
		}
		return deal{}
	})
}

// find is the deal with a trace; the caller holds the lock.
func (p *peer) find(trace uint64) deal {
	for _, b := range p.taken {
		if b.trace == trace {
			return b
		}
	}
	return deal{}
}

func (t *talk) failed(code byte) error {
	for _, b := range []*codec.Builder{codec.Build(0x04, 0x0F).Field(codec.ResultCode, code), codec.Build(0x06, 0x1E).Raw(code)} {
		if _, err := t.ask(apdu(b), 10*time.Second); err != nil {
			return err
		}
	}
	return nil
}

// wait plays a customer who does nothing, for two minutes at most.
func (t *talk) customer() error {
	m, err := t.receive(2 * time.Minute)
	if err == nil && m.Is(0x06, 0xB0) {
		if err := t.send(codec.APDU{Class: 0x80}); err != nil {
			return err
		}
	}
	return t.failed(0x6C)
}

func (t *talk) approve(script drivertest.Script, b deal) error {
	locked(t.peer, func() int {
		t.trace++
		b.trace = t.trace
		t.taken = append(t.taken, b)
		return 0
	})
	err := t.report(script, t.success(b))
	switch {
	case errors.Is(err, errRefused):
		t.takeBack(b)
		return t.failed(0x6C)
	case err != nil && !script.Keep && script.Late > 0:
		late := time.AfterFunc(script.Late, func() { t.takeBack(b) })
		locked(t.peer, func() int { t.timers = append(t.timers, late); return 0 })
	case err != nil && !script.Keep:
		t.takeBack(b)
	}
	return err
}

func (p *peer) takeBack(b deal) {
	locked(p, func() int {
		p.taken = slices.DeleteFunc(p.taken, func(o deal) bool { return o.trace == b.trace })
		return 0
	})
}

// endOfDay closes the day and tells its totals; what it came to stays so, whether the till hears it or not.
func (t *talk) endOfDay() error {
	script := locked(t.peer, func() drivertest.Script { t.commands++; return t.script })
	if err := t.fault(drivertest.AfterCommand); err != nil {
		return err
	}
	if script.Card == drivertest.Refuses {
		return t.send(codec.APDU{Class: 0x84, Instr: 0xA0})
	}
	if err := t.steps(codec.Build(0x80, 0), codec.Build(0x04, 0xFF).Raw(0x0E)); err != nil {
		return err
	}
	if script.Card == drivertest.Declines {
		return t.failed(0x77)
	}
	count, sum := t.closeDay()
	err := t.report(script, dayTotals(count, sum))
	if errors.Is(err, errRefused) {
		return t.failed(0x77)
	}
	return err
}

// dayTotals is the 04 0F that tells a day, all of it visa, which is the fifth.
func dayTotals(count byte, sum pos.Minor) *codec.Builder {
	single, _ := codec.BCD(uint64(sum), 6)
	totals := append(make([]byte, 4+4*7), append([]byte{count}, single...)...)
	return codec.Build(0x04, 0x0F).Field(codec.ResultCode, 0).Number(codec.Amount, uint64(sum)).
		Number(codec.CurrencyCode, 978).Field(codec.SingleTotals, append(totals, make([]byte, 2*7)...)...)
}

func (p *peer) closeDay() (count byte, sum pos.Minor) {
	count, sum = p.sumDay()
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.taken {
		p.taken[i].settled = p.taken[i].what != drivers.ReservationOf
	}
	p.days = append(p.days, sum)
	return count, sum
}

// sumDay is what the running day comes to.
func (p *peer) sumDay() (count byte, sum pos.Minor) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.taken {
		switch {
		case b.settled:
		case b.what == drivers.RefundOf:
			sum -= b.amount
		case b.taken() && !p.ended(b):
			count, sum = count+1, sum+b.amount
		}
	}
	return count, sum
}

var errRefused = errors.New("the till refused the result")

// report sends the result, the receipts and the end. An error means that it is not final.
func (t *talk) report(script drivertest.Script, told *codec.Builder) error {
	result := t.numbered(apdu(told))
	if script.At == drivertest.AfterResult && script.Fault != drivertest.NoFault {
		plain, _ := result.Marshal()
		if !t.stream {
			plain = codec.Frame(plain)
		}
		t.write(plain)
		return t.fault(drivertest.AfterResult)
	}
	if script.Repeat && (!t.stream || t.counts) {
		plain, _ := result.Marshal()
		if !t.stream {
			plain = codec.Frame(plain)
		}
		t.write(plain)
		time.Sleep(time.Second)
	}
	m, err := t.wait(result, 30*time.Second)
	if err != nil {
		return err
	}
	if !m.Accepts() {
		return errRefused
	}
	locked(t.peer, func() int { t.acknowledged++; return 0 })
	if err := t.fault(drivertest.AfterAcknowledgement); err != nil {
		return err
	}
	return t.finish()
}

func (t *talk) finish() error {
	block := codec.AppendTLV(nil, codec.TagReceiptType, []byte{1})
	block = codec.AppendTLV(block, codec.TagPrintTexts,
		codec.AppendTLV(codec.AppendTLV(nil, codec.TagTextLine, []byte("Merchant")), codec.TagAttribute, []byte{0xFF}))
	for _, b := range []*codec.Builder{
		codec.Build(0x06, 0xD3).TLV(block), codec.Build(0x06, 0xD1).Raw(0).Raw([]byte("Customer")...), codec.Build(0x06, 0xD1).Raw(0x81).Raw([]byte("Thanks")...),
	} {
		if _, err := t.ask(apdu(b), 10*time.Second); err != nil {
			return err
		}
	}
	_, _ = t.ask(codec.APDU{Class: 0x06, Instr: 0x0F}, 10*time.Second) // final already: nothing depends on the answer
	return nil
}
