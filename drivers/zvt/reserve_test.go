package zvt

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// holdsNothing answers the question for open reservations with none.
func (d *device) holdsNothing() {
	d.holds("06 1E 04 B8 87 FF FF")
}

// holds answers it.
func (d *device) holds(end string) {
	d.takes("06 23 03 87 FF FF")
	d.says(okay)
	d.asks(end, okay)
}

// heldAs is the reservation of the tests: 15.00 EUR under receipt 24.
func heldAs() drivers.Last { return drivers.Last{Trace: "000023", ReceiptNo: "0024", Held: 1500} }

// TestCommandsOfReservations pins the bytes of 06 22 to 06 25.
func TestCommandsOfReservations(t *testing.T) {
	for _, c := range []struct {
		options string // of booking
		want    string // "" for a refusal before anything is sent
		build   func(d *terminal) (codec.APDU, error)
	}{
		{"", "06 22 0C 04 00 00 00 00 10 23 49 09 78 19 40", func(d *terminal) (codec.APDU, error) { return d.reservation(eur(1023)) }},
		{"", "06 24 0D 87 00 24 04 00 00 00 00 07 50 49 09 78", func(d *terminal) (codec.APDU, error) { return d.booking(eur(750), heldAs()) }},
		{"", "06 24 0D 87 00 24 04 00 00 00 00 07 50 49 09 78",
			func(d *terminal) (codec.APDU, error) { return d.booking(eur(750), drivers.Last{ReceiptNo: "0024"}) }},
		{"", "", func(d *terminal) (codec.APDU, error) { return d.booking(eur(1501), heldAs()) }},
		{"", "", func(d *terminal) (codec.APDU, error) {
			return d.booking(eur(750), drivers.Last{Trace: "000023", Held: 1500})
		}},
		{"partial_reversal", "06 23 0D 87 00 24 04 00 00 00 00 07 50 49 09 78", func(d *terminal) (codec.APDU, error) { return d.booking(eur(750), heldAs()) }},
		{"partial_reversal", "06 23 0D 87 00 24 04 00 00 00 00 04 77 49 09 78", func(d *terminal) (codec.APDU, error) { return d.booking(eur(1023), heldAs()) }},
		{"partial_reversal", "06 23 0D 87 00 24 04 00 00 00 00 00 00 49 09 78", func(d *terminal) (codec.APDU, error) { return d.booking(eur(1500), heldAs()) }},
		{"partial_reversal", "", func(d *terminal) (codec.APDU, error) { return d.booking(eur(750), drivers.Last{ReceiptNo: "0024"}) }},
		{"partial_reversal", "", func(d *terminal) (codec.APDU, error) { return d.booking(eur(1501), heldAs()) }},
		{"", "06 25 0D 87 00 24 04 00 00 00 00 15 00 49 09 78", func(d *terminal) (codec.APDU, error) { return d.release(eur(1500), heldAs()) }},
		{"", "", func(d *terminal) (codec.APDU, error) { return d.release(eur(1500), drivers.Last{ReceiptNo: "0000"}) }},
	} {
		o := defaults()
		if c.options != "" {
			var err error
			if o, err = readOptions(map[string]string{"booking": c.options}); err != nil {
				t.Fatal(err)
			}
		}
		a, err := c.build(&terminal{options: o, currency: "EUR"})
		if c.want == "" {
			(&saleTest{t: t}).wantClass(err, pos.Permanent, pos.NoneMoved)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := a.Marshal(); !slices.Equal(got, plain(c.want)) {
			t.Errorf("% x, want %s", got, c.want)
		}
	}
}

// held runs a reservation of 10.23 EUR, a booking of that out of receipt 24, or the release of receipt 24.
func (s *saleTest) held(what drivers.Transaction) (drivers.Outcome, error) {
	command := drivers.Sale{Amount: eur(1023), Progress: func(p drivers.Progress) { s.shown = append(s.shown, p.Text) },
		Commit: func(r drivers.Result) error {
			s.stored = append(s.stored, r)
			return s.commit
		}}
	switch what {
	case drivers.BookingOf:
		return s.terminal.Book(context.Background(), command, heldAs())
	case drivers.ReleaseOf:
		return s.terminal.Release(context.Background(), command, heldAs())
	}
	return s.terminal.Reserve(context.Background(), command)
}

// TestReservationsCome to an outcome, or to none, as payments do.
func TestReservations(t *testing.T) {
	for what, command := range map[drivers.Transaction]string{
		drivers.ReservationOf: "06 22 0C 04 00 00 00 00 10 23 49 09 78 19 40",
		drivers.BookingOf:     "06 24 0D 87 00 24 04 00 00 00 00 10 23 49 09 78",
		drivers.ReleaseOf:     "06 25 0D 87 00 24 04 00 00 00 00 10 23 49 09 78",
	} {
		for _, c := range []struct {
			name     string
			script   func(*device)
			decision drivers.Decision // "" for unknown
			words    string           // of the result, or of the error
		}{
			{"done", func(d *device) { d.asks(succeeds, okay); d.asks(completes, okay) }, drivers.Approved, "successful"},
			{"wrong amount", func(d *device) { d.asks("04 0F 02 27 B7", okay); d.asks("06 1E 01 B7", okay) }, drivers.Declined, "does not fit"},
			{"not open, told by its end only", func(d *device) { d.asks("06 1E 01 B8", okay) }, drivers.Declined, "not open"},
			{"success and failure contradict", func(d *device) { d.asks(succeeds, okay); d.asks("06 1E 01 B8", okay) }, "", "ended the " + string(deedOf(what))},
			{"nothing", func(*device) {}, "", "no clear result"},
		} {
			t.Run(string(what)+" "+c.name, func(t *testing.T) {
				play(t, false, func(d *device) { d.takes(command); d.says(okay); c.script(d); quietWire(d) }, func(s *saleTest) {
					out, err := s.held(what)
					if c.decision == "" {
						if s.wantClass(err, pos.OutcomeUnknown, pos.MoneyUnknown); !strings.Contains(err.Error(), c.words) {
							t.Error(err)
						}
						return
					}
					if err != nil || out.Result.Decision != c.decision || !strings.Contains(out.Result.Text, c.words) || len(s.stored) != 1 || s.stored[0] != out.Result {
						t.Errorf("%+v, %v; stored %+v", out.Result, err, s.stored)
					}
				})
			})
		}
	}
}

// TestRefusedReservations were not begun.
func TestRefusedReservations(t *testing.T) {
	for _, c := range []struct {
		refusal string
		what    drivers.Transaction
		code    pos.ErrorCode
		retry   pos.Retry
		next    string
	}{
		{"84 83 00", drivers.ReservationOf, notPossible, pos.Permanent, "at the terminal itself"},
		{"84 83 00", drivers.BookingOf, notPossible, pos.Permanent, "at the terminal itself"},
		{"84 B7 00", drivers.BookingOf, terminalRefused, pos.Permanent, "at most what is held"},
		{"84 B8 00", drivers.BookingOf, terminalRefused, pos.Permanent, "booked or released already"},
		{"84 B5 00", drivers.ReleaseOf, terminalRefused, pos.Permanent, "booked or released already"},
		{"84 9C 00", drivers.ReleaseOf, deviceUnavailable, pos.Transient, "idle"},
	} {
		play(t, false, func(d *device) { d.takes("06"); d.says(c.refusal) }, func(s *saleTest) {
			_, err := s.held(c.what)
			s.wantClass(err, c.retry, pos.NoneMoved)
			var e *pos.Error
			if errors.As(err, &e) && (e.Code != c.code || !strings.Contains(e.Next, c.next)) {
				t.Errorf("%s %s: %+v", c.what, c.refusal, e)
			}
		})
	}
}

// TestPartialReversalTellsWhatItFrees books 10.23 of 15.00 EUR; the terminal tells 4.77, 10.23, or something of its own.
func TestPartialReversalTellsWhatItFrees(t *testing.T) {
	for told, want := range map[string]pos.Minor{"04 77": 1023, "10 23": 1023, "08 00": 800} {
		play(t, false, func(d *device) {
			d.takes("06 23 0D 87 00 24 04 00 00 00 00 04 77 49 09 78")
			d.says(okay)
			d.asks("04 0F 10 27 00 04 00 00 00 00 "+told+" 0B 00 00 24 49 09 78", okay)
			d.asks(completes, okay)
		}, func(s *saleTest) {
			s.terminal.options.tellsUnused = true
			if out, err := s.held(drivers.BookingOf); err != nil || out.Result.Amount != eur(want) || s.stored[0] != out.Result {
				t.Errorf("told %s: %+v, %v", told, out.Result, err)
			}
		})
	}
}

// TestOpenReservations reads the answers to 06 23 with FFFF.
func TestOpenReservations(t *testing.T) {
	for end, want := range map[string][]string{
		"06 1E 04 B8 87 FF FF":                nil,
		"06 1E 01 B8":                         nil,
		"06 0F 00":                            nil,
		"06 1E 04 B8 87 00 03":                {"0003"},
		"06 1E 04 B8 87 00 00":                nil,
		"06 1E 04 B8 87 0A 03":                nil,
		"06 1E 09 B8 06 0A 23 08 08 02 00 07": nil, // cut short inside
		"06 1E 14 B8 87 00 03 06 0E 23 0C 08 02 00 04 08 02 00 03 08 02 00 05": {"0004", "0003", "0005"},
		"06 1E 0F B8 87 00 09 06 09 23 07 08 02 00 04 08 01 03":                {"0004", "0009"},
	} {
		play(t, false, func(d *device) { d.holds(end) }, func(s *saleTest) {
			got, err := s.terminal.Reservations(context.Background())
			var receipts []string
			for _, last := range got {
				receipts = append(receipts, last.ReceiptNo)
			}
			if err != nil || !slices.Equal(receipts, want) {
				t.Errorf("%s: %+v, %v; want %v", end, got, err, want)
			}
		})
	}
	for answer, code := range map[string]pos.ErrorCode{"84 83 00": notPossible, "84 9C 00": deviceUnavailable, "84 A5 00": terminalRefused} {
		play(t, false, func(d *device) { d.takes("06 23"); d.says(answer) }, func(s *saleTest) {
			_, err := s.terminal.Reservations(context.Background())
			var e *pos.Error
			if !errors.As(err, &e) || e.Code != code || e.Money != pos.NoneMoved {
				t.Errorf("%s: %v", answer, err)
			}
		})
	}
}

// TestNoDayEndsWithReservationsOpen unless the shop says so; a terminal that knows no such question is not asked twice.
func TestNoDayEndsWithReservationsOpen(t *testing.T) {
	play(t, false, func(d *device) { d.holds("06 1E 14 B8 87 00 03 06 0E 23 0C 08 02 00 03 08 02 00 04 08 02 00 05") }, func(s *saleTest) {
		var stored []drivers.Totals
		_, err := s.settle(&stored)
		s.wantClass(err, pos.Permanent, pos.NoneMoved)
		var e *pos.Error
		if !errors.As(err, &e) || e.Code != drivers.ReservationsOpen || !strings.Contains(e.Text, "0003, 0004, 0005") || !strings.Contains(e.Next, "release") || len(stored) != 0 {
			t.Errorf("%+v; stored %+v", e, stored)
		}
	})
	for _, c := range []struct {
		name   string
		keep   bool
		answer func(d *device)
	}{
		{"not asked", true, func(*device) {}},
		{"no such command", false, func(d *device) { d.takes("06 23"); d.says("84 83 00") }},
		{"begun and aborted", false, func(d *device) { d.takes("06 23"); d.says(okay); d.asks("06 1E 01 6C", okay) }},
		{"not possible", false, func(d *device) { d.takes("06 23"); d.says(okay); d.asks("06 1E 01 83", okay) }},
	} {
		play(t, false, func(d *device) {
			c.answer(d)
			d.takes("06 50 03 00 00 00")
			d.says(okay)
			d.asks(dayTold, okay)
			d.asks("06 0F 02 27 E0", okay)
		}, func(s *saleTest) {
			s.terminal.options.keepsOpen = c.keep
			var stored []drivers.Totals
			if got, err := s.settle(&stored); err != nil || got.Amount != theDay().Amount || len(stored) != 1 {
				t.Errorf("%s: %+v, %v", c.name, got, err)
			}
		})
	}
	play(t, false, func(d *device) { d.takes("06 23"); d.conn.Close() }, func(s *saleTest) {
		var stored []drivers.Totals
		_, err := s.settle(&stored)
		s.wantClass(err, pos.Transient, pos.NoneMoved)
	})
}

// TestJudgeReservations goes through what a last transaction proves of a reservation of 10.23 EUR, of its booking out of 15.00 EUR, and of a release.
func TestJudgeReservations(t *testing.T) {
	result := func(trace, receipt string, n pos.Minor) *drivers.Result {
		return &drivers.Result{Code: "00", Decision: drivers.Approved, Trace: trace, ReceiptNo: receipt, Amount: eur(n)}
	}
	told := func(n pos.Minor, reverses string) found {
		return found{result: result("000024", "0025", n), reverses: reverses}
	}
	numberless := drivers.Last{ReceiptNo: "0024", Held: 1500}
	for _, c := range []struct {
		name   string
		what   drivers.Transaction
		unused bool
		of     drivers.Last
		before drivers.Last
		found  found
		want   drivers.Verdict
	}{
		{"a reservation, new and fits", drivers.ReservationOf, false, drivers.Last{}, heldAs(), told(1023, ""), drivers.Charged},
		{"a reservation over another amount", drivers.ReservationOf, false, drivers.Last{}, heldAs(), told(1022, ""), drivers.Undecided},
		{"a reservation, and a reversal came", drivers.ReservationOf, false, drivers.Last{}, heldAs(), told(1023, "000023"), drivers.Undecided},
		{"a booking that names nothing", drivers.BookingOf, false, heldAs(), heldAs(), told(1023, ""), drivers.Charged},
		{"a booking that names its reservation", drivers.BookingOf, false, heldAs(), heldAs(), told(1023, "000023"), drivers.Charged},
		{"a booking that names another one", drivers.BookingOf, false, heldAs(), heldAs(), told(1023, "000022"), drivers.Undecided},
		{"a booking that tells what it frees, and should not", drivers.BookingOf, false, heldAs(), heldAs(), told(477, ""), drivers.Undecided},
		{"a booking that tells what it frees", drivers.BookingOf, true, heldAs(), heldAs(), told(477, ""), drivers.Charged},
		{"a booking that tells what it takes", drivers.BookingOf, true, heldAs(), heldAs(), told(1023, ""), drivers.Charged},
		{"a booking of a reservation that holds nobody knows what", drivers.BookingOf, true, drivers.Last{Trace: "000023"}, heldAs(), told(477, ""), drivers.Undecided},
		{"a booking, and the reservation is the last one still", drivers.BookingOf, false, heldAs(), heldAs(), found{result: result("000023", "0024", 1023)}, drivers.NotCharged},
		{"a booking, receipt numbers only", drivers.BookingOf, false, numberless, numberless, found{result: result("", "0024", 1023)}, drivers.Undecided},
		{"a release, receipt numbers only", drivers.ReleaseOf, false, numberless, numberless, found{result: result("", "0024", 1023)}, drivers.Undecided},
		{"a release that names its reservation", drivers.ReleaseOf, false, heldAs(), heldAs(), told(1023, "000023"), drivers.Charged},
		{"a release that names another one", drivers.ReleaseOf, false, heldAs(), heldAs(), told(1023, "000022"), drivers.Undecided},
		{"a release that names nothing", drivers.ReleaseOf, false, heldAs(), heldAs(), told(1023, ""), drivers.Undecided},
	} {
		d := &terminal{currency: "EUR", options: options{tellsUnused: c.unused}}
		c.before.Held = 0
		got := d.judge(drivers.Pending{What: c.what, Of: c.of, Amount: eur(1023), Before: c.before}, c.found)
		if got.Verdict != c.want || got.Text == "" || got.Verdict == drivers.Charged && got.Result.Amount != eur(1023) {
			t.Errorf("%s: %+v, want %s", c.name, got, c.want)
		}
	}
}

// TestARecoveredReleaseAsksForTheOpenReservations where the last transaction does not say what it takes back.
func TestARecoveredReleaseAsksForTheOpenReservations(t *testing.T) {
	const released = "04 0F 13 27 00 04 00 00 00 00 10 23 0B 00 01 24 87 00 25 49 09 78"
	for _, c := range []struct {
		name, last string
		answer     func(d *device)
		quiet      time.Duration
		want       drivers.Verdict
		again      bool
	}{
		{"gone", released, (*device).holdsNothing, time.Hour, drivers.Charged, false},
		{"gone from the list", released, func(d *device) { d.holds("06 1E 0C B8 87 00 26 06 06 23 04 08 02 00 26") }, time.Hour, drivers.Charged, false},
		{"gone, and may come back", released, (*device).holdsNothing, 0, drivers.Undecided, true},
		{"held still", released, func(d *device) { d.holds("06 1E 04 B8 87 00 24") }, time.Hour, drivers.NotCharged, false},
		{"held still, and may go", released, func(d *device) { d.holds("06 1E 04 B8 87 00 24") }, 0, drivers.Undecided, true},
		{"another one is held, without a list", released, func(d *device) { d.holds("06 1E 04 B8 87 00 26") }, time.Hour, drivers.Undecided, false},
		{"a broken list", released, func(d *device) { d.holds("06 1E 0B B8 87 00 26 06 05 23 03 08 02 00") }, time.Hour, drivers.Undecided, false},
		{"no number at all", released, func(d *device) { d.holds("06 1E 01 B8") }, time.Hour, drivers.Undecided, false},
		{"no list", released, func(d *device) { d.takes("06 23"); d.says("84 83 00") }, time.Hour, drivers.Undecided, false},
		{"gone, but the last transaction is over another amount", "04 0F 13 27 00 04 00 00 00 00 10 24 0B 00 01 24 87 00 25 49 09 78", (*device).holdsNothing, time.Hour,
			drivers.Undecided, false},
	} {
		play(t, true, func(d *device) {
			d.status(idleStatus)
			d.registration(registered)
			d.repeats(c.last)
			c.answer(d)
		}, func(s *saleTest) {
			r, err := s.terminal.Recover(context.Background(), drivers.Pending{What: drivers.ReleaseOf, Of: heldAs(), Amount: eur(1023),
				Before: drivers.Last{Trace: "000123", ReceiptNo: "0024"}, Quiet: c.quiet})
			if err != nil || r.Verdict != c.want || r.Text == "" || (r.Again > 0) != c.again {
				t.Errorf("%s: %+v, %v", c.name, r, err)
			}
		})
	}
	play(t, true, func(d *device) {
		d.status(idleStatus)
		d.registration(registered)
		d.repeats(released)
		d.takes("06 23")
		d.conn.Close()
	}, func(s *saleTest) {
		_, err := s.terminal.Recover(context.Background(), drivers.Pending{What: drivers.ReleaseOf, Of: heldAs(), Amount: eur(1023),
			Before: drivers.Last{Trace: "000123", ReceiptNo: "0024"}})
		s.wantClass(err, pos.OutcomeUnknown, pos.MoneyUnknown)
	})
}
