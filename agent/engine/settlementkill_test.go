package engine_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/store/record"
)

// dayMoments are the places of an end of day at which something can break.
func dayMoments() []struct {
	moment  zvtsim.Moment
	command string
} {
	return []struct {
		moment  zvtsim.Moment
		command string
	}{
		{zvtsim.Received, "06 50"}, {zvtsim.Sending, "80 00"}, {zvtsim.Delivered, "04 ff"}, {zvtsim.Settled, ""}, {zvtsim.Sending, "04 0f"},
		{zvtsim.Delivered, "04 0f"}, {zvtsim.Received, "80 00"}, {zvtsim.Sending, "06 d3"}, {zvtsim.Sending, "06 0f"}, {zvtsim.Delivered, "06 0f"},
	}
}

// goesOn checks that a settlement has ended somehow, that the till sells on, and that the next end of day agrees: with what was sold since, or, where
// the broken one was never carried out, with both ranges.
func (s *shop) goesOn(taken pos.Minor) {
	s.t.Helper()
	day := s.journal.Views().Till().Devices["left"]
	if day.Open != nil {
		s.t.Errorf("it is still open: %+v", day.Open)
	}
	list, err := s.engine.Settlements(1)
	if err != nil || len(list) != 1 {
		s.t.Fatalf("%+v, %v", list, err)
	}
	broken := s.part(list[0], "left")
	switch {
	case broken.State == record.SettlementDone && len(broken.Differences) == 0 && broken.Terminal.Amount == taken:
	case broken.State == record.SettlementUnknown && len(broken.Differences) == 1 && broken.Differences[0].Code == "totals_lost" && len(broken.Journal) == 1:
	case broken.State == record.SettlementAbandoned && len(broken.Differences) == 1:
	default:
		s.t.Errorf("it ended as %+v", broken)
	}
	s.status(s.pay(s.cash(10)), pos.Approved)
	s.status(s.pay(s.card(60)), pos.Approved)
	next := s.settle("left")
	s.agrees(next)
	left, carried := s.part(next, "left"), len(s.devices[0].pt.Memory().Settlements) == 2
	if want := taken + 60; !carried && left.Terminal.Amount != want || carried && left.Terminal.Amount != 60 {
		s.t.Errorf("the next one has %d; the terminal carried the broken one out: %v", left.Terminal.Amount, carried)
	}
	s.agrees(s.settle("left"))
	s.rebuilt()
}

func TestAWireThatBreaksInASettlement(t *testing.T) {
	for _, m := range dayMoments() {
		t.Run(fmt.Sprintf("%s %s", m.moment, m.command), func(t *testing.T) {
			onBoth(t, zvtsim.Options{}, func(t *testing.T, s *shop, c *counter) {
				s.pay(s.card(1250))
				c.cutAt(m.moment, m.command)
				s.settle("left")
				select {
				case <-c.ended:
					c.ended = nil
				case <-time.After(10 * time.Minute):
					t.Skip("this terminal does not come to this moment")
				}
				c.plug()
				s.goesOn(1250)
			})
		})
	}
}

func TestAKillInEachStepOfASettlement(t *testing.T) {
	for _, m := range dayMoments() {
		t.Run(fmt.Sprintf("%s %s", m.moment, m.command), func(t *testing.T) {
			onBoth(t, zvtsim.Options{}, func(t *testing.T, s *shop, c *counter) {
				s.pay(s.card(1250))
				killed := false
				c.at(m.moment, m.command, func() {
					killed = true
					_ = s.journal.Close() // nothing is written from here on
					_ = c.wire.Close()
				})
				done, err := s.engine.Settle(context.Background(), engine.SettleRequest{Devices: []pos.DeviceName{"left"}})
				synctest.Wait() // until the terminal has come to that moment, too
				if !killed {
					t.Skip("this terminal does not come to this moment")
				}
				s.restart()
				if told := err == nil && done.OK(); told && !s.closed(done.ID) { // its last commit may have been faster than the kill
					t.Errorf("a settlement that is not durable is told as ended: %+v", done)
				}
				s.goesOn(1250)
			})
		})
	}
}

// closed says whether the journal holds a settlement as ended well.
func (s *shop) closed(id pos.UUID) bool {
	s.t.Helper()
	list, err := s.engine.Settlements(100)
	if err != nil {
		s.t.Error(err)
	}
	return slices.ContainsFunc(list, func(one engine.Settlement) bool { return one.ID == id && one.OK() })
}

// A device that is lost between the reservation and the command has settled nothing.
func TestASettlementThatNeverReachedTheTerminal(t *testing.T) {
	onBoth(t, zvtsim.Options{}, func(t *testing.T, s *shop, c *counter) {
		s.pay(s.card(1250))
		_ = c.wire.Close()
		done := s.settle("left")
		if left := s.part(done, "left"); left.State != record.SettlementAbandoned {
			t.Errorf("%+v", left)
		}
		_ = c.lost()
		c.plug()
		s.goesOn(1250)
	})
}

func TestALostEndOfDayBlocksNothing(t *testing.T) {
	for _, do := range []zvtsim.Do{zvtsim.LoseResult, zvtsim.LoseBeforeAck} {
		onBoth(t, zvtsim.Options{}, func(t *testing.T, s *shop, c *counter) {
			s.pay(s.card(1250))
			c.pt.NextEndOfDay(zvtsim.Card{Do: do})
			done := s.settle("left")
			if left := s.part(done, "left"); left.State == record.SettlementAbandoned {
				t.Errorf("%+v", left)
			}
			_ = c.lost()
			c.plug()
			s.goesOn(1250)
		})
	}
}
