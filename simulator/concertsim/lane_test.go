package concertsim_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/concert"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/concertsim"
	"github.com/tillproof/tillproof/simulator/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lane is a till's driver at a simulated terminal, in virtual time.
type lane struct {
	t      *testing.T
	sim    *concertsim.Terminal
	o      concertsim.Options
	till   *drivertest.End
	served chan error
	driver drivers.CardTerminal

	sales  int
	stored []drivers.Result
	shown  []string
}

// inLane runs a test on a fresh terminal and the driver that fits it.
func inLane(t *testing.T, o concertsim.Options, options map[string]string, test func(l *lane)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sim, err := concertsim.New(o)
		if err != nil {
			t.Fatal(err)
		}
		defer sim.Close()
		l := &lane{t: t, sim: sim, o: o}
		l.plug(options, wire.Options{})
		defer func() { l.unplug() }()
		l.open()
		test(l)
	})
}

// plug gives driver and terminal a new wire.
func (l *lane) plug(options map[string]string, faults wire.Options) {
	l.t.Helper()
	till, device := drivertest.Wire()
	l.till, l.served = till, make(chan error, 1)
	go func() { l.served <- l.sim.Serve(context.Background(), wire.New(device, faults)) }()
	settings := map[string]string{}
	if l.o.Generation == concertsim.V3 {
		settings["generation"] = "v3"
	}
	maps.Copy(settings, options)
	d, err := concert.Driver().NewCardTerminal(till, drivers.Settings{Currency: "EUR", Stream: l.o.Stream, Options: settings})
	if err != nil {
		l.t.Fatal(err)
	}
	l.driver = d
}

func (l *lane) unplug() {
	_ = l.till.Close()
	<-l.served
}

func (l *lane) open() {
	l.t.Helper()
	if _, err := l.driver.Open(context.Background()); err != nil {
		l.t.Fatal(err)
	}
}

func euros(minor pos.Minor) pos.Money { return pos.Money{Amount: minor, Currency: "EUR"} }

func (l *lane) command(amount pos.Minor) drivers.Sale {
	l.sales++
	l.stored = nil
	return drivers.Sale{Amount: euros(amount), Ref: l.ref(), Progress: func(p drivers.Progress) { l.shown = append(l.shown, p.Text) },
		Commit: func(r drivers.Result) error { l.stored = append(l.stored, r); return nil }}
}

func (l *lane) ref() string { return fmt.Sprintf("sale %d", l.sales) }

func (l *lane) sell(amount pos.Minor) (drivers.Outcome, error) {
	return l.driver.Sale(context.Background(), l.command(amount))
}

// recover asks for the last command until there is a verdict.
func (l *lane) recover(what drivers.Transaction, amount pos.Minor) drivers.Recovery {
	l.t.Helper()
	p := drivers.Pending{What: what, Ref: l.ref(), Amount: euros(amount), Before: drivers.Last{Untold: true}}
	if n := len(l.stored); n > 0 {
		p.Stored = &l.stored[n-1]
	}
	for {
		r, err := l.driver.Recover(context.Background(), p)
		if err != nil {
			l.t.Fatalf("recover: %v", err)
		}
		if r.Again == 0 {
			return r
		}
		time.Sleep(r.Again)
	}
}

func (l *lane) held() pos.Minor { return l.sim.Memory().Totals()[pos.Card]["EUR"].Amount }

// how is the end of a command in one word: a decision, or a code and what it means for the money.
func how(out drivers.Outcome, err error) string {
	if err == nil {
		return string(out.Result.Decision)
	}
	var known *pos.Error
	if !errors.As(err, &known) {
		return err.Error()
	}
	return string(known.Code) + " " + string(known.Money)
}

func noFaults() wire.Options { return wire.Options{} }

// hearAnything lets a terminal hear bytes of nobody in particular, for ten minutes.
func hearAnything(t *testing.T, o concertsim.Options, said []byte) {
	synctest.Test(t, func(t *testing.T) {
		sim, err := concertsim.New(o)
		if err != nil {
			t.Fatal(err)
		}
		till, device := drivertest.Wire()
		served := make(chan error, 1)
		go func() { served <- sim.Serve(context.Background(), device) }()
		_, _ = till.Write(said)
		time.Sleep(10 * time.Minute)
		till.Close()
		if err := <-served; err == nil {
			t.Error("Serve ends without an error")
		}
		_ = sim.Close()
	})
}
