package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/store/record"
)

// inPoorShop runs a test with a card terminal whose family lacks some functions.
func inPoorShop(t *testing.T, test func(s *shop, c *counter), lacks ...drivers.Function) {
	t.Helper()
	inShop(t, func(s *shop) {
		s.lacks = lacks
		s.restart()
		test(s, s.devices[0])
	}, zvtsim.Options{})
}

// unwritten checks that something is refused with a code, that no money moved, and that nothing was written.
func (s *shop) unwritten(code pos.ErrorCode, try func() error) {
	s.t.Helper()
	before := s.journal.Head()
	if err := try(); codeOf(err) != code || pos.MoneyOf(err) != pos.NoneMoved {
		s.t.Errorf("%v, want %s with no money moved", err, code)
	}
	if s.journal.Head() != before {
		s.t.Error("it was refused and yet journalled")
	}
}

func TestWhatATerminalLacksIsRefusedBeforeAnythingIsWritten(t *testing.T) {
	inPoorShop(t, func(s *shop, c *counter) {
		p := s.pay(s.card(1250))
		sent := 0
		c.pt.Observe(func(e zvtsim.Event) { sent++ })
		s.unwritten("not_supported", func() error { _, _, err := s.engine.Void(p.Intent.Payment, "v", ""); return err })
		s.unwritten("not_supported", func() error {
			_, _, err := s.engine.Refund(p.Intent.Payment, engine.RefundRequest{Key: "r"})
			return err
		})
		if sent != 0 {
			t.Errorf("the terminal heard %d things", sent)
		}
		if _, _, err := s.engine.Refund(p.Intent.Payment, engine.RefundRequest{Key: "c", Tender: pos.Cash}); err != nil {
			t.Errorf("the way out is closed: %v", err)
		}
		s.status(s.payment(p.Intent.Payment), pos.Refunded)
		s.apart = true // the cash went back, the card was charged
	}, drivers.Voiding, drivers.Refunding)
}

func TestASaleThatCannotBeStoppedGoesOn(t *testing.T) {
	inPoorShop(t, func(s *shop, c *counter) {
		p := s.begin(s.card(1250))
		if _, err := s.engine.Cancel(p.Intent.Payment); codeOf(err) != "not_supported" || pos.MoneyOf(err) != pos.MoneyUnknown {
			t.Errorf("%v", err)
		}
		s.status(s.outcome(p.Intent.Payment), pos.Approved)
	}, drivers.Stopping)
}

func TestATerminalThatClosesItsDayByItselfIsSettledByTheJournal(t *testing.T) {
	for _, plugged := range []bool{true, false} {
		inPoorShop(t, func(s *shop, c *counter) {
			p := s.pay(s.card(1250))
			s.pay(s.cash(500))
			commands := 0
			c.pt.Observe(func(e zvtsim.Event) {
				if e.Command == "06 50" {
					commands++
				}
			})
			if !plugged {
				_ = c.unplug()
			}
			done := s.settle()
			s.agrees(done)
			left := s.part(done, "left")
			if left.Terminal != nil || len(left.Journal) != 1 || left.Journal[0].Amount != 1250 || left.Text == "" || commands != 0 {
				t.Errorf("plugged %v: %+v, %d commands", plugged, left, commands)
			}
			if !plugged {
				c.plug()
			}
			if _, _, err := s.engine.Void(p.Intent.Payment, "v", ""); err != nil {
				t.Errorf("whether the day is closed there nobody knows, so the terminal is asked: %v", err)
			}
			s.ended(p.Intent.Payment)
			s.pay(s.card(60))
			again := s.settle()
			s.agrees(again)
			if left := s.part(again, "left"); len(left.Journal) != 1 || left.Journal[0].Amount != 60-1250 {
				t.Errorf("plugged %v: the next range is %+v", plugged, left.Journal)
			}
			s.rebuilt()
			s.restart()
			if list, err := s.engine.Settlements(10); err != nil || len(list) != 2 || !list[0].OK() {
				t.Errorf("%+v, %v", list, err)
			}
		}, drivers.Settling)
	}
}

func TestASettlementByTheJournalWaitsForNoAnswerAfterARestart(t *testing.T) {
	inPoorShop(t, func(s *shop, c *counter) {
		s.pay(s.card(1250))
		busy := s.begin(s.card(100))
		s.unwritten("device_unavailable", func() error { _, err := s.engine.Settle(context.Background(), engine.SettleRequest{}); return err })
		s.outcome(busy.Intent.Payment)
		begun := record.Settlement{ID: pos.NewUUID(time.Now()), Device: c.name, State: record.SettlementBegun, Date: "2000-01-01"}
		if _, err := s.journal.Append(&begun); err != nil { // and there the agent was killed
			t.Fatal(err)
		}
		s.restart()
		list, err := s.engine.Settlements(10)
		if err != nil || len(list) != 1 {
			t.Fatalf("%+v, %v", list, err)
		}
		s.agrees(list[0])
		if left := s.part(list[0], c.name); len(left.Journal) != 1 || left.Journal[0].Amount != 1350 {
			t.Errorf("%+v", left)
		}
	}, drivers.Settling)
}
