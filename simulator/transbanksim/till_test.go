package transbanksim_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/transbank"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/transbanksim"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/view"
)

// till is an engine on a real journal at one simulated terminal, whose wire is plugged in again five seconds after it was lost.
type till struct {
	t      *testing.T
	pt     *transbanksim.Terminal
	engine *engine.Engine
	orders int

	mu  sync.Mutex
	far *drivertest.End
}

func inTill(t *testing.T, test func(s *till)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		signer, err := cose.NewSigner(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
		if err != nil {
			t.Fatal(err)
		}
		j, err := journal.Open(journal.Options{Dir: filepath.Join(dir, "journal"), Views: filepath.Join(dir, "views.db"), Till: "till-1", Signer: signer,
			Version: "test", Clock: journal.SystemClock, Segment: 512 << 10})
		if err != nil {
			t.Fatal(err)
		}
		pt, err := transbanksim.New(transbanksim.Options{Path: filepath.Join(dir, "terminal.json")})
		if err != nil {
			t.Fatal(err)
		}
		e, err := engine.New(engine.Options{Till: "till-1", Journal: j, Devices: []pos.DeviceName{"terminal"}, Tenders: []pos.Tender{pos.Card},
			Lacks: map[pos.DeviceName][]drivers.Function{"terminal": transbank.Driver().Lacks(drivers.Settings{Currency: "CLP"})},
			Mode:  func() pos.Mode { return pos.Online }, Log: slog.New(slog.DiscardHandler), Currency: "CLP"})
		if err != nil {
			t.Fatal(err)
		}
		ctx, leave := context.WithCancel(context.Background())
		s := &till{t: t, pt: pt, engine: e}
		var running sync.WaitGroup
		running.Go(func() { e.Run(ctx) })
		running.Go(func() { s.supervise(ctx) })
		s.until("the terminal is ready", s.ready)
		test(s)
		leave()
		s.unplug()
		running.Wait()
		if err := pt.Close(); err != nil {
			t.Error(err)
		}
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
}

// supervise gives the terminal one wire after the other.
func (s *till) supervise(ctx context.Context) {
	for ctx.Err() == nil {
		near, far := drivertest.Wire()
		s.mu.Lock()
		s.far = far
		s.mu.Unlock()
		served := make(chan struct{})
		go func() { defer close(served); _ = s.pt.Serve(context.Background(), far) }()
		if d, err := transbank.Driver().NewCardTerminal(near, drivers.Settings{Currency: "CLP"}); err == nil {
			if last, err := d.Open(ctx); err == nil {
				_ = s.engine.Attend(ctx, "terminal", d, last)
			}
		}
		_ = near.Close()
		<-served
		select {
		case <-ctx.Done():
		case <-time.After(5 * time.Second):
		}
	}
}

func (s *till) unplug() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.far.Close()
}

func (s *till) ready() bool { return s.engine.Devices()[0].State == engine.Ready }

// until lets virtual time pass until something holds.
func (s *till) until(what string, holds func() bool) {
	s.t.Helper()
	for range 10_000 {
		if synctest.Wait(); holds() {
			return
		}
		<-time.After(time.Second)
	}
	s.t.Fatalf("still not: %s", what)
}

// pay makes a payment and waits until it is decided.
func (s *till) pay(amount pos.Minor, card transbanksim.Card) *view.Payment {
	s.t.Helper()
	s.pt.Next(card)
	s.orders++
	p, _, err := s.engine.Pay(engine.Request{Order: pos.OrderRef(fmt.Sprintf("order-%d", s.orders)), Attempt: 1, Amount: pesos(amount), Tender: pos.Card})
	if err != nil {
		s.t.Fatal(err)
	}
	s.until("the payment is decided", func() bool { return !s.payment(p).Status.Open() && s.ready() })
	return s.payment(p)
}

func (s *till) payment(p *view.Payment) *view.Payment {
	s.t.Helper()
	now, err := s.engine.Payment(p.Intent.Payment)
	if err != nil {
		s.t.Fatal(err)
	}
	return now
}

// settles closes the day: the terminal's totals are the journal's.
func (s *till) settles(want pos.Minor) {
	s.t.Helper()
	done, err := s.engine.Settle(context.Background(), engine.SettleRequest{})
	if err != nil || !done.OK() {
		s.t.Fatalf("%+v, %v", done, err)
	}
	for _, p := range done.Parts {
		if p.Device == "terminal" && p.Terminal.Amount != want {
			s.t.Errorf("%+v, want %d", p.Terminal, want)
		}
	}
	s.until("the terminal is ready", s.ready)
}

// TestADayAtTheTill is a day with everything in it: at its end totals agree, and the first sale of the next day is lost and found not to
// have happened.
func TestADayAtTheTill(t *testing.T) {
	inTill(t, func(s *till) {
		first := s.pay(4990, transbanksim.Card{})
		s.pay(10_000, transbanksim.Card{Brand: "MC", Tip: 1000})
		s.pay(2_500, transbanksim.Card{Debit: true})
		s.pay(700, transbanksim.Card{Do: transbanksim.Abort})
		if _, _, err := s.engine.Void(first.Intent.Payment, "v", ""); err != nil {
			t.Fatal(err)
		}
		s.until("the void is done", func() bool { return s.payment(first).Status == pos.Voided })

		s.pt.Observe(func(e transbanksim.Event) { // the cable comes out as the result is told
			if e.Moment == transbanksim.Stored {
				s.unplug()
			}
		})
		lost := s.pay(3_000, transbanksim.Card{})
		s.pt.Observe(nil)
		if lost.Status != pos.Approved || lost.Decision.ReceiptNo != drivers.Ticket(lost.Intent.Payment.String(), 6) {
			t.Errorf("%+v", lost.Decision)
		}
		s.settles(10_000 + 1000 + 2_500 + 3_000)

		none := s.pay(800, transbanksim.Card{Do: transbanksim.Decline, Link: transbanksim.Link{Silent: true}})
		if none.Status.Taken() {
			t.Errorf("%+v", none)
		}
		s.pay(900, transbanksim.Card{})
		s.settles(900)
	})
}
