package drivertest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// Reserves is a [Peer] of a family that holds amounts on cards ([drivers.Reserving]).
type Reserves interface {
	Peer

	// Held lists what the open reservations hold, oldest first. A reservation that was booked, even in part, or released is not among them; a booking is
	// in Booked.
	Held() []pos.Money
}

// spare is how much more is held than a law books.
const spare pos.Minor = 477

// reserving says whether the bench's device holds amounts on cards.
func reserving(bench Bench) bool { return bench.Driver().Can(drivers.Reserving, bench.Settings()) }

// ofReservations runs a test on a fresh device of a family that holds amounts on cards.
func ofReservations(t *testing.T, bench Bench, test func(s *stand)) {
	t.Helper()
	if reserving(bench) {
		inBubble(t, bench, test)
	}
}

// reserve makes a good reservation, which becomes the one that is booked or released.
func (s *stand) reserve(amount pos.Minor) {
	s.t.Helper()
	out, err := s.act(drivers.ReservationOf, amount)
	if err != nil || out.Result.Decision != drivers.Approved || out.Result.Amount != s.money(amount) {
		s.t.Fatalf("reservation: %+v, %v", out, err)
	}
	s.before = drivers.Last{Trace: out.Result.Trace, ReceiptNo: out.Result.ReceiptNo}
	s.of, s.stored = s.before, nil
	s.of.Held = amount
	synctest.Wait()
}

// holding is what the device holds.
func (s *stand) holding() []pos.Money {
	peer, ok := s.peer.(Reserves)
	if !ok {
		s.t.Fatal("the bench's device does not tell what it holds")
	}
	return peer.Held()
}

// wantHeld compares what the device holds.
func (s *stand) wantHeld(amounts ...pos.Minor) {
	s.t.Helper()
	var want []pos.Money
	for _, a := range amounts {
		want = append(want, s.money(a))
	}
	if got := s.holding(); !slices.Equal(got, want) {
		s.t.Errorf("the device holds back %v, want %v", got, want)
	}
}

// booksReservations books a part, books all, books and voids, and releases. What is held is in no total, what is booked is in all of them.
func booksReservations(t *testing.T, bench Bench) {
	ofReservations(t, bench, func(s *stand) {
		total := pos.Minor(100) // of the sale that every stand begins with
		for _, x := range []struct{ held, used pos.Minor }{{1500, 1023}, {800, 800}, {600, 1}} {
			s.reserve(x.held)
			s.wantHeld(x.held)
			s.wantCounted(total)
			out, err := s.act(drivers.BookingOf, x.used)
			if total += x.used; err != nil || out.Result.Decision != drivers.Approved || out.Result.Amount != s.money(x.used) || s.booked(s.money(x.used)) != 1 {
				s.t.Fatalf("%d of %d: %+v, %v; the device took %v", x.used, x.held, out, err, s.peer.Booked())
			}
			s.wantHeld()
			s.wantCounted(total)
			if s.of = (drivers.Last{Trace: out.Result.Trace, ReceiptNo: out.Result.ReceiptNo}); x.used != 800 || !s.can(drivers.Voiding) {
				continue
			}
			s.approve(drivers.VoidOf, x.used)
			total -= x.used
			s.wantHeld()
			s.wantCounted(total)
		}
		s.reserve(300)
		s.approve(drivers.ReleaseOf, 300)
		s.wantHeld()
		if got, err := s.settle(); s.can(drivers.Settling) && (err != nil || got.Amount != total) {
			s.t.Errorf("the day came to %+v, %v; want %d", got, err, total)
		}
	})
}

// endsReservationsOnce tries to book and to release what is ended, and to book more than is held. Nothing of that moves money.
func endsReservationsOnce(t *testing.T, bench Bench) {
	for _, end := range []drivers.Transaction{drivers.BookingOf, drivers.ReleaseOf} {
		ofReservations(t, bench, func(s *stand) {
			s.reserve(1023)
			s.wantRefused(s.act(drivers.BookingOf, 1024))
			s.wantHeld(1023)
			s.approve(end, 1023)
			taken := s.peer.Booked()
			for _, again := range []drivers.Transaction{drivers.BookingOf, drivers.ReleaseOf} {
				s.wantRefused(s.act(again, 1023))
			}
			if got := s.peer.Booked(); !slices.Equal(got, taken) {
				s.t.Errorf("after another end the device holds %v instead of %v", got, taken)
			}
			s.wantHeld()
			s.sellsOn()
		})
	}
}

// wantRefused checks that a command came to nothing.
func (s *stand) wantRefused(out drivers.Outcome, err error) {
	s.t.Helper()
	if err != nil {
		s.wantNothing(err)
	} else if out.Result.Decision != drivers.Declined || out.Result.Text == "" {
		s.t.Errorf("%+v", out)
	}
}

// keepsReservations lists what is held, and ends a day meanwhile: that is refused before anything moves, or leaves the reservations open.
func keepsReservations(t *testing.T, bench Bench) {
	ofReservations(t, bench, func(s *stand) {
		var held []drivers.Last
		for _, amount := range []pos.Minor{1023, 700, 300} {
			s.reserve(amount)
			held = append(held, s.of)
		}
		commands := s.peer.Commands()
		for range 2 {
			s.wantListed(held)
		}
		s.wantCommands(commands)
		if s.can(drivers.Settling) {
			s.endTheDayMeanwhile()
		}
		for i, last := range held {
			s.of = last
			s.approve(drivers.ReleaseOf, last.Held)
			s.wantListed(held[i+1:])
		}
		if _, err := s.settle(); s.can(drivers.Settling) && err != nil {
			s.t.Errorf("the day after the last reservation: %v", err)
		}
	})
}

// endTheDayMeanwhile ends a day with reservations open.
func (s *stand) endTheDayMeanwhile() {
	s.t.Helper()
	days, before := len(s.peer.Closed()), s.holding()
	if _, err := s.settle(); err != nil {
		s.wantNothing(err)
		if len(s.peer.Closed()) != days || len(s.totals) != 0 {
			s.t.Errorf("%v, and the device closed %v", err, s.peer.Closed())
		}
	}
	if got := s.holding(); !slices.Equal(got, before) {
		s.t.Errorf("after an end of day the device holds back %v instead of %v", got, before)
	}
}

// wantListed compares the open reservations that the terminal tells, where it tells them, by receipt number.
func (s *stand) wantListed(want []drivers.Last) {
	s.t.Helper()
	ctx, done := context.WithTimeout(context.Background(), patience)
	defer done()
	got, err := s.terminal.(drivers.Reserver).Reservations(ctx)
	if known := (*pos.Error)(nil); errors.As(err, &known) && known.Code == "not_supported" {
		s.wantNothing(err)
		return
	}
	same := func(a, b drivers.Last) bool { return a.ReceiptNo == b.ReceiptNo && (a.Held == 0 || a.Held == b.Held) }
	if err != nil || !slices.EqualFunc(got, want, same) {
		s.t.Errorf("reservations %+v, %v; want %+v", got, err, want)
	}
}
