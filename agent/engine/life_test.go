package engine_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/store/view"
)

// deed is one of the two ways by which card money goes back.
type deed struct {
	name    string
	command string // what the terminal receives
	begin   func(s *shop, p *view.Payment, key pos.OperationKey) (*view.Payment, bool, error)
	after   pos.Status // of the payment when it is done
}

func deeds() []deed {
	return []deed{
		{"void", "06 30", func(s *shop, p *view.Payment, key pos.OperationKey) (*view.Payment, bool, error) {
			return s.engine.Void(p.Intent.Payment, key, "anna")
		}, pos.Voided},
		{"refund", "06 31", func(s *shop, p *view.Payment, key pos.OperationKey) (*view.Payment, bool, error) {
			return s.engine.Refund(p.Intent.Payment, engine.RefundRequest{Key: key, Reason: "broken", Cashier: "anna"})
		}, pos.Refunded},
	}
}

// eachDeed runs a test for both, on a terminal with the given habits.
func eachDeed(t *testing.T, o zvtsim.Options, test func(t *testing.T, s *shop, c *counter, d deed)) {
	t.Helper()
	for _, d := range deeds() {
		t.Run(d.name, func(t *testing.T) {
			onBoth(t, o, func(t *testing.T, s *shop, c *counter) { test(t, s, c, d) })
		})
	}
}

// started begins an operation that has to be a new one.
func (s *shop) started(d deed, p *view.Payment, key pos.OperationKey) *view.Payment {
	s.t.Helper()
	got, begun, err := d.begin(s, p, key)
	if err != nil || !begun {
		s.t.Fatalf("%s: begun %v, %v", d.name, begun, err)
	}
	return got
}

// ended waits until no operation of a payment is on its way.
func (s *shop) ended(id pos.PaymentID) *view.Payment {
	s.t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), time.Hour)
	defer stop()
	if _, err := s.engine.WaitOperations(ctx, id); err != nil {
		s.t.Fatal(err)
	}
	synctest.Wait()
	return s.payment(id)
}

// decided waits until every operation of a payment has an outcome.
func (s *shop) decided(id pos.PaymentID) *view.Payment {
	s.t.Helper()
	s.until("the operations are decided", func() bool { return !s.payment(id).Unfinished() })
	return s.payment(id)
}

// state checks how far an operation is.
func (s *shop) state(p *view.Payment, key pos.OperationKey, want pos.OperationState) {
	s.t.Helper()
	o := p.Operation(key)
	if o == nil || o.State != want {
		s.t.Errorf("operation %s is %+v, want %s", key, o, want)
	}
}

// denied checks that an operation is refused with a code, that the refusal says that no money moved, and that it left nothing in the journal.
func (s *shop) denied(what string, code pos.ErrorCode, do func() (*view.Payment, bool, error)) {
	s.t.Helper()
	before := s.journal.Head()
	_, begun, err := do()
	if codeOf(err) != code || pos.MoneyOf(err) != pos.NoneMoved || begun {
		s.t.Errorf("%s: %v, want %s", what, err, code)
	}
	if s.journal.Head() != before {
		s.t.Errorf("%s was refused and yet journalled", what)
	}
}

func TestCardMoneyGoesBack(t *testing.T) {
	eachDeed(t, zvtsim.Options{}, func(t *testing.T, s *shop, c *counter, d deed) {
		s.pay(s.card(100))
		p := s.pay(s.card(1250))
		s.started(d, p, "back-1")
		p = s.ended(p.Intent.Payment)
		s.state(p, "back-1", pos.OperationDone)
		s.status(p, d.after)
		o := p.Operation("back-1")
		if o.Request.Device != c.name || o.Request.Before == nil || o.Request.Cashier != "anna" || o.Decision == nil || o.Decision.Trace == "" || len(o.Receipts) == 0 {
			t.Errorf("%+v, %+v", o, o.Decision)
		}
		if c.held() != 100 || p.Taken().Amount != 0 || p.Returnable() != 0 {
			t.Errorf("the terminal holds %d, the journal %v", c.held(), p.Taken())
		}
		s.sameAnswer(d, p, "back-1")
		s.restart()
		s.sameAnswer(d, p, "back-1")
		s.denied("a second one", "not_refundable", func() (*view.Payment, bool, error) { return d.begin(s, p, "back-2") })
		s.status(s.pay(s.card(300)), pos.Approved)
	})
}

// sameAnswer asks again with the same key, and with another body under it.
func (s *shop) sameAnswer(d deed, p *view.Payment, key pos.OperationKey) {
	s.t.Helper()
	before := s.journal.Head()
	again, begun, err := d.begin(s, p, key)
	if err != nil || begun || again.Status != p.Status || again.Operation(key).State != p.Operation(key).State {
		s.t.Errorf("the same %s again: begun %v, %v", d.name, begun, err)
	}
	if s.journal.Head() != before && again.Operation(key).State != pos.OperationRequested {
		s.t.Error("asking again was journalled")
	}
	for _, other := range deeds() {
		if other.name != d.name {
			s.denied("another kind under the same key", "operation_conflict", func() (*view.Payment, bool, error) { return other.begin(s, p, key) })
		}
	}
	s.denied("another amount under the same key", "operation_conflict", func() (*view.Payment, bool, error) {
		return s.engine.Refund(p.Intent.Payment, engine.RefundRequest{Key: key, Amount: minor(1), Reason: "broken"})
	})
	s.denied("another tender under the same key", "operation_conflict", func() (*view.Payment, bool, error) {
		return s.engine.Refund(p.Intent.Payment, engine.RefundRequest{Key: key, Tender: pos.Cash, Reason: "broken"})
	})
}

func TestPartsGoBackUntilNothingIsLeft(t *testing.T) {
	onBoth(t, zvtsim.Options{}, func(t *testing.T, s *shop, c *counter) {
		p := s.pay(s.card(1000))
		id := p.Intent.Payment
		for i, part := range []pos.Minor{300, 200} {
			key := pos.OperationKey(fmt.Sprintf("part-%d", i))
			if _, _, err := s.engine.Refund(id, engine.RefundRequest{Key: key, Amount: &part}); err != nil {
				t.Fatal(err)
			}
			s.state(s.ended(id), key, pos.OperationDone)
		}
		p = s.payment(id)
		if s.status(p, pos.PartlyRefunded); p.Taken() != euros(500) || c.held() != 500 {
			t.Errorf("%v left, the terminal holds %d", p.Taken(), c.held())
		}
		s.denied("more than the rest", "refund_exceeds", func() (*view.Payment, bool, error) {
			return s.engine.Refund(id, engine.RefundRequest{Key: "more", Amount: minor(501)})
		})
		s.denied("a void of the rest", "not_refundable", func() (*view.Payment, bool, error) { return s.engine.Void(id, "void", "") })
		if _, _, err := s.engine.Refund(id, engine.RefundRequest{Key: "rest", Tender: pos.Cash}); err != nil {
			t.Fatal(err)
		}
		p = s.payment(id)
		if s.status(p, pos.Refunded); c.held() != 500 {
			t.Errorf("cash went back and the terminal holds %d", c.held())
		}
		if _, begun, err := s.engine.Refund(id, engine.RefundRequest{Key: "rest", Tender: pos.Cash}); begun || err != nil {
			t.Errorf("the rest again: %v, %v", begun, err)
		}
	})
}

func TestWhatCannotGoBackIsRefused(t *testing.T) {
	inShop(t, func(s *shop) {
		c := s.devices[0]
		refund := func(p *view.Payment, r engine.RefundRequest) func() (*view.Payment, bool, error) {
			return func() (*view.Payment, bool, error) { return s.engine.Refund(p.Intent.Payment, r) }
		}
		void := func(p *view.Payment) func() (*view.Payment, bool, error) {
			return func() (*view.Payment, bool, error) { return s.engine.Void(p.Intent.Payment, "v", "") }
		}
		c.pt.Next(zvtsim.Card{Do: zvtsim.Decline})
		declined := s.pay(s.card(100))
		s.denied("a declined payment", "not_refundable", refund(declined, engine.RefundRequest{Key: "a"}))
		s.denied("a declined payment", "not_refundable", void(declined))
		c.pt.Next(zvtsim.Card{After: time.Minute})
		pending := s.begin(s.card(100))
		s.denied("a pending payment", "not_refundable", refund(pending, engine.RefundRequest{Key: "a"}))
		s.outcome(pending.Intent.Payment)
		paid := s.pay(s.card(1000))
		s.denied("a busy refund by code", "not_supported", refund(paid, engine.RefundRequest{Key: "a", Tender: pos.Code}))
		s.denied("nothing", "amount_invalid", refund(paid, engine.RefundRequest{Key: "a", Amount: minor(0)}))
		s.denied("less than nothing", "amount_invalid", refund(paid, engine.RefundRequest{Key: "a", Amount: minor(-5)}))
		s.denied("too much", "refund_exceeds", refund(paid, engine.RefundRequest{Key: "a", Amount: minor(1001)}))
		s.denied("no key", "request_invalid", refund(paid, engine.RefundRequest{}))
		s.denied("an unknown payment", "not_found", func() (*view.Payment, bool, error) { return s.engine.Void(pos.NewPaymentID(time.Now()), "v", "") })
		none := s.begin(s.order(pos.None, 0))
		s.denied("an order of nothing", "not_refundable", refund(none, engine.RefundRequest{Key: "a"}))
		c.unplug()
		s.denied("a device that is not there", "device_unavailable", void(paid))
		c.plug()
	}, zvtsim.Options{})
}

// TestAnOperationIsDurableBeforeTheTerminalHears looks into the journal when the command comes in (law 1), and when the answer to its result does (law 2).
func TestAnOperationIsDurableBeforeTheTerminalHears(t *testing.T) {
	eachDeed(t, zvtsim.Options{}, func(t *testing.T, s *shop, c *counter, d deed) {
		p := s.pay(s.card(1250))
		var heard, answered *view.Operation
		c.pt.Observe(func(e zvtsim.Event) {
			switch {
			case e.Moment == zvtsim.Received && e.Command == d.command:
				heard = s.payment(p.Intent.Payment).Operation("b")
			case e.Moment == zvtsim.Accepted && e.Command == "04 0f":
				answered = s.payment(p.Intent.Payment).Operation("b")
			}
		})
		s.started(d, p, "b")
		s.state(s.ended(p.Intent.Payment), "b", pos.OperationDone)
		if heard == nil || heard.State != pos.OperationRequested || heard.Decision != nil {
			t.Errorf("when the terminal heard of it the journal held %+v", heard)
		}
		if answered == nil || answered.State != pos.OperationRequested || answered.Decision == nil || answered.Decision.Amount != 1250 {
			t.Errorf("when its result was acknowledged the journal held %+v", answered)
		}
		c.pt.Observe(nil)
	})
}

// TestWhatWasSettledIsRefunded: the terminal has no sale any more that a void could take back.
func TestWhatWasSettledIsRefunded(t *testing.T) {
	inShop(t, func(s *shop) {
		p := s.pay(s.card(1250))
		if _, err := s.engine.Settle(context.Background(), engine.SettleRequest{}); err != nil {
			t.Fatal(err)
		}
		s.denied("a void", "not_refundable", func() (*view.Payment, bool, error) { return s.engine.Void(p.Intent.Payment, "v", "") })
		s.started(deeds()[1], p, "r")
		s.status(s.ended(p.Intent.Payment), pos.Refunded)
		if c := s.devices[0]; c.held() != 0 {
			t.Errorf("the terminal holds %d", c.held())
		}
	}, zvtsim.Options{})
}

// TestATerminalThatCannotRefundMovesNothing and says so; the customer gets cash.
func TestATerminalThatCannotRefundMovesNothing(t *testing.T) {
	inShop(t, func(s *shop) {
		p := s.pay(s.card(1250))
		s.started(deeds()[1], p, "r")
		p = s.ended(p.Intent.Payment)
		if s.state(p, "r", pos.OperationRefused); p.Returnable() != 1250 || p.Operation("r").Reason.Text == "" {
			t.Errorf("%+v", p.Operation("r"))
		}
		if p, _, err := s.engine.Refund(p.Intent.Payment, engine.RefundRequest{Key: "cash", Tender: pos.Cash}); err != nil || p.Status != pos.Refunded {
			t.Errorf("%v", err)
		}
	}, zvtsim.Options{NoRefunds: true})
}
