package hypercom_test

import (
	"context"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/hypercom"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/hypercomsim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformanceOfRazer(t *testing.T) {
	t.Parallel()
	drivertest.CardTerminal(t, bench{profile: hypercomsim.Razer, currency: "MYR"})
}

// The other profile, over TCP, settles with two hosts and tells the longer totals. That of Ecuador differs from it by its lengths alone; the simulator's own
// tests sell at it over real wires.
func TestConformanceOfLinkPOS(t *testing.T) {
	t.Parallel()
	hosts := hypercomsim.Options{Hosts: []string{"VISA/MC", "TPN"}, WideTotals: true}
	drivertest.CardTerminal(t, bench{profile: hypercomsim.LinkPOS, currency: "THB", stream: true, terminal: hosts, every: 5})
}

// bench puts the simulated terminal into the conformance run.
type bench struct {
	profile  hypercomsim.Profile
	currency pos.Currency
	stream   bool
	terminal hypercomsim.Options
	every    int // where it loses its wire; 0 for each byte
}

func (b bench) Every() int             { return max(1, b.every) }
func (b bench) Driver() drivers.Driver { return hypercom.Driver() }
func (b bench) Keeps() bool            { return true }
func (b bench) Settings() drivers.Settings {
	return drivers.Settings{Currency: b.currency, Stream: b.stream, Options: map[string]string{"profile": string(b.profile)}}
}

func (b bench) NewPeer(t *testing.T) drivertest.Peer {
	p := &peer{t: t, script: drivertest.Script{Card: drivertest.Approves}}
	o := b.terminal
	o.Profile = b.profile
	var err error
	if p.terminal, err = hypercomsim.New(o); err != nil {
		t.Fatal(err)
	}
	p.terminal.Observe(p.observe)
	return p
}

// peer is the simulated terminal with the moments at which the run wants a fault.
type peer struct {
	t        *testing.T
	terminal *hypercomsim.Terminal
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
	p.locked(func() { p.script = s })
	p.terminal.TakeAway()
	p.set(s)
	p.strike(drivertest.BeforeCommand)
}

// set gives the terminal the card of a script.
func (p *peer) set(s drivertest.Script) {
	card := hypercomsim.Card{Link: hypercomsim.Link{Repeat: s.Repeat}}
	switch s.Card {
	case drivertest.Declines:
		card.Do = hypercomsim.Decline
	case drivertest.Aborts:
		card.Do = hypercomsim.Abort
	case drivertest.Waits:
		card.Do = hypercomsim.NoCard
	case drivertest.Refuses:
		card.Do = hypercomsim.Refuse
	}
	p.terminal.Next(card)
	p.terminal.NextEndOfDay(card)
}

// observe counts, and strikes where the script wants it.
func (p *peer) observe(e hypercomsim.Event) {
	money := slices.Contains([]string{"20", "26", "27", "40", "41", "50"}, e.Command)
	switch {
	case e.Moment == hypercomsim.Received && money:
		p.locked(func() { p.commands++ })
		p.strike(drivertest.AfterCommand)
	case e.Moment == hypercomsim.Sent && money:
		p.strike(drivertest.AfterResult)
	case e.Moment == hypercomsim.Acknowledged && e.Good:
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

func (p *peer) Booked() []pos.Money   { return p.list(hypercomsim.Transaction.Counts) }
func (p *peer) Returned() []pos.Money { return p.list(hypercomsim.Transaction.Returns) }

func (p *peer) list(which func(hypercomsim.Transaction) bool) (all []pos.Money) {
	m := p.terminal.Memory()
	for _, t := range m.Transactions {
		if which(t) {
			all = append(all, pos.Money{Amount: t.Amount, Currency: m.Currency})
		}
	}
	return all
}

func (p *peer) Closed() (all []pos.Minor) {
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
