package zvt

import (
	"bytes"
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
	t      *testing.T
	stream bool
	ids    bool // echoes the wish for message ids, and counts
	unused bool // knows no 06 24, and tells what 06 23 frees

	mu           sync.Mutex
	script       drivertest.Script
	commands     int
	acknowledged int
	trace        uint64
	taken        []deal
	days         []pos.Minor
	timers       []*time.Timer
	wrong        string // id of the till

	conn drivers.Conn
	done chan struct{}
}

// deal is one transaction that the peer holds.
type deal struct {
	trace   uint64
	amount  pos.Minor
	what    drivers.Transaction
	of      uint64 // of a void, booking or release: the trace of its sale or reservation
	settled bool
}

func newPeer(t *testing.T, b bench) *peer {
	return &peer{t: t, stream: b.stream, ids: b.ids, unused: b.unused, script: drivertest.Script{Card: drivertest.Approves}}
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
	return p.list(func(b deal) bool { return b.taken() && !p.ended(b) })
}

func (p *peer) Returned() []pos.Money {
	return p.list(func(b deal) bool { return b.what == drivers.RefundOf })
}

func (p *peer) Closed() []pos.Minor {
	return locked(p, func() []pos.Minor { return slices.Clone(p.days) })
}

func (p *peer) list(belongs func(deal) bool) []pos.Money {
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

// Held implements [drivertest.Reserves].
func (p *peer) Held() []pos.Money {
	return p.list(func(b deal) bool { return b.what == drivers.ReservationOf && !p.ended(b) })
}

// taken says whether the deal is money of the shop.
func (b deal) taken() bool { return b.what == drivers.SaleOf || b.what == drivers.BookingOf }

// ended says whether a void of the sale, or a booking or release of the reservation, is there; the caller holds the lock.
func (p *peer) ended(first deal) bool {
	return slices.ContainsFunc(p.taken, func(b deal) bool { return b.of == first.trace })
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
		return t.register(m)
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
	case m.Is(0x06, 0x22):
		return t.money(drivers.ReservationOf, m.Data)
	case m.Is(0x06, 0x23) && slices.Equal(m.Data, []byte{0x87, 0xFF, 0xFF}):
		return t.steps(codec.Build(0x80, 0), t.openList())
	case m.Is(0x06, 0x24) && !t.unused, m.Is(0x06, 0x23) && t.unused:
		return t.money(drivers.BookingOf, m.Data)
	case m.Is(0x06, 0x25):
		return t.money(drivers.ReleaseOf, m.Data)
	case m.Is(0x06, 0x50):
		return t.endOfDay()
	case m.Is(0x06, 0x10):
		return t.steps(codec.Build(0x80, 0), dayTotals(t.sumDay()), codec.Build(0x06, 0x0F))
	case m.Reply():
		return nil
	case m.Is(0x06, 0x02), m.Is(0x06, 0xB0):
		return t.send(codec.APDU{Class: 0x80})
	}
	return t.send(codec.APDU{Class: 0x84, Instr: 0x83})
}

func (t *talk) register(m codec.APDU) error {
	done := codec.Build(0x06, 0x0F).Field(codec.PaymentType, 0).Number(codec.TerminalID, 12345678).Number(codec.CurrencyCode, 978)
	wish := []byte{0x1F, 0x73, 3, 0, 0, 0}
	agreed := t.ids && bytes.HasSuffix(m.Data, wish)
	if t.ids && !agreed {
		t.misnumbered(m)
	}
	if agreed {
		done.TLV(wish)
	}
	err := t.steps(codec.Build(0x80, 0), done)
	t.counts, t.id, t.till = agreed, 0, 0
	return err
}

// openList is the end of 06 23 with FFFF: B8, the first reservation's number, and all of them in TLV 23.
func (t *talk) openList() *codec.Builder {
	open := locked(t.peer, func() (all []uint64) {
		for _, b := range t.taken {
			if b.what == drivers.ReservationOf && !t.ended(b) {
				all = append(all, b.trace%10000)
			}
		}
		return all
	})
	end := codec.Build(0x06, 0x1E).Raw(0xB8)
	if len(open) == 0 {
		return end.Field(codec.ReceiptNo, 0xFF, 0xFF)
	}
	var list []byte
	for _, receipt := range open {
		digits, _ := codec.BCD(receipt, 2)
		list = codec.AppendTLV(list, codec.TagReceiptNo, digits)
	}
	return end.Number(codec.ReceiptNo, open[0]).TLV(codec.AppendTLV(nil, codec.TagOpenReservations, list))
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
	last := locked(t.peer, func() *deal {
		if len(t.taken) == 0 {
			return nil
		}
		b := t.taken[len(t.taken)-1]
		return &b
	})
	if last == nil {
		return t.steps(codec.Build(0x80, 0), codec.Build(0x06, 0x1E).Raw(0x65))
	}
	return t.steps(codec.Build(0x80, 0), t.success(*last), codec.Build(0x06, 0x0F))
}

// success is the 04 0F of a deal. A reversal names what it takes back; a booking by what is left tells that.
func (t *talk) success(b deal) *codec.Builder {
	inner := codec.AppendTLV(codec.AppendTLV(nil, codec.TagOnline, []byte{1}), codec.TagEntry, []byte{2})
	report := codec.Build(0x04, 0x0F)
	if b.of > 0 && b.what != drivers.BookingOf {
		report.Number(codec.OriginalTrace, b.of)
	}
	if t.unused && b.what == drivers.BookingOf {
		b.amount = locked(t.peer, func() pos.Minor { return t.find(b.of).amount }) - b.amount
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
type bench struct {
	stream bool
	ids    bool // counts messages
	unused bool // books by what is left
	every  int  // byte at which the wire is lost
}

func (b bench) Keeps() bool                          { return false }
func (b bench) Retold() bool                         { return true } // PA00P016: up to three sends after T2
func (b bench) Driver() drivers.Driver               { return Driver() }
func (b bench) Every() int                           { return max(1, b.every) }
func (b bench) NewPeer(t *testing.T) drivertest.Peer { return newPeer(t, b) }
func (b bench) Settings() drivers.Settings {
	s := drivers.Settings{Currency: "EUR", Stream: b.stream, Options: map[string]string{}}
	if b.unused {
		s.Options["booking"] = "partial_reversal"
	}
	return s
}
