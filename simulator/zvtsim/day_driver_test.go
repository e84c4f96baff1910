package zvtsim_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/wire"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// TestTheDayTellsEveryBrand sells, voids and refunds with several cards, and reads the totals by brand.
func TestTheDayTellsEveryBrand(t *testing.T) {
	inLane(t, zvtsim.Options{}, func(l *lane) {
		for _, x := range []struct {
			what   drivers.Transaction
			brand  string
			amount pos.Minor
			tip    pos.Minor
		}{
			{drivers.SaleOf, "girocard", 1000, 0}, {drivers.SaleOf, "mastercard", 250, 50}, {drivers.SaleOf, "amex", 700, 0},
			{drivers.VoidOf, "", 700, 0}, {drivers.SaleOf, "bluecode", 333, 0}, {drivers.RefundOf, "girocard", 400, 0}, {drivers.RefundOf, "visa", 600, 0},
		} {
			l.pt.Next(zvtsim.Card{Brand: x.brand, Tip: x.tip})
			if moved, how, _ := l.act(x.what, euros(x.amount)); !moved {
				t.Fatal(how)
			}
			l.again()
		}
		got, stored, err := l.day(t)
		want := []drivers.BrandTotal{{Brand: "girocard", Count: 1, Amount: 600}, {Brand: "mastercard", Count: 1, Amount: 300},
			{Brand: "visa", Count: 1}, {Brand: "other", Count: 1, Amount: 333}} // visa: 5.00 came and 6.00 went back, which BMP 60 cannot say
		if err != nil || !slices.Equal(got.Brands, want) || got.Amount != 1133 || got.Currency != "EUR" || got.First != "0001" || got.Last != "0008" ||
			got.Trace != "000009" || len(got.Receipts) != 1 || got.Date == "" || got.Time == "" {
			t.Errorf("%+v, %v", got, err)
		}
		if got.Receipts = nil; len(stored) != 1 || !reflect.DeepEqual(stored[0], got) {
			t.Errorf("stored %+v", stored)
		}
		if s := l.pt.Memory().Settlements; len(s) != 1 || s[0].Amount != got.Amount || l.held() != got.Amount {
			t.Errorf("the terminal settled %+v and holds %d", s, l.held())
		}
		l.again()
		if got, _, err = l.day(t); err != nil || got.Amount != 0 || len(got.Brands) != 0 || got.First != "" || got.Last != "" {
			t.Errorf("a day with nothing: %+v, %v", got, err)
		}
	})
}

func TestTheCounterOfADayRunsFull(t *testing.T) {
	inLane(t, zvtsim.Options{Stream: true}, func(l *lane) {
		for range 260 {
			if out, err := l.command(drivers.SaleOf, drivers.Sale{Amount: euros(1), Progress: func(drivers.Progress) {},
				Commit: func(drivers.Result) error { return nil }}); err != nil || out.Result.Decision != drivers.Approved {
				t.Fatal(err)
			}
		}
		got, _, err := l.day(t)
		if err != nil || !slices.Equal(got.Brands, []drivers.BrandTotal{{Brand: "visa", Count: 255, Amount: 760, Full: true}}) {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// TestADayThatFails is followed by refusals of payments until an end of day succeeds (S11).
func TestADayThatFails(t *testing.T) {
	inLane(t, zvtsim.Options{}, func(l *lane) {
		l.pt.NextEndOfDay(zvtsim.Card{Do: zvtsim.Decline})
		if _, stored, err := l.day(t); pos.MoneyOf(err) != pos.NoneMoved || len(stored) != 0 || len(l.pt.Memory().Settlements) != 0 {
			t.Errorf("%v, stored %+v", err, stored)
		}
		l.again()
		if paid, how, _ := l.sell(euros(100)); paid {
			t.Error(how)
		}
		l.again()
		if got, _, err := l.day(t); err != nil || got.Amount != 500 {
			t.Errorf("%+v, %v", got, err)
		}
		l.again()
		if paid, how, _ := l.sell(euros(100)); !paid {
			t.Error(how)
		}
	})
}

// TestBytesOfAnEndOfDay compares what is known of an end of day with what the terminal settled, however it was cut.
func TestBytesOfAnEndOfDay(t *testing.T) {
	for _, f := range damages(60, 330) {
		t.Run(fmt.Sprintf("%s %d at %d", f.Direction, f.Kind, f.At), func(t *testing.T) {
			inLane(t, zvtsim.Options{}, func(l *lane) {
				l.faulty.Add(moved([]wire.Fault{f}, l.faulty.Offset(wire.In), l.faulty.Offset(wire.Out))[0])
				checkDay(t, l)
			})
		})
	}
}

func TestADayInEveryManner(t *testing.T) {
	for _, stream := range []bool{false, true} {
		for _, do := range []zvtsim.Do{zvtsim.Approve, zvtsim.Decline, zvtsim.Refuse, zvtsim.LoseResult, zvtsim.LoseBeforeAck} {
			t.Run(fmt.Sprintf("%s stream=%v", do, stream), func(t *testing.T) {
				inLane(t, zvtsim.Options{Stream: stream}, func(l *lane) {
					l.pt.NextEndOfDay(zvtsim.Card{Do: do})
					checkDay(t, l)
				})
			})
		}
	}
}

// checkDay ends the day, compares, and ends what is left of it: each payment is in one settlement.
func checkDay(t *testing.T, l *lane) {
	t.Helper()
	got, stored, err := l.day(t)
	settled := l.pt.Memory().Settlements
	switch {
	case err == nil && (len(settled) != 1 || got.Amount != 500 || settled[0].Amount != 500):
		t.Errorf("told %+v, settled %+v", got, settled)
	case err != nil && pos.MoneyOf(err) == pos.NoneMoved && len(settled)+len(stored) > 0:
		t.Errorf("%v, and the terminal settled %+v", err, settled)
	}
	for _, d := range stored {
		if len(settled) != 1 || d.Amount != settled[0].Amount {
			t.Errorf("stored %+v, settled %+v", d, settled)
		}
	}
	if len(settled) > 1 {
		t.Errorf("%d ends of day for one", len(settled))
	}
	l.again()
	if _, _, err := l.day(t); err != nil {
		t.Error(err)
	}
	sum := pos.Minor(0)
	for _, s := range l.pt.Memory().Settlements {
		sum += s.Amount
	}
	if sum != 500 {
		t.Errorf("the days came to %d", sum)
	}
}
