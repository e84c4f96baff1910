package transbanksim_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/transbanksim"
)

// void takes a sale back.
func (l *lane) void(amount pos.Minor, of drivers.Result) (drivers.Outcome, error) {
	l.sales++
	out, err := l.driver.Void(context.Background(), l.command(amount), drivers.Last{Trace: of.Trace, ReceiptNo: of.ReceiptNo})
	synctest.Wait()
	return out, err
}

// settle closes the day.
func (l *lane) settle() drivers.Totals {
	l.t.Helper()
	totals, err := l.driver.Settle(context.Background(), func(drivers.Progress) {}, func(drivers.Totals) error { return nil })
	if err != nil {
		l.t.Fatal(err)
	}
	return totals
}

func TestVoids(t *testing.T) {
	for _, c := range []struct {
		name    string
		o       transbanksim.Options
		options map[string]string
		card    transbanksim.Card
		spoil   func(l *lane)
		want    string // decision and code, or the error's code
	}{
		{name: "well", want: "approved 00"},
		{name: "with a tip", card: transbanksim.Card{Tip: 499}, want: "approved 00"},
		{name: "with a tip inside", o: transbanksim.Options{TipInside: true}, card: transbanksim.Card{Tip: 499}, want: "approved 00"},
		{name: "debit", card: transbanksim.Card{Debit: true}, want: "declined 08"},
		{name: "settled", spoil: func(l *lane) { l.settle() }, want: "terminal_refused"},
		{name: "its number is another sale's now", o: transbanksim.Options{Restart: true}, spoil: func(l *lane) { l.settle(); l.sells(4990) }, want: "terminal_refused"},
		{name: "no list", o: transbanksim.Options{NoList: true}, want: "not_supported"},
		{name: "no list, unchecked", o: transbanksim.Options{NoList: true}, options: map[string]string{"void_check": "none"}, want: "approved 00"},
		{name: "settled, unchecked", options: map[string]string{"void_check": "none"}, spoil: func(l *lane) { l.settle() }, want: "declined 05"},
		{name: "Autoservicio", o: transbanksim.Options{Kiosk: true}, options: map[string]string{"profile": "self_service"}, want: "approved 00"},
		{name: "Autoservicio, not the last", o: transbanksim.Options{Kiosk: true}, options: map[string]string{"profile": "self_service"},
			spoil: func(l *lane) { l.sells(100) }, want: "terminal_refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inLane(t, c.o, c.options, func(l *lane) {
				l.pt.Next(c.card)
				sold := l.sells(4990)
				if c.spoil != nil {
					c.spoil(l)
				}
				before := l.held()
				out, err := l.void(sold.Amount.Amount, sold)
				got := fmt.Sprintf("%s %s", out.Result.Decision, out.Result.Code)
				if known := (*pos.Error)(nil); errors.As(err, &known) {
					if got = string(known.Code); known.Money != pos.NoneMoved || known.Next == "" {
						t.Errorf("%+v", known)
					}
				}
				if got != c.want || (l.held() != before) != (c.want == "approved 00") {
					t.Errorf("%+v, %v; want %s; the terminal holds %d", out, err, c.want, l.held())
				}
			})
		})
	}
}

// TestALostVoidThatIsRepeated is a void whose result comes again over the next wire: that is evidence.
func TestALostVoidThatIsRepeated(t *testing.T) {
	for do, want := range map[transbanksim.Do]drivers.Verdict{transbanksim.Approve: drivers.Charged, transbanksim.Decline: drivers.NotCharged} {
		inLane(t, transbanksim.Options{}, nil, func(l *lane) {
			sold := l.sells(4990)
			l.pt.Next(transbanksim.Card{Do: do})
			near := l.near
			l.pt.Observe(func(e transbanksim.Event) {
				if e.Moment == transbanksim.Told && e.Command == "1210" {
					_ = near.Close()
				}
			})
			_, err := l.void(4990, sold)
			if pos.MoneyOf(err) == pos.MoneyUnknown {
				l.again()
				r, err := l.driver.Recover(context.Background(), drivers.Pending{What: drivers.VoidOf, Ref: l.ref(), Amount: pesos(4990), Before: l.last,
					Of: drivers.Last{Trace: sold.Trace, ReceiptNo: sold.ReceiptNo}})
				if err != nil || r.Verdict != want || r.Last != l.last {
					t.Errorf("%+v, %v", r, err)
				}
			} else if err != nil { // the result was read before the wire was gone
				t.Error(err)
			}
		})
	}
}

func TestTotalsReprintAndChores(t *testing.T) {
	ctx, quiet := context.Background(), func(drivers.Progress) {}
	inLane(t, transbanksim.Options{}, nil, func(l *lane) {
		if totals, err := l.driver.(drivers.Counter).Count(ctx, quiet); err != nil || totals.Amount != 0 || len(totals.Brands) != 0 {
			t.Errorf("%+v, %v", totals, err)
		}
		var known *pos.Error
		if _, err := l.driver.(drivers.Reprinter).Reprint(ctx, quiet); !errors.As(err, &known) || known.Money != pos.NoneMoved {
			t.Error(err)
		}
		l.sells(4990)
		l.sells(1000)
		if totals, err := l.driver.(drivers.Counter).Count(ctx, quiet); err != nil || totals.Amount != 5990 || totals.Brands[0].Count != 2 || totals.Emptied {
			t.Errorf("%+v, %v", totals, err)
		}
		if slips, err := l.driver.(drivers.Reprinter).Reprint(ctx, quiet); err != nil || slips != nil || l.pt.Memory().Vouchers != 1 {
			t.Errorf("%v, %v", slips, err)
		}
		if totals := l.settle(); totals.Amount != 5990 {
			t.Errorf("%+v", totals)
		}
		if _, err := l.driver.(drivers.Servicer).Service(ctx, drivers.SetClock, quiet); !errors.As(err, &known) || known.Code != "not_supported" {
			t.Error(err)
		}
	})
	inLane(t, transbanksim.Options{Kiosk: true}, map[string]string{"profile": "self_service", "voucher": "terminal"}, func(l *lane) {
		if out, err := l.sell(4990); err != nil || out.Receipts != nil {
			t.Errorf("%+v, %v", out, err)
		}
		if slips, err := l.driver.(drivers.Reprinter).Reprint(ctx, quiet); err != nil || slips != nil || l.pt.Memory().Vouchers != 1 {
			t.Errorf("%v, %v", slips, err)
		}
	})
	inLane(t, transbanksim.Options{Kiosk: true}, map[string]string{"profile": "self_service"}, func(l *lane) {
		out, err := l.sell(4990)
		if err != nil || len(out.Receipts) != 1 || out.Receipts[0].Lines[1] != "TOTAL $ 4990" {
			t.Errorf("%+v, %v", out, err)
		}
		if slips, err := l.driver.(drivers.Reprinter).Reprint(ctx, quiet); err != nil || len(slips) != 1 || slips[0].Lines[0] != "COMPROBANTE DE VENTA" {
			t.Errorf("%v, %v", slips, err)
		}
		if l.again(); l.pt.Memory().Vouchers != 0 {
			t.Errorf("%d vouchers printed by opening", l.pt.Memory().Vouchers)
		}
		for _, chore := range l.driver.(drivers.Servicer).Chores() {
			if text, err := l.driver.(drivers.Servicer).Service(ctx, chore, quiet); err != nil || !strings.Contains(text, "00") {
				t.Error(chore, text, err)
			}
		}
	})
}

// TestSalesForASubMerchant goes by 0270, and by 0280 where its outcome is asked for.
func TestSalesForASubMerchant(t *testing.T) {
	for _, o := range []transbanksim.Options{{}, {AnswerAs0210: true}, {Plain: true}} {
		inLane(t, o, map[string]string{"commerce": "597020000999"}, func(l *lane) {
			l.sells(100)
			l.pt.Next(transbanksim.Card{Link: transbanksim.Link{Silent: true}})
			if _, err := l.sell(4990); pos.MoneyOf(err) != pos.MoneyUnknown {
				t.Error(err)
			}
			if r := l.asks(4990); r.Verdict != drivers.Charged {
				t.Errorf("%+v", r)
			}
			for _, s := range l.pt.Memory().Sales {
				if s.Commerce != "597020000999" {
					t.Errorf("%+v", s)
				}
			}
		})
	}
}

// TestTheFirstSaleOfTheDayIsLost is a terminal that has no last sale, and had none since the till closed its day.
func TestTheFirstSaleOfTheDayIsLost(t *testing.T) {
	inLane(t, transbanksim.Options{}, nil, func(l *lane) {
		l.sells(100)
		if totals := l.settle(); !totals.Emptied {
			t.Errorf("%+v", totals)
		}
		l.pt.Next(transbanksim.Card{Do: transbanksim.Decline, Link: transbanksim.Link{Silent: true}})
		if _, err := l.sell(4990); pos.MoneyOf(err) != pos.MoneyUnknown {
			t.Error(err)
		}
		if r := l.asks(4990); r.Verdict != drivers.Undecided || !strings.Contains(r.Text, "decide at the till") {
			t.Errorf("with the base line of before the end of day: %+v", r)
		}
		if l.last = (drivers.Last{}); l.asks(4990).Verdict != drivers.NotCharged {
			t.Error("with the base line of after it: not decided")
		}
	})
}

// TestACustomerOutlivesTheWire is one who pays while the cable is out. The next till waits for him.
func TestACustomerOutlivesTheWire(t *testing.T) {
	inLane(t, transbanksim.Options{}, nil, func(l *lane) {
		l.sells(100)
		l.pt.Next(transbanksim.Card{After: 50 * time.Second})
		cut := time.AfterFunc(10*time.Second, func() { _ = l.near.Close() })
		defer cut.Stop()
		if _, err := l.sell(4990); pos.MoneyOf(err) != pos.MoneyUnknown {
			t.Error(err)
		}
		l.plug() // the terminal has not noticed, and still serves the old wire
		begun := time.Now()
		l.open()
		if took := time.Since(begun); took < 30*time.Second {
			t.Errorf("open after %v", took)
		}
		l.last = drivers.Last{} // not what Open tells: that is the sale itself
		if r := l.asks(4990); r.Verdict != drivers.Charged {
			t.Errorf("%+v", r)
		}
	})
}
