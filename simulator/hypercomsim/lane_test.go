package hypercomsim_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/hypercom"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/hypercomsim"
	"github.com/tillproof/tillproof/simulator/wire"
)

// lane is a till's driver at a simulated terminal, in virtual time.
type lane struct {
	t       *testing.T
	pt      *hypercomsim.Terminal
	options map[string]string // of the driver
	near    drivers.Conn
	faulty  *wire.Faulty
	served  chan error
	driver  drivers.CardTerminal
	last    drivers.Last
	stored  []drivers.Result
	refs    int

	mu     sync.Mutex
	events []hypercomsim.Event
}

// play switches a terminal on, plugs a till in, and opens it.
func play(t *testing.T, o hypercomsim.Options, options map[string]string, script func(*lane)) {
	t.Helper()
	playOn(t, o, options, wire.Options{}, func(l *lane) {
		l.open()
		script(l)
	})
}

// playOn does so with a damaged wire, and does not open the terminal.
func playOn(t *testing.T, o hypercomsim.Options, options map[string]string, damage wire.Options, script func(*lane)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		pt, err := hypercomsim.New(o)
		if err != nil {
			t.Fatal(err)
		}
		l := &lane{t: t, pt: pt, options: map[string]string{"profile": string(o.Profile)}}
		if o.Profile == "" {
			l.options["profile"] = "razer"
		}
		for name, value := range options {
			l.options[name] = value
		}
		pt.Observe(func(e hypercomsim.Event) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.events = append(l.events, e)
		})
		l.plug(damage)
		defer func() {
			l.unplug()
			if err := pt.Close(); err != nil {
				t.Error(err)
			}
		}()
		script(l)
	})
}

// plug gives driver and terminal a new wire.
func (l *lane) plug(o wire.Options) {
	l.t.Helper()
	near, far := drivertest.Wire()
	l.near, l.faulty, l.served = near, wire.New(far, o), make(chan error, 1)
	go func(served chan error) {
		defer close(served)
		served <- l.pt.Serve(context.Background(), l.faulty)
	}(l.served)
	l.attach()
}

// attach makes a new driver on the same wire, as after a till's restart.
func (l *lane) attach() {
	l.t.Helper()
	d, err := hypercom.Driver().NewCardTerminal(l.near, drivers.Settings{Currency: l.currency(), Options: l.options})
	if err != nil {
		l.t.Fatal(err)
	}
	l.driver = d
}

func (l *lane) currency() pos.Currency { return l.pt.Memory().Currency }

func (l *lane) unplug() {
	_ = l.near.Close()
	if err, open := <-l.served; open && err == nil {
		l.t.Error("Serve ended without an error")
	}
}

// again plugs a new wire in.
func (l *lane) again() {
	l.t.Helper()
	l.unplug()
	l.plug(wire.Options{})
	l.open()
}

func (l *lane) open() {
	l.t.Helper()
	last, err := l.driver.Open(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	l.last = last
}

func (l *lane) money(minor pos.Minor) pos.Money {
	return pos.Money{Amount: minor, Currency: l.currency()}
}

func (l *lane) command(amount pos.Minor) drivers.Sale {
	l.refs++
	l.stored = nil
	return drivers.Sale{Amount: l.money(amount), Ref: "sale " + time.Now().Format(time.RFC3339Nano) + string(rune('a'+l.refs%26)),
		Progress: func(drivers.Progress) {},
		Commit:   func(r drivers.Result) error { l.stored = append(l.stored, r); return nil }}
}

func (l *lane) sell(amount pos.Minor) (drivers.Outcome, error) {
	return l.driver.Sale(l.t.Context(), l.command(amount))
}

// sold makes a sale that must be approved.
func (l *lane) sold(amount pos.Minor) drivers.Outcome {
	l.t.Helper()
	out, err := l.sell(amount)
	if err != nil || out.Result.Decision != drivers.Approved {
		l.t.Fatalf("sale over %d: %+v, %v", amount, out, err)
	}
	l.last = drivers.Last{Trace: out.Result.Trace, ReceiptNo: out.Result.ReceiptNo}
	return out
}

// lost makes a sale whose outcome must be unknown.
func (l *lane) lost(amount pos.Minor) drivers.Pending {
	l.t.Helper()
	sale := l.command(amount)
	p := drivers.Pending{Ref: sale.Ref, Amount: sale.Amount, Before: l.last, Begun: time.Now()}
	out, err := l.driver.Sale(l.t.Context(), sale)
	var e *pos.Error
	if !errors.As(err, &e) || e.Retry != pos.OutcomeUnknown {
		l.t.Fatalf("%+v, %v; want an unknown outcome", out, err)
	}
	if len(l.stored) > 0 {
		p.Stored = &l.stored[len(l.stored)-1]
	}
	return p
}

// asked recovers, again while the terminal may be busy.
func (l *lane) asked(p drivers.Pending) drivers.Recovery {
	l.t.Helper()
	for range 10 {
		r, err := l.driver.Recover(l.t.Context(), p)
		if err != nil {
			l.t.Fatal(err)
		}
		if r.Again == 0 {
			return r
		}
		if r.Verdict != drivers.Undecided {
			l.t.Fatalf("believed early: %+v", r)
		}
		time.Sleep(r.Again)
	}
	l.t.Fatal("never ends")
	return drivers.Recovery{}
}

// counted is how many events of a moment there were, of a command or of all.
func (l *lane) counted(m hypercomsim.Moment, command string) (n int) {
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		if e.Moment == m && (command == "" || e.Command == command) {
			n++
		}
	}
	return n
}

func (l *lane) held() pos.Minor { return l.pt.Memory().Totals()[pos.Card][l.currency()].Amount }

// wants checks an error that says that nothing moved.
func (l *lane) wants(err error, code pos.ErrorCode) {
	l.t.Helper()
	var e *pos.Error
	if !errors.As(err, &e) || e.Code != code || e.Money != pos.NoneMoved || e.Text == "" || e.Next == "" {
		l.t.Errorf("%v, want %s with nothing moved", err, code)
	}
}
