package engine_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// settle closes the day at the devices named, or at all.
func (s *shop) settle(devices ...pos.DeviceName) engine.Settlement {
	s.t.Helper()
	done, err := s.engine.Settle(context.Background(), engine.SettleRequest{Devices: devices})
	if err != nil {
		s.t.Fatal(err)
	}
	return done
}

// part is the part of a device, of a settlement that has one.
func (s *shop) part(of engine.Settlement, device pos.DeviceName) record.Settlement {
	s.t.Helper()
	for _, p := range of.Parts {
		if p.Device == device {
			return p
		}
	}
	s.t.Fatalf("no part of %q in %+v", device, of)
	return record.Settlement{}
}

// agrees checks that a settlement is done and finds nothing.
func (s *shop) agrees(done engine.Settlement) {
	s.t.Helper()
	if !done.OK() {
		for _, p := range done.Parts {
			s.t.Errorf("%q is %s: %s %+v; terminal %+v, journal %+v", p.Device, p.State, p.Text, p.Differences, p.Terminal, p.Journal)
		}
	}
}

func TestSettlementAgreesWithTheJournal(t *testing.T) {
	onBoth(t, zvtsim.Options{}, func(t *testing.T, s *shop, c *counter) {
		s.agrees(s.settle()) // nothing was sold
		s.pay(s.cash(5000))
		for _, brand := range []string{"visa", "mastercard", "girocard", "amex", "house card"} {
			c.pt.Next(zvtsim.Card{Brand: brand, Tip: 10})
			s.pay(s.card(1000))
		}
		c.pt.Next(zvtsim.Card{Do: zvtsim.OfflineApprove, Brand: "visa"})
		s.pay(s.card(300))
		c.pt.Next(zvtsim.Card{Do: zvtsim.Decline})
		s.pay(s.card(9999))
		voided := s.pay(s.card(700))
		if _, _, err := s.engine.Void(voided.Intent.Payment, "v", ""); err != nil {
			t.Fatal(err)
		}
		s.ended(voided.Intent.Payment)
		back := s.pay(s.card(800))
		if _, _, err := s.engine.Refund(back.Intent.Payment, engine.RefundRequest{Key: "r", Amount: minor(250)}); err != nil {
			t.Fatal(err)
		}
		s.ended(back.Intent.Payment)
		done := s.settle()
		s.agrees(done)
		left := s.part(done, "left")
		if left.Terminal.Amount != 5*1010+300+800-250 || left.Terminal.First == "" || left.Terminal.Last == "" {
			t.Errorf("%+v", left.Terminal)
		}
		own := s.part(done, "").Journal
		if len(own) != 1 || own[0] != (record.BrandSum{Tender: pos.Cash, Currency: "EUR", Count: 1, Amount: 5000}) {
			t.Errorf("%+v", own)
		}
		s.pay(s.card(60))
		again := s.settle()
		s.agrees(again)
		if left := s.part(again, "left"); left.Terminal.Amount != 60 || len(s.part(again, "").Journal) != 0 {
			t.Errorf("the second one counts what the first has counted: %+v", left)
		}
		s.rebuilt()
	})
}

func TestSettlementsAreListed(t *testing.T) {
	inShop(t, func(s *shop) {
		var ids []pos.UUID
		for range 3 {
			s.pay(s.card(100))
			ids = append(ids, s.settle().ID)
		}
		s.restart()
		list, err := s.engine.Settlements(2)
		if err != nil || len(list) != 2 || list[0].ID != ids[2] || list[1].ID != ids[1] || len(list[0].Parts) != 3 || list[0].At == 0 {
			t.Errorf("%+v, %v", list, err)
		}
		if list, err = s.engine.Settlements(10); err != nil || len(list) != 3 || list[2].ID != ids[0] || len(list[2].Parts) != 3 {
			t.Errorf("%+v, %v", list, err)
		}
	}, zvtsim.Options{}, zvtsim.Options{})
}

func TestTheBusinessDateOfASettlement(t *testing.T) {
	inShop(t, func(s *shop) {
		if got := s.part(s.settle("left"), "left").Date; got != "2000-01-01" {
			t.Error(got)
		}
		s.openShift(0)
		<-time.After(30 * time.Hour)
		if got := s.part(s.settle("left"), "left"); got.Date != "2000-01-01" || got.Cashier != "anna" {
			t.Errorf("%+v", got)
		}
		done, err := s.engine.Settle(context.Background(), engine.SettleRequest{Devices: []pos.DeviceName{"left", "left"}, Date: "1999-12-31"})
		if err != nil || len(done.Parts) != 1 || done.Parts[0].Date != "1999-12-31" {
			t.Errorf("%+v, %v", done, err)
		}
		if _, err := s.engine.Settle(context.Background(), engine.SettleRequest{Date: "yesterday"}); codeOf(err) != "request_invalid" {
			t.Error(err)
		}
		if _, err := s.engine.Settle(context.Background(), engine.SettleRequest{Devices: []pos.DeviceName{"middle"}}); codeOf(err) != "request_invalid" {
			t.Error(err)
		}
	}, zvtsim.Options{})
}

// Law 3: an end of day would erase the evidence of a payment that the terminal has to answer for.
func TestAnUnknownPaymentBlocksTheSettlement(t *testing.T) {
	inShop(t, func(s *shop) {
		left := s.devices[0]
		s.pay(s.card(100))
		left.cutAt(zvtsim.Final, "")
		p := s.outcome(s.begin(s.card(1250)).Intent.Payment)
		_ = left.lost()
		head := s.journal.Head()
		_, err := s.engine.Settle(context.Background(), engine.SettleRequest{})
		if codeOf(err) != "settlement_blocked" || pos.MoneyOf(err) != pos.NoneMoved || detailOf(err, "payment") != any(p.Intent.Payment) {
			t.Errorf("%v", err)
		}
		if s.journal.Head() != head || s.device("right").State != engine.Ready {
			t.Error("a settlement that was refused has left something")
		}
		s.agrees(s.settle("right")) // another device is free to settle
		left.plug()
		s.status(s.settled(p.Intent.Payment), pos.Approved)
		s.agrees(s.settle())
	}, zvtsim.Options{}, zvtsim.Options{})
}

func detailOf(err error, key string) any {
	var e *pos.Error
	if !errors.As(err, &e) {
		return nil
	}
	return e.Details[key]
}

func TestWhatASupervisorGaveUpBlocksNoSettlement(t *testing.T) {
	inShop(t, func(s *shop) {
		c := s.devices[0]
		s.pay(s.card(100))
		c.cutAt(zvtsim.Final, "")
		p := s.outcome(s.begin(s.card(1250)).Intent.Payment)
		_ = c.lost()
		s.resolved(p.Intent.Payment, engine.Resolve{Status: "unknown", Evidence: record.Abandoned, Text: "the shop closes"})
		c.plug()
		done := s.settle()
		s.differs(done, "unknown_payment", p)
	}, zvtsim.Options{})
}

// differs checks that a settlement names one payment with a cause and what to do.
func (s *shop) differs(done engine.Settlement, code string, p *view.Payment) {
	s.t.Helper()
	part := s.part(done, "left")
	if done.OK() || part.State != record.SettlementDone || len(part.Differences) != 1 {
		s.t.Errorf("%s: %+v; terminal %+v, journal %+v", part.State, part.Differences, part.Terminal, part.Journal)
		return
	}
	d := part.Differences[0]
	if d.Code != code || d.Cause == "" || d.Next == "" || p != nil && d.Payment != p.Intent.Payment || p == nil && !d.Payment.IsZero() {
		s.t.Errorf("%+v, want %s of %v", d, code, p)
	}
}

func TestOneSettlementAtATime(t *testing.T) {
	inShop(t, func(s *shop) {
		s.pay(s.card(100))
		s.devices[0].pt.NextEndOfDay(zvtsim.Card{After: time.Minute})
		var first engine.Settlement
		var err error
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			first, err = s.engine.Settle(context.Background(), engine.SettleRequest{})
		}()
		synctest.Wait()
		if _, err := s.engine.Settle(context.Background(), engine.SettleRequest{}); codeOf(err) != "settlement_running" {
			t.Error(err)
		}
		if list, err := s.engine.Settlements(5); err != nil || len(list) != 1 || list[0].OK() {
			t.Errorf("%+v, %v", list, err)
		}
		s.status(s.pay(s.cash(100)), pos.Approved) // cash and the other terminal go on
		r := s.card(200)
		r.Device = "right"
		s.refuses(s.card(300), "device_unavailable")
		<-time.After(2 * time.Second) // the right terminal has settled
		s.status(s.pay(r), pos.Approved)
		<-ended
		if err != nil {
			t.Fatal(err)
		}
		s.agrees(first)
		again := s.settle()
		s.agrees(again)
		if right := s.part(again, "right"); right.Terminal.Amount != 200 {
			t.Errorf("%+v", right.Terminal)
		}
	}, zvtsim.Options{}, zvtsim.Options{})
}

// The end of the caller's patience is no end of the settlement.
func TestWhoStopsWaitingStopsNoSettlement(t *testing.T) {
	inShop(t, func(s *shop) {
		s.pay(s.card(100))
		s.devices[0].pt.NextEndOfDay(zvtsim.Card{After: time.Minute})
		ctx, stop := context.WithTimeout(context.Background(), time.Second)
		defer stop()
		done, err := s.engine.Settle(ctx, engine.SettleRequest{Devices: []pos.DeviceName{"left"}})
		if err != nil || s.part(done, "left").State != record.SettlementBegun || done.OK() {
			t.Errorf("%+v, %v", done, err)
		}
		s.until("it is settled", func() bool { return s.device("left").State == engine.Ready })
		list, err := s.engine.Settlements(1)
		if err != nil || len(list) != 1 || !list[0].OK() || list[0].ID != done.ID {
			t.Errorf("%+v, %v", list, err)
		}
	}, zvtsim.Options{})
}

// Law 1: no byte of the end of day leaves before its step is durable. Law 2: its totals are durable before they are acknowledged.
func TestTheStepsOfASettlementAreDurableInTime(t *testing.T) {
	onBoth(t, zvtsim.Options{}, func(t *testing.T, s *shop, c *counter) {
		s.pay(s.card(1250))
		heard, told, acknowledged := false, false, false
		c.pt.Observe(func(e zvtsim.Event) {
			day := s.journal.Views().Till().Devices["left"]
			switch {
			case e.Moment == zvtsim.Received && e.Command == "06 50":
				if heard = true; day.Open == nil || day.Open.State != record.SettlementBegun {
					t.Errorf("the terminal hears of an end of day that is %+v", day.Open)
				}
			case e.Moment == zvtsim.Sending && e.Command == "04 0f":
				told = true
			case e.Moment == zvtsim.Received && e.Command == "80 00" && told && !acknowledged:
				if acknowledged = true; day.Open == nil || day.Open.State != record.SettlementTold || day.Open.Terminal.Amount != 1250 {
					t.Errorf("acknowledged with %+v", day.Open)
				}
			}
		})
		s.agrees(s.settle())
		if !heard || !acknowledged {
			t.Errorf("heard %v, acknowledged %v", heard, acknowledged)
		}
	})
}

func TestAnEndOfDayThatTheTerminalRefuses(t *testing.T) {
	for name, c := range map[string]zvtsim.Card{"at once": {Do: zvtsim.Refuse, Code: 0x6F}, "after it began": {Do: zvtsim.Decline, Code: 0x77}} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, zvtsim.Options{}, func(t *testing.T, s *shop, d *counter) {
				s.pay(s.card(100))
				d.pt.NextEndOfDay(c)
				done := s.settle()
				left := s.part(done, "left")
				if done.OK() || left.State != record.SettlementAbandoned || len(left.Differences) != 1 || left.Differences[0].Code != "not_settled" {
					t.Errorf("%+v", left)
				}
				s.until("the terminal is ready", func() bool { return s.device("left").State == engine.Ready })
				again := s.settle()
				s.agrees(again)
				if got := s.part(again, "left").Terminal.Amount; got != 100 {
					t.Errorf("the next one covers %d, want the range that was not settled", got)
				}
			})
		})
	}
}

func TestADeviceThatIsAwayRefusesTheWholeCall(t *testing.T) {
	inShop(t, func(s *shop) {
		_ = s.devices[1].unplug()
		if _, err := s.engine.Settle(context.Background(), engine.SettleRequest{}); codeOf(err) != "device_unavailable" {
			t.Error(err)
		}
		if d := s.device("left"); d.State != engine.Ready {
			t.Errorf("%+v", d)
		}
		s.agrees(s.settle("left"))
		s.devices[1].plug()
	}, zvtsim.Options{}, zvtsim.Options{})
}
