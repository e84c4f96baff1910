package concert_test

import (
	"context"
	"maps"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/concert"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/concertsim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformanceEPlus(t *testing.T) { drivertest.CardTerminal(t, bench{}) }

func TestConformanceEPlusThatCallsAgain(t *testing.T) {
	drivertest.CardTerminal(t, bench{options: concertsim.Options{Persistent: true}})
}

func TestConformanceV3(t *testing.T) {
	drivertest.CardTerminal(t, bench{options: concertsim.Options{Generation: concertsim.V3}, settings: map[string]string{"generation": "v3"}})
}

func TestConformancePayXpert(t *testing.T) {
	drivertest.CardTerminal(t, bench{options: concertsim.Options{Generation: concertsim.V3, PayXpert: true},
		settings: map[string]string{"generation": "v3", "status_query": "payxpert"}})
}

func TestConformanceV3OverTCP(t *testing.T) {
	drivertest.CardTerminal(t, bench{options: concertsim.Options{Generation: concertsim.V3, Stream: true}, settings: map[string]string{"generation": "v3"}})
}

func TestConformancePayXpertOverTCP(t *testing.T) {
	drivertest.CardTerminal(t, bench{options: concertsim.Options{Generation: concertsim.V3, Stream: true, PayXpert: true},
		settings: map[string]string{"generation": "v3", "status_query": "payxpert"}})
}

// bench puts the driver before the simulated terminal.
type bench struct {
	options  concertsim.Options
	settings map[string]string
}

func (b bench) Driver() drivers.Driver { return concert.Driver() }

func (b bench) Settings() drivers.Settings {
	settings := map[string]string{"answer_wait_s": "70"} // long enough for a customer who waits a minute; the run listens for as long hundreds of times
	maps.Copy(settings, b.settings)
	return drivers.Settings{Currency: "EUR", Stream: b.options.Stream, Options: settings}
}

func (b bench) Keeps() bool { return true }

// Silent says that bare tags over TCP have no acknowledgement.
func (b bench) Silent() bool { return b.options.Stream }

func (b bench) NewPeer(t *testing.T) drivertest.Peer {
	o := b.options
	o.CardAfter, o.NoTicket = 2*time.Second, true
	sim, err := concertsim.New(o)
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{sim: sim}
	sim.Observe(p.observe)
	return p
}

// peer makes the simulated terminal a peer of the conformance run.
type peer struct {
	sim *concertsim.Terminal

	mu           sync.Mutex
	script       drivertest.Script
	commands     int
	acknowledged int
	cord         *cord
	served       chan struct{}
}

func (p *peer) Plug() drivers.Conn {
	p.unplug()
	till, device := drivertest.Wire()
	c, served := &cord{End: device}, make(chan struct{})
	p.mu.Lock()
	p.cord, p.served = c, served
	p.mu.Unlock()
	go func() {
		defer close(served)
		_ = p.sim.Serve(context.Background(), c)
	}()
	return till
}

func (p *peer) unplug() {
	p.mu.Lock()
	c, served := p.cord, p.served
	p.mu.Unlock()
	if c != nil {
		c.Close()
		<-served
	}
}

func (p *peer) Close() {
	p.unplug()
	_ = p.sim.Close()
}

func (p *peer) Next(s drivertest.Script) {
	p.sim.Occupy(s.Card == drivertest.Refuses)
	p.sim.Usually(card(s))
	p.mu.Lock()
	p.script = s
	p.mu.Unlock()
	p.strike(drivertest.BeforeCommand)
}

func card(s drivertest.Script) concertsim.Card {
	c := concertsim.Card{Quirks: concertsim.Quirks{Repeat: s.Repeat}}
	switch s.Card {
	case drivertest.Declines:
		c.Do = concertsim.Decline
	case drivertest.Aborts:
		c.Do = concertsim.CustomerAbort
	case drivertest.Waits:
		c.Do, c.After = concertsim.CustomerAbort, time.Minute
	}
	return c
}

func (p *peer) observe(e concertsim.Event) {
	if e.Kind == "" {
		return
	}
	p.mu.Lock()
	switch {
	case e.Moment == concertsim.Received:
		p.commands++
	case e.Moment == concertsim.Delivered && e.Good:
		p.acknowledged++
	}
	p.mu.Unlock()
	switch e.Moment {
	case concertsim.Received:
		p.strike(drivertest.AfterCommand)
	case concertsim.Told:
		p.strike(drivertest.AfterResult)
	case concertsim.Delivered:
		p.strike(drivertest.AfterAcknowledgement)
	}
}

// strike makes the fault of the script where its moment is now.
func (p *peer) strike(now drivertest.Moment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.script.At != now:
	case p.script.Fault == drivertest.Unplug:
		p.cord.Close()
	case p.script.Fault == drivertest.Mute:
		p.cord.silence()
	}
}

func (p *peer) Commands() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.commands
}

func (p *peer) Acknowledged() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.acknowledged
}

func (p *peer) Booked() []pos.Money { return p.list(concertsim.Transaction.Counts) }

func (p *peer) Returned() []pos.Money { return p.list(concertsim.Transaction.Returns) }

func (p *peer) list(belongs func(concertsim.Transaction) bool) (all []pos.Money) {
	for _, t := range p.sim.Memory().Transactions {
		if belongs(t) {
			all = append(all, pos.Money{Amount: t.Amount, Currency: t.Currency})
		}
	}
	return all
}

func (p *peer) Closed() []pos.Minor { return nil }

// cord is the terminal's end of a wire that can fall silent.
type cord struct {
	*drivertest.End
	mu   sync.Mutex
	mute bool
}

func (c *cord) silence() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mute = true
}

func (c *cord) muted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mute
}

func (c *cord) Read(b []byte) (int, error) {
	for {
		n, err := c.End.Read(b)
		if err != nil || !c.muted() {
			return n, err
		}
	}
}

func (c *cord) Write(b []byte) (int, error) {
	if c.muted() {
		return len(b), nil
	}
	return c.End.Write(b)
}
