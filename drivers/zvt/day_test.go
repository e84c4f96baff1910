package zvt

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// BMP 60 of a day: receipts 0001 to 0042, girocard 3 over 30.00, Mastercard 255 (full) over 5100.00, Visa 1 over 10.23, others 2 over 0.07.
const singleTotals = "60 F0 F5 F3 00 01 00 42 " +
	"03 00 00 00 00 30 00 00 00 00 00 00 00 00 FF 00 00 00 51 00 00 00 00 00 00 00 00 00 01 00 00 00 00 10 23 00 00 00 00 00 00 00 02 00 00 00 00 00 07"

// The 04 0F of that day over 5140.30 EUR, trace 777, at 23:59:01 of 31 December, told in the first second of 2000.
const dayTold = "04 0F 50 27 00 04 00 00 00 51 40 30 49 09 78 0B 00 07 77 0C 23 59 01 0D 12 31 " + singleTotals

func theDay() drivers.Totals {
	return drivers.Totals{Currency: "EUR", Amount: 514030, First: "0001", Last: "0042", Trace: "000777", Date: "1999-12-31", Time: "23:59:01",
		Brands: []drivers.BrandTotal{{Brand: "girocard", Count: 3, Amount: 3000}, {Brand: "mastercard", Count: 255, Amount: 510000, Full: true},
			{Brand: "visa", Count: 1, Amount: 1023}, {Brand: "other", Count: 2, Amount: 7}}}
}

// settle runs an end of day; the totals that were made durable are appended to stored.
func (s *saleTest) settle(stored *[]drivers.Totals) (drivers.Totals, error) {
	return s.terminal.Settle(context.Background(), func(p drivers.Progress) { s.shown = append(s.shown, p.Text) }, func(t drivers.Totals) error {
		*stored = append(*stored, t)
		return s.commit
	})
}

func (d *device) beginsDay() {
	d.holdsNothing()
	d.takes("06 50 03 00 00 00")
	d.says(okay)
	d.asks("04 FF 01 0E", okay)
}

func TestSettle(t *testing.T) {
	for _, stream := range []bool{false, true} {
		play(t, stream, func(d *device) {
			d.beginsDay()
			d.asks(dayTold, okay)
			d.asks("06 D1 03 81 5A 5A", okay)
			d.asks("06 0F 02 27 E0", okay) // an update begins now
		}, func(s *saleTest) {
			var stored []drivers.Totals
			got, err := s.settle(&stored)
			want := theDay()
			if err != nil || len(stored) != 1 || !reflect.DeepEqual(stored[0], want) || len(s.shown) != 1 {
				t.Errorf("stored %+v, %v, shown %q", stored, err, s.shown)
			}
			want.Receipts = []drivers.Receipt{{For: drivers.ForAnyone, Lines: []string{"ZZ"}}}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestADayIsOverUnknownOrGoesOn goes through the courses that are not good.
// TestAnEmptiedTerminalSaysSo is asked behind the day for its last transaction.
func TestAnEmptiedTerminalSaysSo(t *testing.T) {
	for answer, want := range map[string]bool{"06 1E 01 64": true, "06 0F 00": true, "06 1E 01 FF": false} {
		play(t, false, func(d *device) {
			d.beginsDay()
			d.asks(dayTold, okay)
			d.asks(completes, okay)
			d.takes("06 20 05 00 00 00 03 03")
			d.says(okay)
			d.asks(answer, okay)
		}, func(s *saleTest) {
			if got, err := s.settle(new([]drivers.Totals)); err != nil || got.Emptied != want {
				t.Errorf("%s: %v, %v", answer, got.Emptied, err)
			}
		})
	}
	play(t, false, func(d *device) {
		d.beginsDay()
		d.asks(dayTold, okay)
		d.conn.Close() // told and acknowledged, but not ended
	}, func(s *saleTest) {
		s.terminal.options.config = 0x08
		if got, err := s.settle(new([]drivers.Totals)); err != nil || got.Emptied || got.Amount != theDay().Amount {
			t.Errorf("%+v, %v", got, err)
		}
	})
	play(t, false, func(d *device) {
		d.beginsDay()
		d.asks(dayTold, okay)
		d.asks(completes, okay)
		d.repeats(before)
		d.beginsDay()
		d.asks(dayTold, okay)
		d.asks(completes, okay)
		d.takes("06 20")
		d.says("84 83 00") // has no function for it: that tells nothing
	}, func(s *saleTest) {
		for range 2 {
			if got, err := s.settle(new([]drivers.Totals)); err != nil || got.Emptied {
				t.Errorf("%v, %v", got.Emptied, err)
			}
		}
	})
}

func TestADayIsOverUnknownOrGoesOn(t *testing.T) {
	full := errors.New("disk full")
	for _, c := range []struct {
		name   string
		script func(*device)
		commit error
		retry  pos.Retry
		money  pos.MoneyState
		stored int
		words  string
	}{
		{"refused", func(d *device) { d.holdsNothing(); d.takes("06 50"); d.says("84 A0 00") }, nil, pos.Transient, pos.NoneMoved, 0, "receiver not ready"},
		{"no such function", func(d *device) { d.holdsNothing(); d.takes("06 50"); d.says("84 83 00") }, nil, pos.Permanent, pos.NoneMoved, 0, "no function"},
		{"not possible", func(d *device) {
			d.beginsDay()
			d.asks("04 0F 02 27 77", okay)
			d.asks("06 1E 01 77", okay)
		}, nil, pos.Transient, pos.NoneMoved, 0, "goes on counting"},
		{"ended without a word", func(d *device) { d.beginsDay(); d.asks("06 1E 01 C0", okay) }, nil, pos.Permanent, pos.NoneMoved, 0, "goes on counting"},
		{"totals not durable", func(d *device) {
			d.beginsDay()
			d.asks(dayTold, "84 FF 00")
			d.asks(completes, okay)
		}, full, pos.OutcomeUnknown, pos.MoneyUnknown, 1, "could not be stored"},
		{"totals told and then failed", func(d *device) {
			d.beginsDay()
			d.asks(dayTold, okay)
			d.asks("06 1E 01 77", okay)
		}, nil, pos.OutcomeUnknown, pos.MoneyUnknown, 1, "ended the end of day as failed"},
		{"over without totals", func(d *device) { d.beginsDay(); d.asks(completes, okay) }, nil, pos.OutcomeUnknown, pos.MoneyUnknown, 0, "no clear result"},
		{"silence", func(d *device) { d.beginsDay(); quietWire(d) }, nil, pos.OutcomeUnknown, pos.MoneyUnknown, 0, "no clear result"},
		{"the command unanswered", func(d *device) { d.holdsNothing(); d.takes("06 50"); quietWire(d) }, nil, pos.OutcomeUnknown, pos.MoneyUnknown, 0, "end of day command"},
	} {
		t.Run(c.name, func(t *testing.T) {
			play(t, false, func(d *device) { c.script(d); quietWire(d) }, func(s *saleTest) {
				var stored []drivers.Totals
				s.commit = c.commit
				got, err := s.settle(&stored)
				s.wantClass(err, c.retry, c.money)
				if len(stored) != c.stored || !strings.Contains(err.Error(), c.words) || !reflect.DeepEqual(got, drivers.Totals{}) {
					t.Errorf("%+v, %v; stored %+v", got, err, stored)
				}
				if c.commit != nil && !errors.Is(err, c.commit) {
					t.Errorf("%v hides its cause", err)
				}
			})
		})
	}
}

// TestALongEndOfDay is kept alive by progress.
func TestALongEndOfDay(t *testing.T) {
	play(t, false, func(d *device) {
		d.beginsDay()
		for range 10 {
			time.Sleep(time.Minute)
			d.asks("04 FF 01 06", okay)
		}
		d.asks(dayTold, okay)
		d.asks(completes, okay)
	}, func(s *saleTest) {
		var stored []drivers.Totals
		if got, err := s.settle(&stored); err != nil || got.Amount != 514030 {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestTotals(t *testing.T) {
	for _, c := range []struct {
		name, data string
		want       drivers.Totals
		coded      bool
	}{
		{"code and amount only", "27 00 04 00 00 00 00 10 23", drivers.Totals{Currency: "EUR", Amount: 1023}, true},
		{"single totals without a code or a total", "49 09 78 " + singleTotals, drivers.Totals{Currency: "EUR", Amount: 514030, First: "0001", Last: "0042", Brands: theDay().Brands}, true},
		{"cut short", "27 00 60 F0 F1 F2 00 01 00 02 01 00 00 00 00 10 23 07", drivers.Totals{Currency: "EUR", Amount: 1023, First: "0001", Last: "0002",
			Brands: []drivers.BrandTotal{{Brand: "girocard", Count: 1, Amount: 1023}}}, true},
		{"a sum that is no number", "27 00 60 F0 F1 F1 00 01 00 02 01 00 00 00 00 10 2A", drivers.Totals{Currency: "EUR", First: "0001", Last: "0002"}, true},
		{"nothing in it", "27 00 60 F0 F0 F2 00 01", drivers.Totals{Currency: "EUR"}, true},
		{"no code and no totals", "49 09 78", drivers.Totals{}, false},
	} {
		fields, _, err := codec.ParseFields(plain(c.data))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		said := newReport(fields)
		result, coded := readTotals(said)
		if coded != c.coded || coded && result.Code != approvedCode {
			t.Errorf("%s: %+v, %v", c.name, result, coded)
		}
		if got := (&terminal{currency: "EUR"}).totals(said, result); coded && !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}
