package engine_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// able is a card terminal that does what a technician asks for, beside what its driver does.
type able struct {
	drivers.CardTerminal
	totals drivers.Totals
	err    error
	wait   chan struct{} // an errand waits until it is closed; nil for none
	ran    int
	blank  bool // it cannot tell what became of a sale
}

func (a *able) Recover(ctx context.Context, pending drivers.Pending) (drivers.Recovery, error) {
	if a.blank {
		return drivers.Recovery{Verdict: drivers.Undecided, Text: "Look at its journal."}, nil
	}
	return a.CardTerminal.Recover(ctx, pending)
}

func (a *able) errand(ctx context.Context, progress func(drivers.Progress)) error {
	a.ran++
	progress(drivers.Progress{Text: "a moment"})
	if a.wait != nil {
		select {
		case <-a.wait:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return a.err
}

func (a *able) Count(ctx context.Context, progress func(drivers.Progress)) (drivers.Totals, error) {
	return a.totals, a.errand(ctx, progress)
}

func (a *able) Reprint(ctx context.Context, progress func(drivers.Progress)) ([]drivers.Receipt, error) {
	return []drivers.Receipt{{For: drivers.ForMerchant, Lines: []string{"TOTAL 12.50"}}}, a.errand(ctx, progress)
}

func (a *able) Chores() []drivers.Chore { return []drivers.Chore{drivers.Diagnosis} }

func (a *able) Service(ctx context.Context, chore drivers.Chore, progress func(drivers.Progress)) (string, error) {
	return "done: " + string(chore), a.errand(ctx, progress)
}

// inAbleShop runs a test with a card terminal that a technician can talk to.
func inAbleShop(t *testing.T, test func(s *shop, c *counter, a *able)) {
	t.Helper()
	inShop(t, func(s *shop) {
		a := &able{totals: drivers.Totals{Currency: "EUR"}}
		s.dress = func(driver drivers.CardTerminal) drivers.CardTerminal { a.CardTerminal = driver; return a }
		s.restart()
		test(s, s.devices[0], a)
	}, zvtsim.Options{})
}

func TestTotalsStandBesideTheJournalsWithoutASettlement(t *testing.T) {
	inAbleShop(t, func(s *shop, c *counter, a *able) {
		c.pt.Next(zvtsim.Card{Brand: "visa"})
		s.pay(s.card(1250))
		a.totals = drivers.Totals{Currency: "EUR", Amount: 1250, Brands: []drivers.BrandTotal{{Brand: "visa", Count: 1, Amount: 1250}}}
		head := s.journal.Head()
		both, err := s.engine.Count(context.Background(), "left")
		if err != nil || len(both.Reasons) != 0 || len(both.Journal) != 1 || both.Journal[0].Amount != 1250 || both.Terminal.Amount != 1250 {
			t.Errorf("%+v, %v", both, err)
		}
		a.totals.Amount, a.totals.Brands[0].Amount = 1350, 1350
		if both, err = s.engine.Count(context.Background(), "left"); err != nil || len(both.Reasons) != 1 {
			t.Errorf("%+v, %v", both, err)
		}
		if s.journal.Head() != head {
			t.Error("a question was journalled")
		}
		s.pay(s.card(60))
	})
}

func TestAReprintAndAChore(t *testing.T) {
	inAbleShop(t, func(s *shop, c *counter, a *able) {
		if list, err := s.engine.Reprint(context.Background(), "left"); err != nil || len(list) != 1 || list[0].Lines[0] != "TOTAL 12.50" {
			t.Errorf("%+v, %v", list, err)
		}
		if text, err := s.engine.Service(context.Background(), "left", drivers.Diagnosis); err != nil || text != "done: diagnosis" {
			t.Errorf("%q, %v", text, err)
		}
		if _, err := s.engine.Service(context.Background(), "left", drivers.LoadKeys); codeOf(err) != "not_supported" || pos.MoneyOf(err) != pos.NoneMoved {
			t.Errorf("%v", err)
		}
		if _, err := s.engine.Count(context.Background(), "attic"); codeOf(err) != "not_found" {
			t.Errorf("%v", err)
		}
		if d := s.device("left"); !slices.Equal(d.Chores, []drivers.Chore{drivers.Diagnosis}) || d.State != engine.Ready {
			t.Errorf("%+v", d)
		}
		s.pay(s.card(60))
	})
}

func TestAnErrandAndASaleDoNotMeet(t *testing.T) {
	inAbleShop(t, func(s *shop, c *counter, a *able) {
		p := s.begin(s.card(100))
		if _, err := s.engine.Count(context.Background(), "left"); codeOf(err) != "device_unavailable" {
			t.Errorf("%v", err)
		}
		s.outcome(p.Intent.Payment)
		a.wait = make(chan struct{})
		ctx, stop := context.WithTimeout(context.Background(), time.Minute)
		defer stop()
		if _, err := s.engine.Reprint(ctx, "left"); codeOf(err) != "device_unavailable" || pos.MoneyOf(err) != pos.NoneMoved {
			t.Errorf("%v", err)
		}
		s.refuses(s.card(100), "device_unavailable") // it is still at it
		close(a.wait)
		s.until("the terminal is free", func() bool { return s.device("left").State == engine.Ready })
		s.pay(s.card(100))
	})
}

func TestWhileAPaymentIsUnknownOnlyWhatErasesNothingIsAsked(t *testing.T) {
	inAbleShop(t, func(s *shop, c *counter, a *able) {
		a.blank = true
		c.cutAt(zvtsim.Delivered, "04 0f")
		p := s.pay(s.card(1250))
		_ = c.lost()
		c.plug()
		s.until("a person has to decide", func() bool { return s.engine.Doubt(p.Intent.Payment).Stuck })
		ran := a.ran
		if _, err := s.engine.Service(context.Background(), "left", drivers.Diagnosis); codeOf(err) != "device_unresolved" || a.ran != ran {
			t.Errorf("%v", err)
		}
		if _, err := s.engine.Reprint(context.Background(), "left"); err != nil {
			t.Errorf("%v", err)
		}
		s.refuses(s.card(100), "device_unresolved")
		if d := s.engine.Doubt(p.Intent.Payment); !d.Stuck {
			t.Errorf("after a reprint a person still has to decide: %+v", d)
		}
	})
}

func TestAnErrandThatBreaksTheWireMovesNoMoney(t *testing.T) {
	inAbleShop(t, func(s *shop, c *counter, a *able) {
		a.err = errors.New("nothing but noise")
		if _, err := s.engine.Count(context.Background(), "left"); codeOf(err) != "device_unavailable" || pos.MoneyOf(err) != pos.NoneMoved {
			t.Errorf("%v", err)
		}
		if err := c.lost(); err == nil {
			t.Error("the wire has to be opened anew")
		}
		a.err = pos.NewError("terminal_refused", pos.Permanent, pos.NoneMoved, "No.", "Ask differently.")
		c.plug()
		if _, err := s.engine.Count(context.Background(), "left"); codeOf(err) != "terminal_refused" {
			t.Errorf("%v", err)
		}
		s.pay(s.card(60)) // on the same wire
	})
}
