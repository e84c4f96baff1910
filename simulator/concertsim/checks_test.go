package concertsim_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/concert/codec"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/concertsim"
	"github.com/tillproof/tillproof/simulator/wire"
)

// ear hears a wire as the line does, and notes the check byte of each frame.
type ear struct {
	mu       sync.Mutex
	decoders map[wire.Direction]*stx.Decoder
	seen     map[wire.Direction]map[byte]int
}

func newEar() *ear {
	e := &ear{decoders: map[wire.Direction]*stx.Decoder{}, seen: map[wire.Direction]map[byte]int{}}
	for _, way := range []wire.Direction{wire.In, wire.Out} {
		e.decoders[way], e.seen[way] = &stx.Decoder{Rules: codec.Rules()}, map[byte]int{}
	}
	return e
}

func (e *ear) hear(way wire.Direction, _ int64, chunk []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, b := range chunk {
		for _, ev := range e.decoders[way].Feed(b) {
			if ev.Kind == stx.GotFrame {
				e.seen[way][ev.Raw[len(ev.Raw)-1]]++
			}
		}
	}
}

// TestCheckBytesThatEqualControlBytes sells until frames of both sides had the check bytes 02, 03, 05 and 06 (04 and 15 are tried with them).
func TestCheckBytesThatEqualControlBytes(t *testing.T) {
	for _, o := range []concertsim.Options{{}, {Generation: concertsim.V3}} {
		means := map[string]string{"means": "U", "answer": "full"} // otherwise a bit of every E+ answer's check byte is always set
		inLane(t, o, means, func(l *lane) {
			l.unplug()
			e := newEar()
			l.plug(means, wire.Options{Observe: e.hear, Split: 3})
			l.open()
			sum := pos.Minor(0)
			for amount := pos.Minor(1); amount <= 600; amount++ {
				out, err := l.sell(amount)
				if err != nil || out.Result.Decision != drivers.Approved {
					t.Fatalf("%d: %+v, %v", amount, out, err)
				}
				sum += amount
			}
			e.mu.Lock()
			defer e.mu.Unlock()
			for way, seen := range e.seen {
				for _, check := range []byte{stx.STX, stx.ETX, stx.ENQ, stx.ACK} {
					if seen[check] == 0 {
						t.Errorf("no frame %s had the check byte %02x", way, check)
					}
				}
			}
			if l.held() != sum {
				t.Errorf("the terminal holds %d, the till %d", l.held(), sum)
			}
		})
	}
}

func TestReprintAndHandingOver(t *testing.T) {
	for _, stream := range []bool{false, true} {
		inLane(t, concertsim.Options{Generation: concertsim.V3, Stream: stream}, nil, func(l *lane) {
			ctx, quiet := context.Background(), func(drivers.Progress) {}
			if _, err := l.driver.(drivers.Reprinter).Reprint(ctx, quiet); pos.MoneyOf(err) != pos.NoneMoved {
				t.Errorf("a ticket out of nothing: %v", err)
			}
			for _, amount := range []pos.Minor{1990, 500} {
				if _, err := l.sell(amount); err != nil {
					t.Fatal(err)
				}
			}
			slips, err := l.driver.(drivers.Reprinter).Reprint(ctx, quiet)
			if err != nil || len(slips) != 1 || !strings.Contains(strings.Join(slips[0].Lines, "\n"), "5.00 EUR") {
				t.Errorf("%+v, %v", slips, err)
			}
			servicer := l.driver.(drivers.Servicer)
			text, err := servicer.Service(ctx, servicer.Chores()[0], quiet)
			if days := l.sim.Memory().Collections; err != nil || text == "" || len(days) != 1 || days[0].Amount != 2490 || days[0].Count != 2 {
				t.Errorf("%q, %v, %+v", text, err, days)
			}
			if _, err := servicer.Service(ctx, drivers.SetClock, quiet); pos.MoneyOf(err) != pos.NoneMoved {
				t.Errorf("a chore that it does not have: %v", err)
			}
			if out, err := l.driver.Void(ctx, l.command(500), drivers.Last{}); err != nil || out.Result.Decision != drivers.Declined {
				t.Errorf("what was handed over was taken back: %+v, %v", out, err)
			}
		})
	}
}

func TestATerminalOfPayXpertIsAsked(t *testing.T) {
	payxpert := map[string]string{"status_query": "payxpert"}
	for _, stream := range []bool{false, true} {
		o := concertsim.Options{Generation: concertsim.V3, PayXpert: true, Stream: stream}
		for do, want := range map[concertsim.Do]drivers.Verdict{concertsim.Silent: drivers.Charged, concertsim.TakenOn: drivers.Charged, concertsim.NotVerified: drivers.Charged} {
			inLane(t, o, payxpert, func(l *lane) {
				l.sim.Next(concertsim.Card{Do: do})
				if out, err := l.sell(1990); how(out, err) != unknown {
					t.Fatalf("%+v, %v", out, err)
				}
				if r := l.recover(drivers.SaleOf, 1990); r.Verdict != want || r.Result.Amount != euros(1990) || l.held() != 1990 {
					t.Errorf("%s: %+v, held %d", do, r, l.held())
				}
				if r := l.recover(drivers.SaleOf, 1991); r.Verdict != drivers.Undecided {
					t.Errorf("another amount: %+v", r)
				}
			})
		}
		inLane(t, concertsim.Options{Generation: concertsim.V3, Stream: stream}, payxpert, func(l *lane) {
			l.sim.Next(concertsim.Card{Do: concertsim.Silent})
			if out, err := l.sell(1990); how(out, err) != unknown {
				t.Fatalf("%+v, %v", out, err)
			}
			if r := l.recover(drivers.SaleOf, 1990); r.Verdict != drivers.Undecided || !strings.Contains(r.Text, "does not understand") {
				t.Errorf("a terminal that does not know the question: %+v", r)
			}
		})
	}
}
