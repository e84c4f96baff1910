package live

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/wire"
)

const (
	offsets  = 32              // random ones
	lanes    = 6               // devices at a time: they mostly wait
	patience = 2 * time.Minute // for one call of the driver; none comes near it
)

// place is where a wire is cut.
type place struct {
	way wire.Direction
	at  int64 // bytes of the sale's course that still pass
}

// Sales sells over wires that are cut everywhere, and over one whose bytes come one by one and one whose bytes come in lumps. At the end what the till
// believes, and what it could not know, is what the devices hold.
func Sales(t *testing.T, bench Bench) {
	t.Helper()
	places, rests := measure(t, bench)
	t.Run("split and glued", func(t *testing.T) {
		for _, o := range []wire.Options{{Split: 1}, {Glue: 5 * time.Millisecond}} {
			s := newShop(t, bench)
			s.plug(o)
			s.sell(1003)
			s.end()
		}
	})
	for lane := range lanes {
		t.Run(fmt.Sprintf("cut, lane %d", lane), func(t *testing.T) {
			t.Parallel()
			s := newShop(t, bench)
			defer s.end()
			for i := lane; i < len(places); i += lanes {
				s.plug(wire.Options{})
				p := places[i]
				s.faulty.Add(wire.Fault{Kind: wire.Unplug, Direction: p.way, At: s.faulty.Offset(p.way) + p.at})
				s.note = fmt.Sprintf("cut %s at byte %d of %d", p.way, p.at, rests[p.way])
				s.sell(pos.Minor(1000 + i))
			}
		})
	}
}

// measure sells once over a good wire and lists the places: every border of what was written at once, and random ones.
func measure(t *testing.T, bench Bench) (places []place, length map[wire.Direction]int64) {
	t.Helper()
	var mu sync.Mutex
	var begun bool
	starts, from := map[wire.Direction][]int64{}, map[wire.Direction]int64{}
	s := newShop(t, bench)
	s.plug(wire.Options{Observe: func(way wire.Direction, offset int64, _ []byte) {
		mu.Lock()
		defer mu.Unlock()
		if begun {
			starts[way] = append(starts[way], offset)
		}
	}})
	mu.Lock()
	begun = true
	for _, way := range []wire.Direction{wire.In, wire.Out} {
		from[way] = s.faulty.Offset(way)
	}
	mu.Unlock()
	faulty := s.faulty
	s.sell(1023)
	s.end()
	length = map[wire.Direction]int64{}
	for _, way := range []wire.Direction{wire.In, wire.Out} {
		length[way] = faulty.Offset(way) - from[way]
		for _, at := range starts[way] {
			places = append(places, place{way, at - from[way]})
		}
	}
	return addRandom(t, places, length), length
}

// addRandom adds places by a seed that is told, in equal parts of both directions.
func addRandom(t *testing.T, places []place, length map[wire.Direction]int64) []place {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d; a sale has %d bytes to the device and %d to the till, with %d borders", seed, length[wire.In], length[wire.Out], len(places))
	dice := rand.New(rand.NewPCG(seed, 0))
	for i := range offsets {
		way := wire.Direction(i % 2)
		if length[way] == 0 {
			t.Fatalf("a sale without a byte %s", way)
		}
		places = append(places, place{way, dice.Int64N(length[way])})
	}
	slices.SortFunc(places, func(a, b place) int { return int(a.way-b.way)*1_000_000 + int(a.at-b.at) })
	return slices.Compact(places)
}

// shop is a till at one device.
type shop struct {
	*link
	t        *testing.T
	bench    Bench
	device   Device
	terminal drivers.CardTerminal
	last     drivers.Last
	note     string
	sales    int
	believed pos.Minor // what the till counts as taken
	unknown  pos.Minor // what the device took of sales that nobody can tell the till about
}

// newShop makes a device that has sold before: one that never did gives a recovery nothing to compare with.
func newShop(t *testing.T, bench Bench) *shop {
	t.Helper()
	s := &shop{t: t, bench: bench, device: bench.New(t, t.TempDir()), note: "before everything"}
	s.plug(wire.Options{})
	s.sell(100)
	return s
}

// plug gives till and device a new wire, and opens the terminal on it.
func (s *shop) plug(o wire.Options) {
	s.t.Helper()
	if s.link != nil {
		s.unplug()
	}
	s.link = s.bench.plug(s.t, s.device, o)
	terminal, err := s.bench.Driver.NewCardTerminal(s.till, s.bench.settings())
	if err != nil {
		s.t.Fatal(err)
	}
	s.terminal = terminal
	ctx, done := context.WithTimeout(context.Background(), patience)
	defer done()
	if s.last, err = terminal.Open(ctx); err != nil {
		s.t.Fatalf("%s: open: %v", s.note, err)
	}
}

// sell makes a sale, asks for its outcome on a new wire where that is not known, and compares it with what the device holds.
func (s *shop) sell(amount pos.Minor) {
	s.t.Helper()
	s.sales++
	before := s.device.Held()
	var stored *drivers.Result
	sale := drivers.Sale{Amount: pos.Money{Amount: amount, Currency: s.bench.Currency}, Ref: fmt.Sprintf("sale %d", s.sales),
		Progress: func(drivers.Progress) {}, Commit: func(r drivers.Result) error { stored = &r; return nil }}
	ctx, done := context.WithTimeout(context.Background(), patience)
	defer done()
	outcome, err := s.terminal.Sale(ctx, sale)
	s.unplug()
	s.link = nil
	taken := outcome.Result.Decision.Status().Taken()
	if err != nil && pos.MoneyOf(err) != pos.NoneMoved {
		var known bool
		if taken, known = s.ask(drivers.Pending{Ref: sale.Ref, Amount: sale.Amount, Before: s.last, Stored: stored, Quiet: time.Hour}); !known {
			s.unknown += s.device.Held() - before
			return
		}
	}
	if taken {
		s.believed += amount
	}
	if got := s.device.Held() - before; taken != (got == amount) || !taken && got != 0 {
		s.t.Errorf("%s: the device took %d of %d, the till believes %v (%v)", s.note, got, amount, taken, err)
	}
}

// ask recovers on a new wire. known is false only where the family cannot tell.
func (s *shop) ask(p drivers.Pending) (taken, known bool) {
	s.t.Helper()
	s.plug(wire.Options{})
	ctx, done := context.WithTimeout(context.Background(), patience)
	defer done()
	r, err := s.terminal.Recover(ctx, p)
	switch {
	case err != nil:
		s.t.Errorf("%s: recover: %v", s.note, err)
	case r.Verdict == drivers.Undecided && (r.Text == "" || s.bench.Driver.Can(drivers.RecoverSales, s.bench.settings())):
		s.t.Errorf("%s: undecided: %s", s.note, r.Text)
	case r.Verdict == drivers.Undecided:
		return false, false
	}
	return r.Verdict == drivers.Charged, true
}

// end compares the totals.
func (s *shop) end() {
	s.t.Helper()
	if s.link != nil {
		s.unplug()
	}
	if held := s.device.Held(); held != s.believed+s.unknown {
		s.t.Errorf("the device holds %d, the till believes %d and does not know of %d", held, s.believed, s.unknown)
	}
	if err := s.device.Close(); err != nil {
		s.t.Error(err)
	}
}
