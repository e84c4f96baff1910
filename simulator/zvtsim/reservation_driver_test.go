package zvtsim_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/wire"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// holding is what the open reservations of the terminal hold.
func (l *lane) holding() []pos.Minor {
	var all []pos.Minor
	for _, tx := range l.pt.Memory().Held() {
		all = append(all, tx.Amount)
	}
	return all
}

// done makes a command that goes well, and plugs in again.
func (l *lane) done(what drivers.Transaction, amount pos.Minor) {
	l.t.Helper()
	if moved, how, _ := l.act(what, euros(amount)); !moved {
		l.t.Fatalf("%s of %d: %s", what, amount, how)
	}
	l.again()
}

// use gives the driver other options.
func (l *lane) use(set map[string]string) {
	l.unplug()
	l.set = set
	l.again()
}

// bookings are the ways in which a terminal books, and what the driver has to be told of it.
func bookings() map[string]struct {
	o   zvtsim.Options
	set map[string]string
} {
	partial := map[string]string{"booking": "partial_reversal"}
	return map[string]struct {
		o   zvtsim.Options
		set map[string]string
	}{
		"book total":                         {zvtsim.Options{}, nil},
		"book total, stream":                 {zvtsim.Options{Stream: true}, nil},
		"book total, message ids":            {zvtsim.Options{MessageIDs: true}, nil},
		"partial reversal":                   {zvtsim.Options{NoBookTotal: true}, partial},
		"partial reversal, tells the freed":  {zvtsim.Options{NoBookTotal: true, TellsFreed: true}, partial},
		"partial reversal, stream, with ids": {zvtsim.Options{NoBookTotal: true, TellsFreed: true, Stream: true, MessageIDs: true}, partial},
	}
}

// TestS10ReservationsOfTheDriver books a smaller amount, takes that booking back, books all, releases, and meets three open reservations before an end of day.
func TestS10ReservationsOfTheDriver(t *testing.T) {
	for name, x := range bookings() {
		t.Run(name, func(t *testing.T) {
			inLane(t, x.o, func(l *lane) {
				l.use(x.set)
				l.done(drivers.ReservationOf, 1500)
				l.wantMoney(500, 1500)
				l.done(drivers.BookingOf, 1023)
				l.wantMoney(1523)
				l.done(drivers.VoidOf, 1023)
				l.wantMoney(500)
				l.done(drivers.ReservationOf, 700)
				l.done(drivers.BookingOf, 700)
				l.wantMoney(1200)
				var open []drivers.Last
				for _, amount := range []pos.Minor{300, 400, 600} {
					l.done(drivers.ReservationOf, amount)
					open = append(open, l.sold)
				}
				l.wantMoney(1200, 300, 400, 600)
				l.wantOpen(open)
				_, stored, err := l.day(t)
				var known *pos.Error
				if !errors.As(err, &known) || known.Code != "reservations_open" || known.Money != pos.NoneMoved || known.Retry != pos.Permanent || len(stored) != 0 ||
					known.Details["receipts"] != fmt.Sprintf("%s, %s, %s", open[0].ReceiptNo, open[1].ReceiptNo, open[2].ReceiptNo) {
					t.Errorf("%+v; stored %+v", err, stored)
				}
				l.again()
				for i, what := range []drivers.Transaction{drivers.ReleaseOf, drivers.BookingOf, drivers.ReleaseOf} {
					l.sold = open[i]
					l.done(what, open[i].Held)
				}
				l.wantMoney(1600)
				l.wantOpen(nil)
				if got, _, err := l.day(t); err != nil || got.Amount != 1600 || len(l.pt.Memory().Settlements) != 1 {
					t.Errorf("%+v, %v", got, err)
				}
			})
		})
	}
}

// wantMoney compares what the terminal took, and what it holds beside that.
func (l *lane) wantMoney(taken pos.Minor, held ...pos.Minor) {
	l.t.Helper()
	if got := l.holding(); l.held() != taken || !slices.Equal(got, held) {
		l.t.Fatalf("the terminal took %d and holds back %v, want %d and %v", l.held(), got, taken, held)
	}
}

// wantOpen compares what the terminal tells of its reservations.
func (l *lane) wantOpen(want []drivers.Last) {
	l.t.Helper()
	got, err := l.driver.(drivers.Reserver).Reservations(context.Background())
	if err != nil || !slices.EqualFunc(got, want, func(a, b drivers.Last) bool { return a.ReceiptNo == b.ReceiptNo }) {
		l.t.Fatalf("open %+v, %v; want %+v", got, err, want)
	}
}

// TestOneOpenReservationAtATime is a terminal that names one of them only: the next shows when that is ended.
func TestOneOpenReservationAtATime(t *testing.T) {
	inLane(t, zvtsim.Options{TellsOneOpen: true}, func(l *lane) {
		defer l.unplug()
		var open []drivers.Last
		for _, amount := range []pos.Minor{300, 400} {
			l.done(drivers.ReservationOf, amount)
			open = append(open, l.sold)
		}
		for _, last := range open {
			l.wantOpen([]drivers.Last{last})
			l.sold = last
			l.done(drivers.ReleaseOf, last.Held)
		}
		l.wantOpen(nil)
	})
}

// TestReservationsThatCannotBe meets the refusals of a terminal; nothing of them moves money or ends a reservation.
func TestReservationsThatCannotBe(t *testing.T) {
	for _, x := range []struct {
		name   string
		o      zvtsim.Options
		set    map[string]string
		spoil  func(l *lane)
		what   drivers.Transaction
		amount pos.Minor
		code   string // of a result, or of an error
	}{
		{"no function for a reservation", zvtsim.Options{NoReservations: true}, nil, func(*lane) {}, drivers.ReservationOf, 100, "not_supported"},
		{"no 06 24", zvtsim.Options{NoBookTotal: true}, nil, func(*lane) {}, drivers.BookingOf, 100, "not_supported"},
		{"more than held, known", zvtsim.Options{}, nil, func(*lane) {}, drivers.BookingOf, 1024, "amount_invalid"},
		{"more than held, not known", zvtsim.Options{}, nil, func(l *lane) { l.sold.Held = 0 }, drivers.BookingOf, 1024, "terminal_refused"},
		{"by what is left, not known", zvtsim.Options{}, map[string]string{"booking": "partial_reversal"}, func(l *lane) { l.sold.Held = 0 }, drivers.BookingOf, 1, "not_supported"},
		{"another amount released", zvtsim.Options{}, nil, func(*lane) {}, drivers.ReleaseOf, 1000, "terminal_refused"},
		{"unknown receipt", zvtsim.Options{}, nil, func(l *lane) { l.sold.ReceiptNo = "0777" }, drivers.BookingOf, 100, "terminal_refused"},
		{"unknown receipt released", zvtsim.Options{}, nil, func(l *lane) { l.sold.ReceiptNo = "0777" }, drivers.ReleaseOf, 1023, "terminal_refused"},
		{"a sale is no reservation", zvtsim.Options{}, nil, func(l *lane) { l.sold.ReceiptNo = "0001" }, drivers.BookingOf, 500, "terminal_refused"},
		{"no receipt number", zvtsim.Options{}, nil, func(l *lane) { l.sold.ReceiptNo = "" }, drivers.ReleaseOf, 1023, "not_supported"},
		{"the reservation is no sale", zvtsim.Options{}, nil, func(*lane) {}, drivers.VoidOf, 1023, "b5"},
	} {
		t.Run(x.name, func(t *testing.T) {
			inLane(t, x.o, func(l *lane) {
				l.use(x.set)
				if !x.o.NoReservations {
					l.done(drivers.ReservationOf, 1023)
				}
				before := l.holding()
				x.spoil(l)
				out, err := l.command(x.what, drivers.Sale{Amount: euros(x.amount), Progress: func(drivers.Progress) {}, Commit: func(drivers.Result) error { return nil }})
				l.unplug()
				got := out.Result.Code
				var known *pos.Error
				if errors.As(err, &known) {
					if got = string(known.Code); known.Money != pos.NoneMoved || known.Next == "" {
						t.Errorf("%+v", known)
					}
				}
				if got != x.code {
					t.Errorf("%+v, %v; want %s", out.Result, err, x.code)
				}
				l.wantMoney(500, before...)
			})
		})
	}
}

// ofReservations lists the transactions of reservations.
func ofReservations() []drivers.Transaction {
	return []drivers.Transaction{drivers.ReservationOf, drivers.BookingOf, drivers.ReleaseOf}
}

// agreeOnReservation runs a transaction over 10.23 EUR and compares what the till believes with what the terminal took and holds.
func (l *lane) agreeOnReservation(what drivers.Transaction) {
	l.t.Helper()
	taken := l.held()
	moved, how, undecided := l.act(what, euros(1023))
	want, held := pos.Minor(0), slices.Contains(l.holding(), 1023) || slices.Contains(l.holding(), 1500)
	if what == drivers.BookingOf && moved {
		want = 1023
	}
	if undecided || l.held()-taken != want || held != (moved == (what == drivers.ReservationOf)) {
		l.t.Errorf("the terminal took %d and holds back %v, the till believes %s=%v by %s", l.held()-taken, l.holding(), what, moved, how)
	}
}

// prepare makes what a transaction of reservations needs.
func (l *lane) prepare(what drivers.Transaction) {
	l.t.Helper()
	switch what {
	case drivers.BookingOf:
		l.done(drivers.ReservationOf, 1500)
	case drivers.ReleaseOf:
		l.done(drivers.ReservationOf, 1023)
	}
}

func TestReservationsInEveryManner(t *testing.T) {
	for _, what := range ofReservations() {
		for _, o := range []zvtsim.Options{{}, {KeepUnacknowledged: true, MessageIDs: true}, {Stream: true, ReverseLate: true}, {ReverseLate: true, TellsNoOrigin: true}} {
			for _, do := range []zvtsim.Do{zvtsim.Approve, zvtsim.Decline, zvtsim.CustomerAbort, zvtsim.LoseResult, zvtsim.LoseBeforeAck, zvtsim.HostLost,
				zvtsim.PINTimeout, zvtsim.Refuse, zvtsim.Strange, zvtsim.Contradict} {
				t.Run(fmt.Sprintf("%s %s stream=%v keep=%v late=%v no origin=%v", what, do, o.Stream, o.KeepUnacknowledged, o.ReverseLate, o.TellsNoOrigin), func(t *testing.T) {
					inLane(t, o, func(l *lane) {
						l.prepare(what)
						l.pt.Next(zvtsim.Card{Do: do})
						l.agreeOnReservation(what)
					})
				})
			}
		}
	}
}

// TestBytesOfReservations loses the wire at some bytes, and damages it at others; the driver's own conformance run takes every byte.
func TestBytesOfReservations(t *testing.T) {
	for n, what := range ofReservations() {
		for i, f := range damages(90, 860) {
			if i%3 != n {
				continue
			}
			t.Run(fmt.Sprintf("%s %s %d at %d", what, f.Direction, f.Kind, f.At), func(t *testing.T) {
				inLane(t, zvtsim.Options{ReverseLate: i%2 == 1}, func(l *lane) {
					l.prepare(what)
					l.faulty.Add(moved([]wire.Fault{f}, l.faulty.Offset(wire.In), l.faulty.Offset(wire.Out))[0])
					l.agreeOnReservation(what)
				})
			})
		}
	}
}
