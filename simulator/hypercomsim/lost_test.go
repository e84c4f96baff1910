package hypercomsim_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/hypercomsim"
	"github.com/tillproof/tillproof/simulator/wire"
)

// An answer that does not arrive, or only damaged, is asked for by the sale's own name where there is one, and otherwise by a person.
func TestALostAnswerIsAskedFor(t *testing.T) {
	for _, card := range []hypercomsim.Card{{Do: hypercomsim.LoseResult}, {Do: hypercomsim.Swallow}, {Link: hypercomsim.Link{Damaged: 3}},
		{Link: hypercomsim.Link{BadLength: 3}}} {
		each(t, hypercomsim.Options{FirstTrace: 999_998, FirstInvoice: 999_998}, func(l *lane) {
			l.sold(1023)
			l.pt.Next(card)
			p := l.lost(1023)
			l.again()
			r := l.asked(p)
			switch {
			case l.tells() && (r.Verdict != drivers.Charged || r.Result.Amount != l.money(1023) || r.Result.AuthCode == "" || r.Last.Trace != "000001"):
				l.t.Errorf("%+v", r)
			case !l.tells() && (r.Verdict != drivers.Undecided || !strings.Contains(r.Text, "10.23")):
				l.t.Errorf("%+v", r)
			}
			if l.sold(55); l.held() != 2101 {
				l.t.Errorf("held %d", l.held())
			}
		})
	}
}

// A terminal that takes a sale and says nothing, not even ACK, is not sent the sale again: it would charge twice.
func TestASilentTerminalGetsOneSale(t *testing.T) {
	each(t, hypercomsim.Options{}, func(l *lane) {
		l.pt.Next(hypercomsim.Card{Do: hypercomsim.Swallow, Link: hypercomsim.Link{NoACK: true}})
		p := l.lost(1023)
		if n := l.counted(hypercomsim.Received, "20"); n != 1 || l.held() != 1023 {
			l.t.Errorf("%d sales, held %d", n, l.held())
		}
		if r := l.asked(p); (r.Verdict == drivers.Charged) != l.tells() {
			l.t.Errorf("%+v", r)
		}
	})
}

// The answer to a sale that was given up comes when nobody waits, is not acknowledged, and comes again in the middle of the next sale over the same amount.
func TestALateAnswerIsNotTheNextOne(t *testing.T) {
	each(t, hypercomsim.Options{}, func(l *lane) {
		ctx, cancel := context.WithTimeout(l.t.Context(), time.Second)
		defer cancel()
		l.pt.Next(hypercomsim.Card{After: 2 * time.Second})
		sale := l.command(1023)
		p := drivers.Pending{Ref: sale.Ref, Amount: sale.Amount, Before: l.last, Begun: time.Now()}
		if _, err := l.driver.Sale(ctx, sale); pos.MoneyOf(err) != pos.MoneyUnknown {
			l.t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
		l.opened()
		if r := l.asked(p); r.Verdict != drivers.Charged || r.Last.Trace != "000001" || l.counted(hypercomsim.Acknowledged, "20") != 0 {
			l.t.Errorf("%+v", r)
		}
		time.Sleep(10 * time.Second) // until the terminal has given up telling it
		l.pt.Next(hypercomsim.Card{Link: hypercomsim.Link{Stale: true}})
		if out := l.sold(1023); out.Result.Trace != "000002" || l.held() != 2046 {
			l.t.Errorf("%+v, held %d", out, l.held())
		}
	})
}

// The host books less than was asked for. What has the till's name is believed, with the amount of the answer; what has none may be another's.
func TestAnotherAmount(t *testing.T) {
	each(t, hypercomsim.Options{}, func(l *lane) {
		l.pt.Next(hypercomsim.Card{Booked: 500})
		if !l.tells() {
			l.lost(1023)
			return
		}
		if out := l.sold(1023); out.Result.Amount != l.money(500) {
			l.t.Errorf("%+v", out)
		}
		l.pt.Next(hypercomsim.Card{Booked: 500, Do: hypercomsim.LoseResult})
		p := l.lost(1023)
		l.again()
		if r := l.asked(p); r.Verdict != drivers.Undecided || !strings.Contains(r.Text, "5.00 MYR instead of 10.23 MYR") {
			l.t.Errorf("%+v", r)
		}
	})
}

// The till's acknowledgement is lost with the wire: the terminal is asked for the number that its answer had told.
func TestAnAnswerThatIsDurableIsAskedForByItsNumber(t *testing.T) {
	each(t, hypercomsim.Options{}, func(l *lane) {
		l.sold(1023)
		sale := l.command(1023)
		var told drivers.Result
		sale.Commit = func(r drivers.Result) error { told = r; return l.near.Close() }
		p := drivers.Pending{Ref: sale.Ref, Amount: sale.Amount, Before: l.last, Begun: time.Now(), Stored: &told}
		if _, err := l.driver.Sale(l.t.Context(), sale); pos.MoneyOf(err) != pos.MoneyUnknown {
			l.t.Fatal(err)
		}
		l.again()
		if r := l.asked(p); r.Verdict != drivers.Charged || r.Last.Trace != "000002" {
			l.t.Errorf("%+v", r)
		}
	})
}

// A customer who is still at it when the till asks pays afterwards: that nothing is found proves nothing yet.
func TestABusyTerminalIsNotBelieved(t *testing.T) {
	for _, answers := range []bool{false, true} {
		play(t, hypercomsim.Options{AnswersBusy: answers}, nil, func(l *lane) {
			l.sold(1023)
			ctx, cancel := context.WithTimeout(l.t.Context(), time.Second)
			defer cancel()
			l.pt.Next(hypercomsim.Card{After: 100 * time.Second})
			sale := l.command(1023)
			p := drivers.Pending{Ref: sale.Ref, Amount: sale.Amount, Before: l.last, Begun: time.Now()}
			if _, err := l.driver.Sale(ctx, sale); pos.MoneyOf(err) != pos.MoneyUnknown {
				t.Fatal(err)
			}
			l.attach() // on the same wire
			for range 20 {
				if _, err := l.driver.Open(l.t.Context()); err == nil {
					break
				}
			}
			if r := l.asked(p); r.Verdict != drivers.Charged || l.held() != 2046 {
				t.Errorf("%+v; held %d", r, l.held())
			}
			l.sold(55)
		})
	}
}

// The same amount was paid before and after: neither is taken for the one that was stopped.
func TestAnotherSaleIsNotTakenForALostOne(t *testing.T) {
	play(t, hypercomsim.Options{}, nil, func(l *lane) {
		l.sold(1023)
		l.pt.Next(hypercomsim.Card{Do: hypercomsim.Abort, After: 30 * time.Second})
		ctx, cancel := context.WithTimeout(l.t.Context(), time.Second)
		defer cancel()
		sale := l.command(1023)
		p := drivers.Pending{Ref: sale.Ref, Amount: sale.Amount, Before: l.last, Begun: time.Now()}
		if _, err := l.driver.Sale(ctx, sale); pos.MoneyOf(err) != pos.MoneyUnknown {
			t.Fatal(err)
		}
		l.again()
		l.sold(1023)
		if r := l.asked(p); r.Verdict != drivers.NotCharged || l.held() != 2046 {
			t.Errorf("%+v; held %d", r, l.held())
		}
	})
	play(t, hypercomsim.Options{NoEcho: true}, nil, func(l *lane) {
		l.pt.Next(hypercomsim.Card{Do: hypercomsim.LoseResult})
		p := l.lost(1023)
		l.again()
		if r := l.asked(p); r.Verdict != drivers.Undecided || !strings.Contains(r.Text, "name") {
			t.Errorf("%+v", r)
		}
	})
	play(t, hypercomsim.Options{NoAmount: true}, nil, func(l *lane) {
		l.pt.Next(hypercomsim.Card{Do: hypercomsim.LoseResult})
		p := l.lost(1023)
		l.again()
		if r := l.asked(p); r.Verdict != drivers.Undecided || !strings.Contains(r.Text, "does not tell the amount") {
			t.Errorf("%+v", r)
		}
	})
}

// The acknowledgement of an answer is lost, and the cashier sells the same amount again at once: the repetition is not the second sale's answer.
func TestARepeatedAnswerIsNotTheNextOne(t *testing.T) {
	for _, do := range []hypercomsim.Do{hypercomsim.Approve, hypercomsim.Decline, hypercomsim.NoCard} {
		each(t, hypercomsim.Options{}, func(l *lane) {
			l.sold(55)
			time.Sleep(time.Hour)
			l.pt.Next(hypercomsim.Card{Do: do, After: time.Second})
			from := l.faulty.Offset(wire.In)
			l.pt.Observe(func(e hypercomsim.Event) {
				if e.Moment == hypercomsim.Received && e.Command == "20" { // what follows is the acknowledgement of its answer
					l.faulty.Add(wire.Fault{Kind: wire.Drop, Direction: wire.In, At: l.faulty.Offset(wire.In)})
					l.pt.Observe(nil)
				}
			})
			first, err := l.sell(1023)
			if err != nil || l.faulty.Offset(wire.In) == from {
				l.t.Fatalf("%+v, %v", first, err)
			}
			l.pt.Next(hypercomsim.Card{After: time.Minute})
			second := l.sold(1023)
			want := pos.Minor(55 + 1023)
			if first.Result.Decision == drivers.Approved {
				want += 1023
			}
			if l.held() != want || second.Result.Trace == first.Result.Trace {
				l.t.Errorf("held %d, want %d; %+v, then %+v", l.held(), want, first, second)
			}
		})
	}
}

// A void whose answer was lost is found by its own name; a sale that was taken back meanwhile is not reported as charged.
func TestALostVoid(t *testing.T) {
	for _, do := range []hypercomsim.Do{hypercomsim.LoseResult, hypercomsim.Decline} {
		play(t, hypercomsim.Options{}, nil, func(l *lane) {
			sold := l.sold(1023)
			of := drivers.Last{Trace: sold.Result.Trace, ReceiptNo: sold.Result.ReceiptNo}
			ctx, cancel := context.WithTimeout(l.t.Context(), time.Second)
			defer cancel()
			l.pt.Next(hypercomsim.Card{Do: do, After: 5 * time.Second})
			command := l.command(1023)
			if _, err := l.driver.Void(ctx, command, of); pos.MoneyOf(err) != pos.MoneyUnknown {
				t.Fatal(err)
			}
			l.again()
			r := l.asked(drivers.Pending{What: drivers.VoidOf, Of: of, Ref: command.Ref, Amount: l.money(1023), Before: of})
			if taken := l.held() == 0; taken != (r.Verdict == drivers.Charged) || !taken && r.Verdict != drivers.NotCharged {
				t.Errorf("%+v; held %d", r, l.held())
			}
		})
	}
}

func TestAResultThatIsNotDurable(t *testing.T) {
	each(t, hypercomsim.Options{}, func(l *lane) {
		full := errors.New("disk full")
		sale := l.command(1023)
		sale.Commit = func(drivers.Result) error { return full }
		if _, err := l.driver.Sale(l.t.Context(), sale); !errors.Is(err, full) || pos.MoneyOf(err) != pos.MoneyUnknown {
			l.t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := l.counted(hypercomsim.Acknowledged, "20"); n != 0 || l.held() != 1023 {
			l.t.Errorf("%d acknowledgements; held %d", n, l.held())
		}
	})
}
