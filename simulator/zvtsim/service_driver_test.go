package zvtsim_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/simulator/wire"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// TestTotalsLeaveTheDayOpen asks for the totals twice, sells, and closes the day.
func TestTotalsLeaveTheDayOpen(t *testing.T) {
	for _, stream := range []bool{false, true} {
		inLane(t, zvtsim.Options{Stream: stream}, func(l *lane) {
			for range 2 {
				got, err := l.driver.(drivers.Counter).Count(context.Background(), func(drivers.Progress) {})
				if err != nil || got.Amount != 500 || len(got.Brands) != 1 || got.First != "0001" || len(got.Receipts) != 1 || len(l.pt.Memory().Settlements) != 0 {
					t.Errorf("%+v, %v", got, err)
				}
			}
			l.agree(euros(23))
			l.again()
			if got, _, err := l.day(t); err != nil || got.Amount != 523 {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// TestChores has the terminal want an initialisation and a diagnosis, which are its chores, and plays the others.
func TestChores(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, dir, zvtsim.Options{Wants: zvtsim.WantsInitialisation | zvtsim.WantsDiagnosis})
		defer l.pt.Close()
		l.open()
		defer func() { l.unplug() }()
		service := l.driver.(drivers.Servicer)
		do := func(chore drivers.Chore, want string) {
			t.Helper()
			if text, err := service.Service(context.Background(), chore, func(drivers.Progress) {}); err != nil || !strings.Contains(text, want) {
				t.Errorf("%s: %q, %v", chore, text, err)
			}
		}
		ready := func(want bool, word string) {
			t.Helper()
			if state, err := l.driver.Status(context.Background()); err != nil || state.Ready != want || !strings.Contains(state.Text, word) {
				t.Errorf("%+v, %v", state, err)
			}
		}
		ready(false, "nitialis")
		do(drivers.Initialise, "erfolgreich")
		ready(false, "iagnosis")
		do(drivers.Diagnosis, "The host's clock says 2000-01-01")
		ready(true, "")
		do(drivers.SetClock, "is set to 2000-01-01")
		do(drivers.PrintConfig, "Terminal-ID 52500001")
		if m := l.pt.Memory(); m.ClockSet.Year() != 2000 || m.Wants != 0 {
			t.Errorf("%+v", m)
		}
		do(drivers.Restart, "restarts")
		l.unplug()
		l.plug(wire.Options{})
		l.open()
		if out, err := l.outcome(euros(7), new([]string)); err != nil || out.Result.Decision != drivers.Approved {
			t.Errorf("%+v, %v", out, err)
		}
	})
}
