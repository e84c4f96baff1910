package zvt

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// peer is a terminal of the simplest kind: one goroutine a wire, fixed answers, a memory of what it took. It shares the
// codec with the driver and nothing else.
type peer struct {
	stream bool

	mu           sync.Mutex
	script       drivertest.Script
	commands     int
	acknowledged int
	trace        uint64
	taken        []booking
	days         []pos.Minor
	timers       []*time.Timer

	conn drivers.Conn
	done chan struct{}
}

// booking is one transaction that the peer holds.
type booking struct {
	trace   uint64
	amount  pos.Minor
	what    drivers.Transaction
	of      uint64 // of a void: the trace of its sale
	settled bool
}

func newPeer(stream bool) *peer {
	return &peer{stream: stream, script: drivertest.Script{Card: drivertest.Approves}}
}

func (p *peer) Plug() drivers.Conn {
	p.unplug()
	till, device := drivertest.Wire()
	p.conn, p.done = device, make(chan struct{})
	go p.serve(device, p.done)
	return till
}

func (p *peer) unplug() {
	if p.conn != nil {
		p.conn.Close()
		<-p.done
	}
	p.conn = nil
}

func (p *peer) Close() {
	p.unplug()
	locked(p, func() int {
		for _, late := range p.timers {
			late.Stop()
		}
		return 0
	})
}

func (p *peer) Next(s drivertest.Script) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.script = s
	if s.At == drivertest.BeforeCommand && s.Fault == drivertest.Unplug {
		p.conn.Close()
	}
}

func (p *peer) Commands() int     { return locked(p, func() int { return p.commands }) }
func (p *peer) Acknowledged() int { return locked(p, func() int { return p.acknowledged }) }

func (p *peer) Booked() []pos.Money {
	return p.list(func(b booking) bool { return b.what == drivers.SaleOf && !p.voided(b) })
}

func (p *peer) Returned() []pos.Money {
	return p.list(func(b booking) bool { return b.what == drivers.RefundOf })
}

func (p *peer) Closed() []pos.Minor {
	return locked(p, func() []pos.Minor { return slices.Clone(p.days) })
}

func (p *peer) list(belongs func(booking) bool) []pos.Money {
	return locked(p, func() []pos.Money {
		var all []pos.Money
		for _, b := range p.taken {
			if belongs(b) {
				all = append(all, pos.Money{Amount: b.amount, Currency: "EUR"})
			}
		}
		return all
	})
}

// voided says whether a void of the sale is held; the caller holds the lock.
func (p *peer) voided(sale booking) bool {
	return slices.ContainsFunc(p.taken, func(b booking) bool { return b.what == drivers.VoidOf && b.of == sale.trace })
}

func locked[T any](p *peer, read func() T) T {
	p.mu.Lock()
	defer p.mu.Unlock()
	return read()
}

func apdu(b *codec.Builder) codec.APDU {
	a, err := b.APDU()
	if err != nil {
		panic(err)
	}
	return a
}

// command plays one command of the till.
func (t *talk) command(m codec.APDU) error {
	switch {
	case m.Is(0x06, 0x00):
		return t.steps(codec.Build(0x80, 0), codec.Build(0x06, 0x0F).Field(codec.PaymentType, 0).Number(codec.TerminalID, 12345678).Number(codec.CurrencyCode, 978))
	case m.Is(0x05, 0x01):
		return t.steps(codec.Build(0x80, 0), codec.Build(0x06, 0x0F).Raw(0))
	case m.Is(0x06, 0x20):
		return t.repeat()
	case m.Is(0x06, 0x01):
		return t.money(drivers.SaleOf, m.Data)
	case m.Is(0x06, 0x30):
		return t.money(drivers.VoidOf, m.Data[3:])
	case m.Is(0x06, 0x31):
		return t.money(drivers.RefundOf, m.Data[3:])
	case m.Is(0x06, 0x50):
		return t.endOfDay()
	case m.Is(0x06, 0x10):
		return t.steps(codec.Build(0x80, 0), dayTotals(t.sumDay()), codec.Build(0x06, 0x0F))
	case m.Reply():
		return nil
	}
	return t.send(codec.APDU{Class: 0x80})
}

// steps sends a reply and then commands, each of which must be answered.
func (t *talk) steps(reply *codec.Builder, more ...*codec.Builder) error {
	if err := t.send(apdu(reply)); err != nil {
		return err
	}
	for _, b := range more {
		if _, err := t.ask(apdu(b), 10*time.Second); err != nil {
			return err
		}
	}
	return nil
}

func (t *talk) repeat() error {
	last := locked(t.peer, func() *booking {
		if len(t.taken) == 0 {
			return nil
		}
		b := t.taken[len(t.taken)-1]
		return &b
	})
	if last == nil {
		return t.steps(codec.Build(0x80, 0), codec.Build(0x06, 0x1E).Raw(0x65))
	}
	return t.steps(codec.Build(0x80, 0), success(*last), codec.Build(0x06, 0x0F))
}

func success(b booking) *codec.Builder {
	inner := codec.AppendTLV(codec.AppendTLV(nil, codec.TagOnline, []byte{1}), codec.TagEntry, []byte{2})
	report := codec.Build(0x04, 0x0F)
	if b.of > 0 {
		report.Number(codec.OriginalTrace, b.of)
	}
	return report.Field(codec.ResultCode, 0).Number(codec.Amount, uint64(b.amount)).Number(codec.CurrencyCode, 978).
		Number(codec.Trace, b.trace).Number(codec.ReceiptNo, b.trace%10000).Number(codec.TerminalID, 12345678).
		Number(codec.TimeOfDay, 101530).Number(codec.MonthDay, 1122).Field(codec.PAN, 0x47, 0x61, 0x73, 0xEE, 0xEE, 0xEE, 0x01, 0x19).
		Field(codec.CardType, 10).Text(codec.CardName, "VISA\x00").Text(codec.AuthCode, "A1B2C3").
		TLV(codec.AppendTLV(nil, codec.TagTransaction, inner))
}

// fault strikes if the script wants it at this moment.
func (t *talk) fault(at drivertest.Moment) error {
	s := locked(t.peer, func() drivertest.Script { return t.script })
	switch {
	case s.At != at || s.Fault == drivertest.NoFault:
		return nil
	case s.Fault == drivertest.Unplug:
		t.conn.Close()
	default:
		locked(t.peer, func() bool { t.mute = true; return true })
		_, _ = t.receive(24 * time.Hour)
	}
	return errGone
}

// bench joins driver and peer for the conformance run.
type bench struct{ stream bool }

func (b bench) Keeps() bool                        { return false }
func (b bench) Driver() drivers.Driver             { return Driver() }
func (b bench) NewPeer(*testing.T) drivertest.Peer { return newPeer(b.stream) }
func (b bench) Settings() drivers.Settings {
	return drivers.Settings{Currency: "EUR", Stream: b.stream}
}
