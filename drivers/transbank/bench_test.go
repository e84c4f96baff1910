package transbank_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/transbank"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/transbanksim"
)

// bench runs the laws on the simulated terminal.
type bench struct {
	options  map[string]string
	terminal transbanksim.Options
}

func (b bench) Driver() drivers.Driver { return transbank.Driver() }
func (b bench) Settings() drivers.Settings {
	return drivers.Settings{Currency: "CLP", Options: b.options}
}
func (b bench) Keeps() bool { return true }

func (b bench) NewPeer(t *testing.T) drivertest.Peer {
	t.Helper()
	pt, err := transbanksim.New(b.terminal)
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{pt: pt}
	pt.Observe(p.observe)
	return p
}

// peer is the simulated terminal on a wire that can be struck.
type peer struct {
	pt     *transbanksim.Terminal
	served sync.WaitGroup

	mu           sync.Mutex
	script       drivertest.Script
	cable        *cable
	commands     int
	acknowledged int
}

// cable is the terminal's end of a wire.
type cable struct {
	*drivertest.End
	mute atomic.Bool
}

func (c *cable) Read(b []byte) (int, error) {
	for {
		if n, err := c.End.Read(b); err != nil || !c.mute.Load() {
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

func (p *peer) Plug() drivers.Conn {
	till, device := drivertest.Wire()
	c := &cable{End: device}
	p.mu.Lock()
	old := p.cable
	p.cable = c
	p.mu.Unlock()
	if old != nil {
		_ = old.Close()
	}
	p.served.Go(func() { _ = p.pt.Serve(context.Background(), c) })
	return till
}

func (p *peer) Close() {
	_ = p.pt.Close()
	p.served.Wait()
}

func (p *peer) Next(s drivertest.Script) {
	c := transbanksim.Card{Do: map[drivertest.Card]transbanksim.Do{drivertest.Approves: transbanksim.Approve, drivertest.Declines: transbanksim.Decline,
		drivertest.Aborts: transbanksim.Abort, drivertest.Waits: transbanksim.Wait, drivertest.Refuses: transbanksim.Refuse}[s.Card]}
	if s.Repeat {
		c.Link.Repeat = 1
	}
	p.pt.Usual(c)
	p.mu.Lock()
	p.script = s
	p.mu.Unlock()
	p.strike(drivertest.BeforeCommand)
}

// strike is the moment of a fault.
func (p *peer) strike(at drivertest.Moment) {
	p.mu.Lock()
	s, c := p.script, p.cable
	p.mu.Unlock()
	switch {
	case s.At != at:
	case s.Fault == drivertest.Unplug:
		_ = c.Close()
	case s.Fault == drivertest.Mute:
		c.mute.Store(true)
	}
}

func (p *peer) observe(e transbanksim.Event) {
	if e.Moment == transbanksim.Taken {
		p.count(&p.commands)
		p.strike(drivertest.AfterCommand)
	}
	switch e.Command {
	case "0210", "0271", "1210", "0510":
	default:
		return
	}
	switch e.Moment {
	case transbanksim.Told:
		p.strike(drivertest.AfterResult)
	case transbanksim.Acknowledged:
		if e.Code == "00" {
			p.count(&p.acknowledged)
		}
		p.strike(drivertest.AfterAcknowledgement)
	}
}

func (p *peer) count(n *int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*n++
}

func (p *peer) read(n *int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return *n
}

func (p *peer) Commands() int     { return p.read(&p.commands) }
func (p *peer) Acknowledged() int { return p.read(&p.acknowledged) }

func (p *peer) Booked() (all []pos.Money) {
	for _, s := range p.pt.Memory().Sales {
		if !s.Voided {
			all = append(all, pos.Money{Amount: s.Amount, Currency: "CLP"})
		}
	}
	return all
}

func (p *peer) Returned() []pos.Money { return nil }

func (p *peer) Closed() (all []pos.Minor) {
	for _, s := range p.pt.Memory().Settlements {
		all = append(all, s.Amount)
	}
	return all
}
