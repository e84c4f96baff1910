package zvt

import (
	"errors"
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

	conn drivers.Conn
	done chan struct{}
}

// booking is one transaction that the peer holds.
type booking struct {
	trace  uint64
	amount pos.Minor
}

func newPeer(stream bool) *peer {
	return &peer{stream: stream, script: drivertest.Script{Card: drivertest.Approves}}
}

func (p *peer) Plug() drivers.Conn {
	p.Close()
	till, device := drivertest.Wire()
	p.conn, p.done = device, make(chan struct{})
	go p.serve(device, p.done)
	return till
}

func (p *peer) Close() {
	if p.conn != nil {
		p.conn.Close()
		<-p.done
	}
	p.conn = nil
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
	return locked(p, func() []pos.Money {
		var all []pos.Money
		for _, b := range p.taken {
			all = append(all, pos.Money{Amount: b.amount, Currency: "EUR"})
		}
		return all
	})
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
		return t.sale(m)
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
	return codec.Build(0x04, 0x0F).Field(codec.ResultCode, 0).Number(codec.Amount, uint64(b.amount)).Number(codec.CurrencyCode, 978).
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

func (t *talk) sale(m codec.APDU) error {
	script := locked(t.peer, func() drivertest.Script { t.commands++; return t.script })
	fields, _, _ := codec.ParseFields(m.Data)
	amount, _ := fields.Number(codec.Amount)
	if err := t.fault(drivertest.AfterCommand); err != nil {
		return err
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
		return t.wait()
	}
	return t.approve(script, pos.Minor(amount))
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
func (t *talk) wait() error {
	m, err := t.receive(2 * time.Minute)
	if err == nil && m.Is(0x06, 0xB0) {
		if err := t.send(codec.APDU{Class: 0x80}); err != nil {
			return err
		}
	}
	return t.failed(0x6C)
}

func (t *talk) approve(script drivertest.Script, amount pos.Minor) error {
	b := locked(t.peer, func() booking {
		t.trace++
		b := booking{t.trace, amount}
		t.taken = append(t.taken, b)
		return b
	})
	err := t.report(script, b)
	if err != nil && !script.Keep {
		locked(t.peer, func() bool {
			t.taken = slices.DeleteFunc(t.taken, func(o booking) bool { return o == b })
			return true
		})
	}
	if errors.Is(err, errRefused) {
		return t.failed(0x6C)
	}
	return err
}

var errRefused = errors.New("the till refused the result")

// report sends the result, the receipts and the end. An error means that the sale is not final.
func (t *talk) report(script drivertest.Script, b booking) error {
	result := apdu(success(b))
	if script.At == drivertest.AfterResult && script.Fault != drivertest.NoFault {
		plain, _ := result.Marshal()
		if !t.stream {
			plain = codec.Frame(plain)
		}
		t.write(plain)
		return t.fault(drivertest.AfterResult)
	}
	if script.Repeat && !t.stream {
		plain, _ := result.Marshal()
		t.write(codec.Frame(plain))
		time.Sleep(time.Second)
	}
	m, err := t.ask(result, 30*time.Second)
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
		codec.Build(0x06, 0x0F),
	} {
		if _, err := t.ask(apdu(b), 10*time.Second); err != nil {
			return err
		}
	}
	return nil
}

// bench joins driver and peer for the conformance run.
type bench struct{ stream bool }

func (b bench) Driver() drivers.Driver             { return Driver() }
func (b bench) NewPeer(*testing.T) drivertest.Peer { return newPeer(b.stream) }
func (b bench) Settings() drivers.Settings {
	return drivers.Settings{Currency: "EUR", Stream: b.stream}
}
