package engine_test

import (
	"os"
	"path/filepath"
	"reflect"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// openShift opens anna's shift.
func (s *shop) openShift(float pos.Minor) engine.Shift {
	s.t.Helper()
	opened, created, err := s.engine.OpenShift(engine.ShiftRequest{Cashier: "anna", PIN: "1470", Float: float})
	if err != nil || !created {
		s.t.Fatalf("open: %v, %v", created, err)
	}
	return opened
}

// closeShift closes it with the cash counted.
func (s *shop) closeShift(counted pos.Minor) engine.Shift {
	s.t.Helper()
	closed, err := s.engine.CloseShift(engine.ShiftClose{PIN: "1470", Counted: counted})
	if err != nil {
		s.t.Fatal(err)
	}
	return closed
}

// current is the X report.
func (s *shop) current() engine.Shift {
	s.t.Helper()
	x, err := s.engine.CurrentShift()
	if err != nil {
		s.t.Fatal(err)
	}
	return x
}

// sumOf is one line of a report.
func sumOf(r record.DayReport, what record.SumOf, tender pos.Tender) pos.Sum {
	for _, sum := range r.Sums {
		if sum.What == what && sum.Tender == tender && sum.Currency == "EUR" {
			return pos.Sum{Count: sum.Count, Amount: sum.Amount}
		}
	}
	return pos.Sum{}
}

// counts checks one line of a report.
func (s *shop) counts(r record.DayReport, what record.SumOf, tender pos.Tender, count int, amount pos.Minor) {
	s.t.Helper()
	if got := sumOf(r, what, tender); got != (pos.Sum{Count: count, Amount: amount}) {
		s.t.Errorf("%s by %s: %+v, want %d of %d", what, tender, got, count, amount)
	}
}

// rebuilt checks that views made anew from the records hold what the ones hold that grew with them.
func (s *shop) rebuilt() {
	s.t.Helper()
	grown, payments := s.journal.Views().Till(), s.everything()
	s.crash()
	if err := os.Remove(filepath.Join(s.dir, "views.db")); err != nil {
		s.t.Fatal(err)
	}
	s.start()
	if anew := s.journal.Views().Till(); !reflect.DeepEqual(anew, grown) {
		s.t.Errorf("made anew %+v, grown %+v", anew, grown)
	}
	if !reflect.DeepEqual(s.everything(), payments) {
		s.t.Error("the payments are not the same")
	}
	for _, c := range s.devices {
		c.plug()
	}
}

func (s *shop) everything() []*view.Payment {
	s.t.Helper()
	list, err := s.journal.Views().List(journal.Query{Limit: 1000})
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}
