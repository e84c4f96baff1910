package ecr17sim_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/ecr17sim"
	"github.com/tillproof/tillproof/simulator/wire"
)

// again plugs a new wire in.
func (l *lane) again() {
	l.t.Helper()
	l.unplug()
	l.plug(wire.Options{})
	l.open()
}

func TestALostResultIsAskedFor(t *testing.T) {
	for _, first := range []int{0, 999_998, 999_999} { // the number wraps
		play(t, ecr17sim.Options{FirstStan: first}, nil, func(l *lane) {
			l.sold(100)
			l.pt.Next(ecr17sim.Card{Do: ecr17sim.LoseResult})
			p := l.lost(1023)
			l.again()
			r := l.asked(p)
			if r.Verdict != drivers.Charged || r.Result.Amount != euros(1023) || r.Result.AuthCode == "" || r.Last.Trace != r.Result.Trace {
				t.Errorf("%+v", r)
			}
		})
	}
}

// The same amount was paid before: its result is told by G, and is not this payment's.
func TestAnOldResultIsNotTakenForALostOne(t *testing.T) {
	play(t, ecr17sim.Options{}, nil, func(l *lane) {
		l.sold(1023)
		ctx, cancel := context.WithTimeout(l.t.Context(), time.Second)
		defer cancel()
		l.pt.Next(ecr17sim.Card{Do: ecr17sim.Abort, After: 30 * time.Second})
		p := drivers.Pending{Amount: euros(1023), Before: l.last, Begun: time.Now()}
		if _, err := l.driver.Sale(ctx, l.command(1023)); pos.MoneyOf(err) != pos.MoneyUnknown {
			t.Fatal(err)
		}
		l.again()
		if r := l.asked(p); r.Verdict != drivers.NotCharged || l.held() != 1023 {
			t.Errorf("%+v; held %d", r, l.held())
		}
	})
}

// A terminal that tells its last result while the customer is still at it would prove that nothing was booked, and then book it.
func TestABusyTerminalIsNotBelieved(t *testing.T) {
	play(t, ecr17sim.Options{AnswersBusy: true}, nil, func(l *lane) {
		l.sold(1023)
		ctx, cancel := context.WithTimeout(l.t.Context(), time.Second)
		defer cancel()
		l.pt.Next(ecr17sim.Card{After: 100 * time.Second})
		p := drivers.Pending{Amount: euros(1023), Before: l.last, Begun: time.Now()}
		if _, err := l.driver.Sale(ctx, l.command(1023)); pos.MoneyOf(err) != pos.MoneyUnknown {
			t.Fatal(err)
		}
		l.attach() // on the same wire
		l.open()
		r, err := l.driver.Recover(l.t.Context(), p)
		if err != nil || r.Verdict != drivers.Undecided || r.Again == 0 {
			t.Fatalf("%+v, %v", r, err)
		}
		if r := l.asked(p); r.Verdict != drivers.Charged || l.held() != 2046 {
			t.Errorf("%+v; held %d", r, l.held())
		}
	})
}

// A till that was away long enough need not wait.
func TestAQuietTerminalIsBelievedAtOnce(t *testing.T) {
	play(t, ecr17sim.Options{}, nil, func(l *lane) {
		l.sold(100)
		p := drivers.Pending{Amount: euros(1023), Before: l.last, Quiet: 180 * time.Second}
		if r, err := l.driver.Recover(l.t.Context(), p); err != nil || r.Verdict != drivers.NotCharged {
			t.Errorf("%+v, %v", r, err)
		}
		p.Quiet -= time.Second
		if r, err := l.driver.Recover(l.t.Context(), p); err != nil || r.Verdict != drivers.Undecided || r.Again <= 0 || r.Again > 180*time.Second {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// The result comes when the till has opened the terminal anew, on the same line: it is not taken for anything else, and not acknowledged.
func TestALateResult(t *testing.T) {
	for _, away := range []time.Duration{0, 4 * time.Second, 8500 * time.Millisecond, 9 * time.Second, 12 * time.Second} {
		play(t, ecr17sim.Options{}, nil, func(l *lane) {
			l.sold(1023)
			l.pt.Next(ecr17sim.Card{After: 10 * time.Second})
			ctx, cancel := context.WithTimeout(l.t.Context(), time.Second)
			defer cancel()
			p := drivers.Pending{Amount: euros(1023), Before: l.last, Begun: time.Now()}
			if _, err := l.driver.Sale(ctx, l.command(1023)); pos.MoneyOf(err) != pos.MoneyUnknown {
				t.Fatal(err)
			}
			time.Sleep(away)
			l.attach()
			for {
				if _, err := l.driver.Open(l.t.Context()); err == nil {
					break
				}
			}
			if r := l.asked(p); r.Verdict != drivers.Charged || r.Result.Amount != euros(1023) {
				t.Errorf("after %v: %+v", away, r)
			}
			l.sold(55)
			if l.held() != 2101 {
				t.Errorf("after %v: held %d", away, l.held())
			}
		})
	}
}

// The acknowledgement of a result is lost, and the cashier sells the same amount again at once: the repetition is not the second sale's result.
func TestARepeatedResultIsNotTheNextOne(t *testing.T) {
	for _, check := range []string{"always", "repeats"} {
		for _, do := range []ecr17sim.Do{ecr17sim.Approve, ecr17sim.Decline, ecr17sim.NoCard} {
			play(t, ecr17sim.Options{}, map[string]string{"check": check}, func(l *lane) {
				l.sold(55)
				time.Sleep(time.Hour)
				l.pt.Next(ecr17sim.Card{Do: do, After: time.Second, Progress: []string{}})
				// The till's next acknowledgement: behind the 173 bytes of X, and of s where it asks first.
				at := l.faulty.Offset(wire.In) + 170
				if check == "always" {
					at += 13 + 3
				}
				l.faulty.Add(wire.Fault{Kind: wire.Drop, Direction: wire.In, At: at, Count: 3})
				if out, err := l.sell(1023); err != nil || out.Result.Decision != drivers.Approved && do == ecr17sim.Approve {
					t.Fatalf("%+v, %v", out, err)
				}
				l.pt.Next(ecr17sim.Card{Do: ecr17sim.Approve, After: time.Minute})
				out := l.sold(1023)
				want := pos.Minor(55 + 1023)
				if do == ecr17sim.Approve {
					want += 1023
				}
				if l.held() != want || out.Result.Trace != l.last.Trace {
					t.Errorf("%s, check %s: held %d, want %d", do, check, l.held(), want)
				}
				if n := l.counted(ecr17sim.Sent, "E"); n < 4 {
					t.Errorf("%s, check %s: the result was sent %d times: nothing was lost", do, check, n)
				}
			})
		}
	}
}

func TestTheSameRefusalTwice(t *testing.T) {
	play(t, ecr17sim.Options{Numberless: true}, nil, func(l *lane) {
		for range 3 {
			l.pt.Next(ecr17sim.Card{Do: ecr17sim.Abort, After: time.Millisecond})
			if out, err := l.sell(1023); err != nil || out.Result.Decision != drivers.Declined {
				t.Fatalf("%+v, %v", out, err)
			}
		}
		l.sold(1023)
	})
}

func TestVoids(t *testing.T) {
	play(t, ecr17sim.Options{}, nil, func(l *lane) {
		first := l.sold(500)
		second := l.sold(700)
		void := func(amount pos.Minor, of drivers.Outcome) (drivers.Outcome, error) {
			return l.driver.Void(l.t.Context(), l.command(amount), drivers.Last{Trace: of.Result.Trace})
		}
		_, err := void(500, first)
		l.wants(err, "not_supported")
		_, err = l.driver.Void(l.t.Context(), l.command(500), drivers.Last{})
		l.wants(err, "not_supported")
		_, err = l.driver.Refund(l.t.Context(), l.command(500))
		l.wants(err, "not_supported")
		if l.counted(ecr17sim.Received, "S") != 0 {
			t.Error("asked for nevertheless")
		}
		// A refused payment does not make another the last one.
		l.pt.Next(ecr17sim.Card{Do: ecr17sim.Decline})
		if _, err := l.sell(900); err != nil {
			t.Fatal(err)
		}
		out, err := void(700, second)
		if err != nil || out.Result.Decision != drivers.Approved || out.Result.Amount != euros(700) || l.held() != 500 {
			t.Errorf("%+v, %v; held %d", out, err, l.held())
		}
		if out, err := void(700, second); err != nil || out.Result.Decision != drivers.Declined {
			t.Errorf("twice: %+v, %v", out, err)
		}
	})
}

func TestALostVoid(t *testing.T) {
	for _, do := range []ecr17sim.Do{ecr17sim.LoseResult, ecr17sim.Decline} {
		play(t, ecr17sim.Options{}, nil, func(l *lane) {
			sold := l.sold(1023)
			of := drivers.Last{Trace: sold.Result.Trace}
			ctx, cancel := context.WithTimeout(l.t.Context(), time.Second)
			defer cancel()
			l.pt.Next(ecr17sim.Card{Do: do, After: 5 * time.Second})
			if _, err := l.driver.Void(ctx, l.command(1023), of); pos.MoneyOf(err) != pos.MoneyUnknown {
				t.Fatal(err)
			}
			l.again()
			r := l.asked(drivers.Pending{What: drivers.VoidOf, Of: of, Amount: euros(1023), Before: of})
			if taken := l.held() == 0; taken != (r.Verdict == drivers.Charged) || !taken && r.Verdict != drivers.NotCharged {
				t.Errorf("%+v; held %d", r, l.held())
			}
		})
	}
}

// Another payment of the same amount, by hand at the terminal and refused, may have followed: a person has to look.
func TestWhatCannotBeKnown(t *testing.T) {
	play(t, ecr17sim.Options{}, nil, func(l *lane) {
		l.sold(100)
		base := l.last
		l.pt.Next(ecr17sim.Card{Do: ecr17sim.Swallow, After: time.Second})
		l.lost(1023)
		l.pt.Next(ecr17sim.Card{Do: ecr17sim.Decline})
		if _, err := l.sell(1023); err != nil {
			t.Fatal(err)
		}
		r := l.asked(drivers.Pending{Amount: euros(1023), Before: base})
		if r.Verdict != drivers.Undecided || !strings.Contains(r.Text, "10.23 EUR") || !strings.Contains(r.Text, "list of operations") {
			t.Errorf("%+v", r)
		}
	})
	play(t, ecr17sim.Options{}, map[string]string{"payment": "plain"}, func(l *lane) {
		l.sold(100)
		l.pt.Next(ecr17sim.Card{Do: ecr17sim.LoseResult})
		p := l.lost(1023)
		l.again()
		if r := l.asked(p); r.Verdict != drivers.Undecided || !strings.Contains(r.Text, "tells no amount") {
			t.Errorf("%+v", r)
		}
	})
}

// The clock of the terminal is wrong by three hours, which proves nothing; a result from before the sale by its own clock does.
func TestAnOlderTimeIsAnotherTransaction(t *testing.T) {
	play(t, ecr17sim.Options{}, nil, func(l *lane) {
		l.sold(100)
		base := l.last
		l.sold(1023) // by hand, say: the till does not know of it
		time.Sleep(50 * time.Hour)
		p := drivers.Pending{Amount: euros(1023), Before: base, Begun: time.Now()}
		if r := l.asked(p); r.Verdict != drivers.Undecided || !strings.Contains(r.Text, "before this payment") {
			t.Errorf("%+v", r)
		}
		p.Begun = time.Now().Add(-51 * time.Hour)
		if r := l.asked(p); r.Verdict != drivers.Charged {
			t.Errorf("%+v", r)
		}
	})
}

func TestAResultThatIsNotDurable(t *testing.T) {
	play(t, ecr17sim.Options{}, nil, func(l *lane) {
		l.sold(100)
		full := errors.New("disk full")
		sale := l.command(1023)
		sale.Commit = func(drivers.Result) error { return full }
		p := drivers.Pending{Amount: euros(1023), Before: l.last, Begun: time.Now()}
		if _, err := l.driver.Sale(l.t.Context(), sale); !errors.Is(err, full) || pos.MoneyOf(err) != pos.MoneyUnknown {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := l.counted(ecr17sim.Acknowledged, "E"); n != 1 {
			t.Errorf("%d acknowledgements", n)
		}
		if r := l.asked(p); r.Verdict != drivers.Charged {
			t.Errorf("%+v", r)
		}
	})
}

func TestADay(t *testing.T) {
	play(t, ecr17sim.Options{HostDiffers: 50}, map[string]string{"receipts": "till"}, func(l *lane) {
		l.sold(1000)
		l.sold(23)
		count, err := l.driver.(drivers.Counter).Count(l.t.Context(), nil)
		if err != nil || count.Amount != 1023 || count.Currency != "EUR" {
			t.Errorf("%+v, %v", count, err)
		}
		var told []drivers.Totals
		totals, err := l.driver.Settle(l.t.Context(), func(drivers.Progress) {}, func(d drivers.Totals) error { told = append(told, d); return nil })
		if err != nil || totals.Amount != 1023 || len(told) != 1 || len(totals.Receipts) != 2 || !strings.Contains(strings.Join(totals.Receipts[0].Lines, " "), "10.73 EUR") {
			t.Errorf("%+v, %v", totals, err)
		}
		l.pt.NextEndOfDay(ecr17sim.Card{Do: ecr17sim.Decline})
		_, err = l.driver.Settle(l.t.Context(), func(drivers.Progress) {}, func(drivers.Totals) error { t.Error("committed"); return nil })
		l.wants(err, "terminal_refused")
		if m := l.pt.Memory(); len(m.Settlements) != 1 || m.Settlements[0].Count != 2 {
			t.Errorf("%+v", m.Settlements)
		}
	})
}

func TestTheStatusSaysWhatToDo(t *testing.T) {
	for _, state := range []byte("0123456x") {
		play(t, ecr17sim.Options{State: state}, nil, func(l *lane) {
			s, err := l.driver.Status(l.t.Context())
			if err != nil || s.Ready != (state == '2') || s.Ready != (s.Text == "") {
				t.Errorf("%c: %+v, %v", state, s, err)
			}
		})
	}
}

// The terminal's memory survives its power; a till that comes back finds what it had left.
func TestMemorySurvives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "terminal.json")
	var before drivers.Last
	play(t, ecr17sim.Options{Path: path, LeapDays: true, Unmasked: true}, nil, func(l *lane) {
		out := l.sold(1023)
		before = l.last
		if out.Result.Date != time.Now().Format(time.DateOnly) || !out.Result.DateGuessed || out.Result.Last4 != "1111" || out.Result.Brand != "visa" {
			t.Errorf("%+v", out.Result)
		}
		time.Sleep(200 * 24 * time.Hour) // into another part of the year
		if out := l.sold(5); out.Result.Date != time.Now().Format(time.DateOnly) {
			t.Errorf("%+v", out.Result)
		}
		before = l.last
	})
	play(t, ecr17sim.Options{Path: path}, nil, func(l *lane) {
		if l.last != before || l.held() != 1028 {
			t.Errorf("%+v, want %+v; held %d", l.last, before, l.held())
		}
	})
	m, err := ecr17sim.Load(path)
	if err != nil || strings.Contains(m.LastResult, "4111111111111111") {
		t.Errorf("%+v, %v", m, err)
	}
}
