package idtech_test

import (
	"context"
	"testing"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/idtech"
	"github.com/tillproof/tillproof/simulator/idtechsim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) { drivertest.CardReader(t, bench{}) }

// TestConformanceOriginal runs at a reader whose format cannot be told anew.
func TestConformanceOriginal(t *testing.T) {
	drivertest.CardReader(t, bench{options: map[string]string{"format": "keep"}})
}

// TestConformanceNEO2 runs at a reader of chip and contactless cards, named and found out.
func TestConformanceNEO2(t *testing.T) {
	for _, protocol := range []string{"neo2", "auto"} {
		t.Run(protocol, func(t *testing.T) {
			drivertest.CardReader(t, bench{options: map[string]string{"protocol": protocol}, neo2: true})
		})
	}
}

// bench is the driver with the simulated reader.
type bench struct {
	options map[string]string
	neo2    bool
}

func (bench) Driver() drivers.Driver { return idtech.Driver() }

func (b bench) Settings() drivers.Settings { return drivers.Settings{Options: b.options} }

func (bench) Secrets() []string {
	card := idtechsim.TestCardOfBothTracks()
	return []string{"4111111111111111", card.Track1, card.Track2, "DOE", "1010000000000", "\x41\x11\x11\x11\x11\x11\x11\x11", "\x30\x12\x10\x10"}
}

func (b bench) NewPeer(t *testing.T) drivertest.ReaderPeer {
	sim, err := idtechsim.New(idtechsim.Options{NEO2: b.neo2})
	if err != nil {
		t.Fatal(err)
	}
	return &peer{t: t, sim: sim, neo2: b.neo2}
}

// peer adapts the simulated reader.
type peer struct {
	t      *testing.T
	sim    *idtechsim.Reader
	neo2   bool
	served chan error
	end    func()
}

func (p *peer) Plug() drivers.Conn {
	p.unplug()
	till, device := drivertest.Wire()
	ctx, end := context.WithCancel(context.Background())
	served := make(chan error, 1)
	p.served, p.end = served, end
	go func() { served <- p.sim.Serve(ctx, device) }()
	return till
}

func (p *peer) unplug() {
	if p.end != nil {
		p.end()
		<-p.served
		p.end = nil
	}
}

func (p *peer) Draw(swipe drivertest.Swipe) []byte {
	card := idtechsim.TestCardOfBothTracks()
	switch swipe {
	case drivertest.Unreadable:
		card.Do = idtechsim.Unreadable
	case drivertest.ClearFrame:
		card.Do = idtechsim.ClearFlag
	case drivertest.ClearText:
		card.Do = idtechsim.ClearText
	case drivertest.Unmasked:
		card.Do = idtechsim.Unmasked
	case drivertest.Replayed:
		card.Do = idtechsim.Repeat
	case drivertest.Backwards:
		card.Do = idtechsim.Backwards
	case drivertest.Keyless:
		card.Do = idtechsim.NoKSN
	case drivertest.OtherKey:
		card.Do = idtechsim.OtherKey
	case drivertest.HasChip:
		card.Chip = true
		card.Entry = idtechsim.Drawn // of which the other entries make use
	}
	if p.neo2 && swipe == drivertest.ClearText { // everything stands in a frame there
		return nil
	}
	if p.original() && (card.Do == idtechsim.NoKSN || card.Chip) { // the format has no flags
		return nil
	}
	out, err := p.sim.Draw(card)
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

func (p *peer) original() bool { return p.sim.Memory().Settings["85"] == "30" }

func (p *peer) Send(b []byte) {
	if err := p.sim.Send(b); err != nil {
		p.t.Log("the reader could not send:", err)
	}
}

func (p *peer) Weaken(how drivertest.Weakness) {
	level := map[drivertest.Weakness]string{drivertest.NoKeys: "1", drivertest.KeysIdle: "2", drivertest.UsedUp: "0"}[how]
	switch how {
	case drivertest.NotHidden:
		_ = p.sim.Set(0x4C, '0')
	case drivertest.Dumb:
		p.sim.Mute(true)
	default:
		_ = p.sim.SetLevel(level)
	}
}

func (p *peer) BIN() string    { return "411111" }
func (p *peer) Last4() string  { return "1111" }
func (p *peer) Serial() string { return "SIM0000001" }

func (p *peer) Close() {
	p.unplug()
	_ = p.sim.Close()
}
