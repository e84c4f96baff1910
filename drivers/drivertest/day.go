package drivertest

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// endsTheDay closes a day with sales, a void and a refund, and then one with nothing.
func endsTheDay(t *testing.T, bench Bench) {
	ofDays(t, bench, func(s *stand) {
		s.sell(1023)
		left := pos.Minor(1123)
		if s.can(drivers.Voiding) {
			s.begin(drivers.VoidOf, 500)
			s.approve(drivers.VoidOf, 500)
		}
		if s.can(drivers.Refunding) {
			s.approve(drivers.RefundOf, 23)
			left -= 23
		}
		for day, want := range []pos.Minor{left, 0} {
			calls, before := s.watchCommits(), s.peer.Acknowledged()
			got, err := s.settle()
			if err != nil || *calls != 1 || s.peer.Acknowledged() != before+1 {
				s.t.Fatalf("%+v, %v; %d commits, %d acknowledgements", got, err, *calls, s.peer.Acknowledged()-before)
			}
			s.wantTotals(got, day, want)
		}
	})
}

// ofDays runs a test on a fresh device of a family that closes its days at the till's wish.
func ofDays(t *testing.T, bench Bench, test func(s *stand)) {
	t.Helper()
	if bench.Driver().Can(drivers.Settling, bench.Settings()) {
		inBubble(t, bench, test)
	}
}

// approve makes a command that goes well.
func (s *stand) approve(what drivers.Transaction, amount pos.Minor) {
	s.t.Helper()
	if out, err := s.act(what, amount); err != nil || out.Result.Decision != drivers.Approved {
		s.t.Fatalf("%s: %+v, %v", what, out, err)
	}
}

// wantTotals compares what an end of day told with what the device closed, and with what was durable.
func (s *stand) wantTotals(got drivers.Totals, day int, want pos.Minor) {
	s.t.Helper()
	closed := s.peer.Closed()
	if len(closed) != day+1 || closed[day] != want || got.Amount != want || got.Currency != s.bench.Settings().Currency {
		s.t.Errorf("the device closed %v, the driver tells %+v, want %d", closed, got, want)
	}
	sum := pos.Minor(0)
	for _, b := range got.Brands {
		sum += b.Amount
		if b.Brand == "" || b.Count == 0 && b.Amount == 0 {
			s.t.Errorf("a brand of nothing: %+v", b)
		}
	}
	if len(got.Brands) > 0 && sum != want {
		s.t.Errorf("the brands sum to %d, want %d", sum, want)
	}
	if stored := s.totals[len(s.totals)-1]; stored.Amount != got.Amount || len(stored.Brands) != len(got.Brands) {
		s.t.Errorf("stored %+v, told %+v", stored, got)
	}
}

// dayGoesOn meets a device that refuses to end its day, one that begins and fails, and totals that cannot be stored.
func dayGoesOn(t *testing.T, bench Bench) {
	for _, card := range []Card{Refuses, Declines} {
		ofDays(t, bench, func(s *stand) {
			s.peer.Next(Script{Card: card})
			_, err := s.settle()
			s.wantNothing(err)
			if len(s.totals) != 0 || len(s.peer.Closed()) != 0 {
				s.t.Errorf("%s: stored %+v, the device closed %v", card, s.totals, s.peer.Closed())
			}
			s.peer.Next(Script{Card: Approves})
			got, err := s.settle()
			if err != nil {
				s.t.Fatal(err)
			}
			s.wantTotals(got, 0, 100)
		})
	}
	ofDays(t, bench, func(s *stand) {
		s.failCommit = errors.New("disk full")
		before := s.peer.Acknowledged()
		_, err := s.settle()
		s.wantUnknown(err)
		if !errors.Is(err, s.failCommit) || s.peer.Acknowledged() != before {
			s.t.Errorf("%v; %d acknowledgements of totals that were not stored", err, s.peer.Acknowledged()-before)
		}
	})
}

func daySurvivesFaults(t *testing.T, bench Bench) {
	eachFault(t, func(t *testing.T, script Script) {
		ofDays(t, bench, func(s *stand) {
			s.peer.Next(script)
			synctest.Wait()
			s.checkDay(s.settle())
		})
	})
}

// checkDay compares what is known of an end of day with what the device closed, and ends the rest of the day.
func (s *stand) checkDay(got drivers.Totals, err error) {
	s.t.Helper()
	commands, closed := s.peer.Commands(), s.peer.Closed()
	var known *pos.Error
	switch {
	case err == nil:
		if len(closed) != 1 || closed[0] != 100 || got.Amount != 100 {
			s.t.Errorf("%+v, and the device closed %v", got, closed)
		}
	case errors.As(err, &known) && known.Money == pos.NoneMoved:
		s.wantNothing(err)
		if len(closed) != 0 || commands != 1 {
			s.t.Errorf("%v, and the device closed %v", err, closed)
		}
	default:
		s.wantUnknown(err)
	}
	for _, t := range s.totals {
		if len(closed) != 1 || t.Amount != closed[0] {
			s.t.Errorf("durable totals %+v, and the device closed %v", t, closed)
		}
	}
	if commands > 2 {
		s.t.Errorf("%d ends of day", commands-1)
	}
	s.closeTheRest()
}

// closeTheRest opens the terminal anew, sells once more and ends the day: no money is in no day, and none in two.
func (s *stand) closeTheRest() {
	s.t.Helper()
	s.peer.Next(Script{Card: Approves})
	s.open()
	s.sellsOn()
	if _, err := s.settle(); err != nil {
		s.t.Error(err)
	}
	sum := pos.Minor(0)
	for _, day := range s.peer.Closed() {
		sum += day
	}
	if sum != 155 {
		s.t.Errorf("the days came to %v, want 155 in all", s.peer.Closed())
	}
}
