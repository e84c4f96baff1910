package ecr17sim_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/ecr17"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/ecr17sim"
	"github.com/tillproof/tillproof/simulator/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lane is a till's driver at a simulated terminal, in virtual time.
type lane struct {
	t       *testing.T
	pt      *ecr17sim.Terminal
	stream  bool
	options map[string]string // of the driver
	near    drivers.Conn
	faulty  *wire.Faulty
	served  chan error
	driver  drivers.CardTerminal
	last    drivers.Last
	stored  []drivers.Result
	shown   []drivers.Progress
	refs    int

	mu     sync.Mutex
	events []ecr17sim.Event
}

// play switches a terminal on, plugs a till in, and opens it.
func play(t *testing.T, o ecr17sim.Options, options map[string]string, script func(*lane)) {
	t.Helper()
	playOn(t, o, options, wire.Options{}, func(l *lane) {
		l.open()
		script(l)
	})
}

// playOn does so with a damaged wire, and does not open the terminal.
func playOn(t *testing.T, o ecr17sim.Options, options map[string]string, damage wire.Options, script func(*lane)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		pt, err := ecr17sim.New(o)
		if err != nil {
			t.Fatal(err)
		}
		l := &lane{t: t, pt: pt, options: options}
		pt.Observe(func(e ecr17sim.Event) {
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
	d, err := ecr17.Driver().NewCardTerminal(l.near, drivers.Settings{Currency: "EUR", Stream: l.stream, Options: l.options})
	if err != nil {
		l.t.Fatal(err)
	}
	l.driver = d
}

func (l *lane) unplug() {
	_ = l.near.Close()
	if err, open := <-l.served; open && err == nil {
		l.t.Error("Serve ended without an error")
	}
}

func (l *lane) open() {
	l.t.Helper()
	last, err := l.driver.Open(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	l.last = last
}

func euros(minor pos.Minor) pos.Money { return pos.Money{Amount: minor, Currency: "EUR"} }

func (l *lane) command(amount pos.Minor) drivers.Sale {
	l.refs++
	l.stored, l.shown = nil, nil
	return drivers.Sale{Amount: euros(amount), Ref: "a sale",
		Progress: func(p drivers.Progress) { l.shown = append(l.shown, p) },
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
	l.last = drivers.Last{Trace: out.Result.Trace}
	return out
}

// lost makes a sale whose outcome must be unknown.
func (l *lane) lost(amount pos.Minor) drivers.Pending {
	l.t.Helper()
	p := drivers.Pending{Amount: euros(amount), Before: l.last, Begun: time.Now()}
	out, err := l.sell(amount)
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
	for range 5 {
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

// counted is how many events of a moment there were.
func (l *lane) counted(m ecr17sim.Moment, command string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		if e.Moment == m && (command == "" || e.Command == command) {
			n++
		}
	}
	return n
}

func (l *lane) held() pos.Minor { return l.pt.Memory().Totals()[pos.Card]["EUR"].Amount }

// wants checks an error that says that nothing moved.
func (l *lane) wants(err error, code pos.ErrorCode) {
	l.t.Helper()
	var e *pos.Error
	if !errors.As(err, &e) || e.Code != code || e.Money != pos.NoneMoved || e.Text == "" || e.Next == "" {
		l.t.Errorf("%v, want %s with nothing moved", err, code)
	}
}
