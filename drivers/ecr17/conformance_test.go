package ecr17_test

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/ecr17"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/ecr17sim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformanceSerial(t *testing.T) {
	t.Parallel()
	drivertest.CardTerminal(t, bench{})
}

func TestConformanceTCP(t *testing.T) {
	t.Parallel()
	drivertest.CardTerminal(t, bench{stream: true})
}

func TestConformanceWithReceipts(t *testing.T) {
	t.Parallel()
	drivertest.CardTerminal(t, bench{options: map[string]string{"receipts": "till", "check": "repeats"}})
}

// bench puts the simulated terminal into the conformance run.
type bench struct {
	stream  bool
	options map[string]string
}

func (b bench) Driver() drivers.Driver { return ecr17.Driver() }
func (b bench) Keeps() bool            { return true }
func (b bench) Settings() drivers.Settings {
	return drivers.Settings{Currency: "EUR", Stream: b.stream, Options: b.options}
}

func (b bench) NewPeer(t *testing.T) drivertest.Peer {
	p := &peer{t: t, script: drivertest.Script{Card: drivertest.Approves}}
	var err error
	if p.terminal, err = ecr17sim.New(ecr17sim.Options{Receipt: "BAR CENTRALE"}); err != nil {
		t.Fatal(err)
	}
	p.terminal.Observe(p.observe)
	return p
}

// peer is the simulated terminal with the moments at which the run wants a fault.
type peer struct {
	t        *testing.T
	terminal *ecr17sim.Terminal
	wire     *cable
	served   chan struct{}

	mu           sync.Mutex
	script       drivertest.Script
	commands     int
	acknowledged int
}

func (p *peer) Plug() drivers.Conn {
	p.unplug()
	till, device := drivertest.Wire()
	p.wire, p.served = &cable{End: device}, make(chan struct{})
	go func(wire *cable, served chan struct{}) {
		defer close(served)
		_ = p.terminal.Serve(context.Background(), wire)
	}(p.wire, p.served)
	return till
}

func (p *peer) unplug() {
	if p.wire != nil {
		p.wire.Close()
		<-p.served
	}
	p.wire = nil
}

func (p *peer) Close() {
	if err := p.terminal.Close(); err != nil {
		p.t.Error(err)
	}
	p.unplug()
}

func (p *peer) Next(s drivertest.Script) {
	p.mu.Lock()
	p.script = s
	p.mu.Unlock()
	p.terminal.TakeAway()
	p.set(s)
	p.strike(drivertest.BeforeCommand)
}

// set gives the terminal the card of a script. It is given again after each command, since a script holds until the next.
func (p *peer) set(s drivertest.Script) {
	card := ecr17sim.Card{Repeat: s.Repeat}
	switch s.Card {
	case drivertest.Declines:
		card.Do = ecr17sim.Decline
	case drivertest.Aborts:
		card.Do = ecr17sim.Abort
	case drivertest.Waits:
		card.Do = ecr17sim.NoCard
	case drivertest.Refuses:
		card.Do = ecr17sim.Refuse
	}
	p.terminal.Next(card)
	p.terminal.NextEndOfDay(card)
}

// observe counts, and strikes where the script wants it.
func (p *peer) observe(e ecr17sim.Event) {
	money := e.Command == "X" || e.Command == "P" || e.Command == "S" && e.Moment == ecr17sim.Received || e.Command == "C"
	switch {
	case e.Moment == ecr17sim.Received && money:
		p.locked(func() { p.commands++ })
		p.strike(drivertest.AfterCommand)
	case e.Moment == ecr17sim.Sent && (e.Command == "E" || e.Command == "C"):
		p.strike(drivertest.AfterResult)
	case e.Moment == ecr17sim.Acknowledged && e.Good:
		p.locked(func() { p.acknowledged++ })
		p.strike(drivertest.AfterAcknowledgement)
	}
}

func (p *peer) strike(at drivertest.Moment) {
	var s drivertest.Script
	p.locked(func() { s = p.script })
	switch {
	case s.At != at || s.Fault == drivertest.NoFault:
	case s.Fault == drivertest.Unplug:
		p.wire.Close()
	default:
		p.wire.mute.Store(true)
	}
}

func (p *peer) locked(do func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	do()
}

func (p *peer) Commands() (n int)     { p.locked(func() { n = p.commands }); return n }
func (p *peer) Acknowledged() (n int) { p.locked(func() { n = p.acknowledged }); return n }
func (p *peer) Returned() []pos.Money { return nil }

func (p *peer) Booked() []pos.Money {
	var all []pos.Money
	for _, t := range p.terminal.Memory().Transactions {
		if t.Counts() {
			all = append(all, pos.Money{Amount: t.Amount, Currency: "EUR"})
		}
	}
	return all
}

func (p *peer) Closed() []pos.Minor {
	var all []pos.Minor
	for _, s := range p.terminal.Memory().Settlements {
		all = append(all, s.Amount)
	}
	return all
}

// cable is the terminal's end of a wire that can fall silent.
type cable struct {
	*drivertest.End
	mute atomic.Bool
}

func (c *cable) Read(b []byte) (int, error) {
	for {
		n, err := c.End.Read(b)
		if err != nil || !c.mute.Load() {
			return n, err
		}
	}
}

func (c *cable) Write(b []byte) (int, error) {
	if c.mute.Load() {
		return len(b), nil
	}
	return c.End.Write(b)
}

var _ io.ReadWriteCloser = (*cable)(nil)
