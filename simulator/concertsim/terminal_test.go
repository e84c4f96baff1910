package concertsim_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/concertsim"
	"github.com/tillproof/tillproof/simulator/wire"
)

func TestTheMemorySurvives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "terminal.json")
	o := concertsim.Options{Path: path}
	inLane(t, o, nil, func(l *lane) {
		for _, amount := range []pos.Minor{1990, 500} {
			if _, err := l.sell(amount); err != nil {
				t.Fatal(err)
			}
		}
	})
	inLane(t, o, nil, func(l *lane) {
		if out, err := l.driver.Void(context.Background(), l.command(500), drivers.Last{}); err != nil || out.Result.Decision != drivers.Approved {
			t.Errorf("%+v, %v", out, err)
		}
		if out, err := l.driver.Refund(context.Background(), l.command(90)); err != nil || out.Result.Decision != drivers.Approved {
			t.Errorf("%+v, %v", out, err)
		}
	})
	m, err := concertsim.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if sum := m.Totals()[pos.Card]["EUR"]; sum.Count != 1 || sum.Amount != 1900 || len(m.Transactions) != 4 || m.Transactions[2].Of != 2 {
		t.Errorf("%+v", m)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := concertsim.New(o); err == nil {
		t.Error("a damaged memory was taken")
	}
}

func TestACustomerGoesOnWithoutTheWire(t *testing.T) {
	inLane(t, concertsim.Options{}, nil, func(l *lane) {
		l.sim.Next(concertsim.Card{After: 20 * time.Second})
		ctx, done := context.WithTimeout(context.Background(), 5*time.Second)
		defer done()
		if out, err := l.driver.Sale(ctx, l.command(1990)); how(out, err) != unknown {
			t.Fatalf("%+v, %v", out, err)
		}
		l.unplug()
		l.sim.Rest()
		if l.held() != 1990 {
			t.Errorf("the terminal holds %d", l.held())
		}
		l.plug(nil, wire.Options{})
		l.open()
	})
}

func TestRunEndsWithClose(t *testing.T) {
	sim, err := concertsim.New(concertsim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	outlet, err := wire.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- sim.Run(ctx, outlet.Next) }()
	stop()
	if err := <-done; err == nil {
		t.Error("Run ends without an error")
	}
	_ = sim.Close()
	if err := sim.Serve(context.Background(), nowhere{}); !errors.Is(err, concertsim.ErrClosed) {
		t.Error(err)
	}
	_ = outlet.Close()
}

// nowhere is a wire to nobody.
type nowhere struct{}

func (nowhere) Read([]byte) (int, error)    { return 0, os.ErrClosed }
func (nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (nowhere) Close() error                { return nil }

func FuzzTerminal(f *testing.F) {
	f.Add(false, false, []byte("\x05\x02010000199000110978          A010B010\x03\x05\x04"))
	f.Add(true, false, []byte("\x05\x02CZ0040300CD0010CE003978CB0041990\x03\x00\x04"))
	f.Add(true, true, []byte("CZ0040300CD0010CE003978CB0041990CZ0040300CD001T"))
	f.Fuzz(func(t *testing.T, v3, stream bool, said []byte) {
		o := concertsim.Options{Stream: v3 && stream}
		if v3 {
			o.Generation = concertsim.V3
		}
		hearAnything(t, o, said)
	})
}
