package engine_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/wire"
)

// paidByPhone makes an approved payment by a customer's code.
func (s *shop) paidByPhone(amount pos.Minor) *view.Payment {
	s.t.Helper()
	s.centre.authorise = paysAfter(s.t, time.Second)
	p := s.pay(s.code(amount))
	s.status(p, pos.Approved)
	return p
}

func byPhone(key pos.OperationKey) engine.RefundRequest { return engine.RefundRequest{Key: key} }

func TestAWalletsMoneyGoesBackThroughThePlatform(t *testing.T) {
	online(t, func(s *shop, _ *centre) {
		p := s.paidByPhone(1000)
		id := p.Intent.Payment
		part := engine.RefundRequest{Key: "part", Amount: minor(400)}
		if _, begun, err := s.engine.Refund(id, part); err != nil || !begun {
			t.Fatal(err)
		}
		p = s.ended(id)
		if s.state(p, "part", pos.OperationDone); p.Status != pos.PartlyRefunded || p.Taken() != euros(600) {
			t.Errorf("%+v", p)
		}
		s.restart()
		if p, begun, err := s.engine.Refund(id, part); err != nil || begun || p.Operation("part").State != pos.OperationDone {
			t.Errorf("the same again: %v, %v", begun, err)
		}
		s.denied("a void", "not_refundable", func() (*view.Payment, bool, error) { return s.engine.Void(id, "v", "") })
		if _, _, err := s.engine.Refund(id, byPhone("rest")); err != nil {
			t.Fatal(err)
		}
		s.status(s.ended(id), pos.Refunded)
		if n := s.centre.count(wire.OpRefund, id); n != 2 {
			t.Errorf("%d calls for two refunds", n)
		}
	})
}

func TestWithoutThePlatformOnlyCashGoesBack(t *testing.T) {
	online(t, func(s *shop, _ *centre) {
		p := s.paidByPhone(1000)
		id := p.Intent.Payment
		s.centre.set(func() { s.centre.away = true })
		before := s.journal.Head()
		_, _, err := s.engine.Refund(id, byPhone("r"))
		if codeOf(err) != "offline_refused" || pos.MoneyOf(err) != pos.NoneMoved || detailOf(err, "rule") != "refund_online_only" || s.journal.Head() != before {
			t.Errorf("%v", err)
		}
		if p, _, err = s.engine.Refund(id, engine.RefundRequest{Key: "r", Tender: pos.Cash}); err != nil || p.Status != pos.Refunded {
			t.Errorf("cash: %v", err)
		}
		if _, _, err := s.engine.Refund(pos.NewPaymentID(time.Now()), byPhone("r")); codeOf(err) != "offline_refused" {
			t.Errorf("a payment that is not ours, without the platform: %v", err)
		}
	})
}

// TestARefundWhoseCallWasLostIsAskedForUntilItIsKnown: at the platform one operation is one refund, so that the call may be repeated.
func TestARefundWhoseCallWasLostIsAskedForUntilItIsKnown(t *testing.T) {
	for name, line := range map[string]func(c *centre, on bool){
		"the call is lost":   func(c *centre, on bool) { c.deaf = on },
		"the answer is lost": func(c *centre, on bool) { c.dumb = on },
	} {
		for _, restart := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, restart %v", name, restart), func(t *testing.T) {
				online(t, func(s *shop, _ *centre) {
					id := s.paidByPhone(1000).Intent.Payment
					s.centre.set(func() { line(s.centre, true) })
					if _, _, err := s.engine.Refund(id, byPhone("r")); err != nil {
						t.Fatal(err)
					}
					if restart {
						s.restart()
						s.state(s.payment(id), "r", pos.OperationRequested) // the platform is asked; nothing is to be doubted at a device
					} else {
						s.state(s.ended(id), "r", pos.OperationUnknown)
					}
					s.denied("a second one meanwhile", "not_refundable", func() (*view.Payment, bool, error) {
						return s.engine.Refund(id, engine.RefundRequest{Key: "other", Tender: pos.Cash})
					})
					s.centre.set(func() { line(s.centre, false) })
					p := s.decided(id)
					s.state(p, "r", pos.OperationDone)
					s.status(p, pos.Refunded)
					if n := s.centre.refunded(id); n != 1000 {
						t.Errorf("the platform gave %d back", n)
					}
				})
			})
		}
	}
}

// refunded is what the platform gave back of a payment.
func (c *centre) refunded(id pos.PaymentID) (sum pos.Minor) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.results {
		if r.Payment == id && r.Operation != "" && r.Status == pos.Refunded {
			sum += r.Amount
		}
	}
	return sum
}

func TestARefundThatNeverLeftIsRefused(t *testing.T) {
	online(t, func(s *shop, _ *centre) {
		id := s.paidByPhone(1000).Intent.Payment
		s.centre.set(func() { s.centre.vanish = true }) // the connection breaks between the look at it and the call
		if _, _, err := s.engine.Refund(id, byPhone("r")); err != nil {
			t.Fatal(err)
		}
		p := s.ended(id)
		if s.state(p, "r", pos.OperationRefused); p.Operation("r").Reason.Code != "platform_away" || p.Returnable() != 1000 {
			t.Errorf("%+v", p.Operation("r"))
		}
		s.centre.set(func() { s.centre.vanish = false })
		if _, _, err := s.engine.Refund(id, byPhone("r2")); err != nil {
			t.Fatal(err)
		}
		s.state(s.ended(id), "r2", pos.OperationDone)
	})
}

func TestAnotherTillsPaymentGoesBackWithThePlatformsLeave(t *testing.T) {
	online(t, func(s *shop, _ *centre) {
		id := pos.NewPaymentID(time.Now())
		s.centre.elsewhere = map[pos.PaymentID]*wire.Outcome{id: {Payment: id, Status: pos.Approved, Amount: 900, Currency: "EUR",
			Of: &wire.Foreign{Till: "till-9", Order: "there-1", Attempt: 1, Tender: pos.Code, Amount: 900, Returnable: 900}}}
		r := engine.RefundRequest{Key: "r", Amount: minor(300)}
		if _, begun, err := s.engine.Refund(id, r); err != nil || !begun {
			t.Fatalf("%v", err)
		}
		p := s.decided(id)
		if s.state(p, "r", pos.OperationDone); p.Status != pos.Foreign || p.Foreign != "till-9" || p.Returned != 300 || p.Taken().Amount != 0 {
			t.Errorf("%+v", p)
		}
		s.centre.elsewhere[id].Of.Returnable = 600
		if _, begun, err := s.engine.Refund(id, r); err != nil || begun {
			t.Errorf("the same again: %v, %v", begun, err)
		}
		s.denied("more than the platform allows", "refund_exceeds", func() (*view.Payment, bool, error) {
			return s.engine.Refund(id, engine.RefundRequest{Key: "more", Amount: minor(601)})
		})
		s.denied("to a card that is not here", "not_supported", func() (*view.Payment, bool, error) {
			return s.engine.Refund(id, engine.RefundRequest{Key: "card", Tender: pos.Card})
		})
		if _, _, err := s.engine.Refund(id, engine.RefundRequest{Key: "cash", Tender: pos.Cash}); err != nil {
			t.Fatalf("%v", err)
		}
		p = s.decided(id)
		if s.state(p, "cash", pos.OperationDone); p.Returned != 900 {
			t.Errorf("%+v", p)
		}
		s.denied("a void", "not_found", func() (*view.Payment, bool, error) { return s.engine.Void(pos.NewPaymentID(time.Now()), "v", "") })
		s.denied("a payment of nobody", "not_found", func() (*view.Payment, bool, error) {
			return s.engine.Refund(pos.NewPaymentID(time.Now()), byPhone("x"))
		})
	})
}

// forwardDeclined is a card payment that the terminal approved alone and the bank refused later.
func (s *shop) forwardDeclined() pos.PaymentID {
	s.t.Helper()
	s.devices[0].pt.Next(zvtsim.Card{Do: zvtsim.OfflineApprove})
	p := s.pay(s.card(1000))
	s.status(p, pos.ApprovedOffline)
	id := p.Intent.Payment
	s.denied("a refund of a promise", "not_refundable", func() (*view.Payment, bool, error) { return s.engine.Refund(id, byPhone("r")) })
	s.centre.mu.Lock()
	s.centre.settle(id, wire.Outcome{Status: pos.ForwardDeclined, Amount: 1000, Currency: "EUR", Code: "51", Text: "Too little on the account."})
	s.centre.mu.Unlock()
	s.until("the till knows", func() bool { return s.payment(id).Status == pos.ForwardDeclined })
	return id
}

func TestAnOfflineApprovalThatWasRefusedIsCollectedOnceMoreOrWrittenOff(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := shopWithBoth(t, dir)
		defer s.close()
		s.apart = true // the terminal does not know what the bank said later
		id := s.forwardDeclined()
		s.centre.set(func() { s.centre.again = pos.ForwardDeclined })
		if _, begun, err := s.engine.Capture(id, "try-1", nil, "anna"); err != nil || !begun {
			t.Fatal(err)
		}
		p := s.decided(id)
		s.state(p, "try-1", pos.OperationRefused)
		s.status(p, pos.ForwardDeclined)
		s.centre.set(func() { s.centre.again = pos.Captured })
		if _, _, err := s.engine.Capture(id, "try-2", nil, "anna"); err != nil {
			t.Fatal(err)
		}
		p = s.decided(id)
		s.state(p, "try-2", pos.OperationDone)
		s.status(p, pos.Captured)
		if _, begun, err := s.engine.Capture(id, "try-1", nil, ""); err != nil || begun {
			t.Errorf("the first try again: %v, %v", begun, err)
		}
		s.denied("a third try", "not_capturable", func() (*view.Payment, bool, error) { return s.engine.Capture(id, "try-3", nil, "") })
		id = s.forwardDeclined()
		s.centre.set(func() { s.centre.away = true })
		s.denied("without the platform", "offline_refused", func() (*view.Payment, bool, error) { return s.engine.Capture(id, "try-1", nil, "") })
		p = s.resolved(id, engine.Resolve{Status: "written_off", Evidence: record.ByHost, Text: "the bank will not pay"})
		s.status(p, pos.WrittenOff)
	})
}

// shopWithBoth is a shop with a platform and a card terminal.
func shopWithBoth(t *testing.T, dir string) *shop {
	t.Helper()
	s := &shop{t: t, dir: dir, centre: newCentre(t)}
	pt, err := zvtsim.New(zvtsim.Options{Path: filepath.Join(dir, "left.json")})
	if err != nil {
		t.Fatal(err)
	}
	s.devices = []*counter{{shop: s, name: "left", pt: pt}}
	s.start()
	s.devices[0].plug()
	return s
}
