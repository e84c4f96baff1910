package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/agent/goods"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/wire"
)

// online runs a test in virtual time in a shop without devices but with a platform.
func online(t *testing.T, test func(s *shop, c *centre)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := &shop{t: t, dir: dir, centre: newCentre(t)}
		s.start()
		defer s.close()
		test(s, s.centre)
	})
}

// codes are made up; wallets' codes are 18 digits that begin with 13 or 16 to 24 that begin with 28.
func (s *shop) code(amount pos.Minor) engine.Request {
	r := s.order(pos.Code, amount)
	r.Code = fmt.Sprintf("13450000000000%04d", s.orders)
	return r
}

func (s *shop) qr(amount pos.Minor, scheme string) engine.Request {
	r := s.order(pos.QR, amount)
	r.Scheme = scheme
	return r
}

func (s *shop) reason(p *view.Payment, code string) {
	s.t.Helper()
	if p.Reason.Code != code || p.Reason.Text == "" {
		s.t.Errorf("reason %+v, want %s", p.Reason, code)
	}
}

func TestACustomersCodeIsCollectedByThePlatform(t *testing.T) {
	online(t, func(s *shop, c *centre) {
		c.authorise = func(c *centre, call wire.Call) {
			p := s.onlyOpen() // law 1: intent and what was presented are durable before the platform hears
			if p.Intent.Amount != 1250 || p.Presented == nil || p.Presented.Scheme != "wechat" || len(p.Presented.CodeHash) != 16 {
				t.Errorf("%+v", p)
			}
			if call.Scheme != "wechat" || !strings.HasPrefix(call.Code, "1345") || intentAmount(t, call.Intent) != 1250 {
				t.Errorf("%+v", call)
			}
			paysAfter(t, 20*time.Second)(c, call)
		}
		p := s.begin(s.code(1250))
		<-time.After(time.Second)
		if live := s.engine.Live(p.Intent.Payment); live.Text == "" || live.EndsAt == 0 {
			t.Errorf("the cashier is told nothing: %+v", live)
		}
		p = s.outcome(p.Intent.Payment)
		s.status(p, pos.Approved)
		if p.Taken() != euros(1250) || p.Decision.Trace != "T-1" || p.N != 1 || s.engine.Live(p.Intent.Payment) != (engine.Live{}) {
			t.Errorf("%+v", p)
		}
		if raw := fmt.Sprintf("%+v", p); strings.Contains(raw, "1345") {
			t.Error("the code stands in the journal")
		}
	})
}

func TestACodeIsGoodForOnePayment(t *testing.T) {
	online(t, func(s *shop, c *centre) {
		c.authorise = paysAfter(t, time.Second)
		r := s.code(100)
		s.status(s.pay(r), pos.Approved)
		if p, created, err := s.engine.Pay(r); err != nil || created || p.Status != pos.Approved {
			t.Errorf("the same again: %v, %v", created, err)
		}
		other := s.code(200)
		used := other.Code
		other.Code = r.Code
		s.refuses(other, "code_used")
		s.restart()
		s.refuses(other, "code_used")
		changed := r
		changed.Code = used
		s.refuses(changed, "order_conflict")
		<-time.After(11 * time.Minute)
		s.status(s.pay(other), pos.Approved) // the wallet decides now
		if n := c.calledOps()[wire.OpAuthorise]; n != 2 {
			t.Errorf("%d calls", n)
		}
	})
}

func TestManyDesksAtOnce(t *testing.T) {
	for name, text := range map[string]string{"one waits for the scanner": "", "one code pays once": " 134500000000000077\r\n"} {
		t.Run(name, func(t *testing.T) {
			online(t, func(s *shop, c *centre) {
				var all sync.WaitGroup
				var begun atomic.Int32
				for range 20 {
					r := s.order(pos.Code, 100)
					r.Code = text
					all.Go(func() {
						if _, created, err := s.engine.Pay(r); created && err == nil {
							begun.Add(1)
						}
					})
				}
				all.Wait()
				synctest.Wait()
				if begun.Load() != 1 {
					t.Errorf("%d payments were begun", begun.Load())
				}
				for _, call := range c.calls() {
					if call.Op == wire.OpAuthorise && call.Code != "134500000000000077" {
						t.Errorf("the code left as %q", call.Code)
					}
				}
			})
		})
	}
}

func TestWhatIsNoPaymentCodeIsNotSent(t *testing.T) {
	online(t, func(s *shop, c *centre) {
		for _, text := range []string{"https://example.com", "4006381333931", "hello", " "} {
			r := s.code(100)
			r.Code = text
			s.refuses(r, "code_invalid")
		}
		cash := s.cash(100)
		cash.Code = "134500000000000001"
		s.refuses(cash, "request_invalid")
		if ops := c.calledOps(); ops[wire.OpAuthorise] != 0 {
			t.Errorf("%v", ops)
		}
	})
}

func TestWithoutThePlatform(t *testing.T) {
	online(t, func(s *shop, c *centre) {
		c.set(func() { c.away = true })
		before := s.journal.Head()
		for rule, r := range map[string]engine.Request{"code_online_only": s.code(100), "qr_online_only": s.qr(100, "wechat")} {
			_, _, err := s.engine.Pay(r)
			var refused *pos.Error
			if !errors.As(err, &refused) || refused.Code != "offline_refused" || refused.Details["rule"] != rule || refused.Money != pos.NoneMoved {
				t.Errorf("%s: %v", rule, err)
			}
		}
		if s.journal.Head() != before {
			t.Error("a refusal was journalled")
		}
		s.status(s.begin(s.cash(100)), pos.Approved)
		p := s.begin(s.order(pos.QR, 500)) // the till makes its own
		s.status(p, pos.Pending)
		if p.Intent.Source != record.FromTill || p.Intent.Mode != pos.Offline || p.Presented == nil || len(p.Presented.Reference) != 12 || p.Presented.ExpiresAt == 0 {
			t.Errorf("%+v %+v", p.Intent, p.Presented)
		}
		<-time.After(10 * time.Minute)
		s.status(s.payment(p.Intent.Payment), pos.Pending) // presented, not confirmed
		c.set(func() { c.away = false })
		c.pay(p.Intent.Payment, pos.Approved, 500)
		s.status(s.outcome(p.Intent.Payment), pos.Approved)
	})
}

func TestSilenceMakesThePaymentUnknownAndTheModeOffline(t *testing.T) {
	for name, received := range map[string]bool{"the call is lost": false, "the answer is lost": true} {
		t.Run(name, func(t *testing.T) {
			online(t, func(s *shop, c *centre) {
				c.set(func() { c.deaf, c.dumb = !received, received })
				r := s.code(1250)
				p := s.begin(r)
				<-time.After(2100 * time.Millisecond)
				p = s.payment(p.Intent.Payment)
				s.status(p, pos.Unknown)
				s.reason(p, "platform_silent")
				if s.mode() != pos.Offline {
					t.Error("still online")
				}
				s.refuses(again(r), "order_open")
				if p, _, err := s.engine.Pay(s.code(1)); err == nil {
					t.Errorf("sold by code: %+v", p)
				}
				c.set(func() { c.deaf, c.dumb = false, false })
				if !received {
					s.until("the platform has closed it", func() bool { return s.payment(p.Intent.Payment).Status == pos.Cancelled })
					s.reason(s.payment(p.Intent.Payment), "never_received")
					s.status(s.begin(cashInstead(r)), pos.Approved)
				} else {
					<-time.After(10 * time.Second)
					s.status(s.payment(p.Intent.Payment), pos.Unknown) // the customer may still confirm
					c.pay(p.Intent.Payment, pos.Approved, 1250)
					s.status(s.settled(p.Intent.Payment), pos.Approved)
				}
				if n := c.count(wire.OpAuthorise, p.Intent.Payment); n > 1 {
					t.Errorf("asked for money %d times", n)
				}
			})
		})
	}
}

func TestALineThatIsCutWhileTheCustomerConfirms(t *testing.T) {
	online(t, func(s *shop, c *centre) {
		p := s.begin(s.code(100))
		<-time.After(time.Second)
		c.set(func() { c.away = true })
		<-time.After(50 * time.Second)
		s.status(s.payment(p.Intent.Payment), pos.Pending) // the wallet's time is hardly over
		<-time.After(20 * time.Second)
		s.status(s.payment(p.Intent.Payment), pos.Unknown)
		c.set(func() { c.lostNews = true })
		c.pay(p.Intent.Payment, pos.Approved, 100)
		c.set(func() { c.away = false })
		s.status(s.settled(p.Intent.Payment), pos.Approved)
	})
}

func TestACodeThatTheScannerBrings(t *testing.T) {
	online(t, func(s *shop, c *centre) {
		c.authorise = paysAfter(t, time.Second)
		r := s.code(100)
		r.Code = ""
		p := s.begin(r)
		if s.engine.Scanned("scanner", "https://example.com", "qr").Kind != engine.ScannedOther {
			t.Error("a web address was taken")
		}
		second := s.code(100)
		second.Code = ""
		s.refuses(second, "code_awaited")
		s.restart()
		s.status(s.payment(p.Intent.Payment), pos.Pending)
		scan := s.engine.Scanned("scanner", "134500000000000077", "qr")
		if scan.Kind != engine.ScannedCode || scan.Payment != p.Intent.Payment || scan.Text != "" || scan.Note != "" {
			t.Errorf("%+v", scan)
		}
		s.status(s.outcome(p.Intent.Payment), pos.Approved)
		if again, created, err := s.engine.Pay(r); err != nil || created || again.Status != pos.Approved {
			t.Errorf("%v, %v", created, err)
		}
		if _, err := s.engine.GiveCode(p.Intent.Payment, "134500000000000077"); err != nil {
			t.Errorf("the same code again: %v", err)
		}
		if _, err := s.engine.GiveCode(p.Intent.Payment, "134500000000000078"); codeOf(err) != "request_invalid" {
			t.Errorf("another code: %v", err)
		}
		if n := c.calledOps()[wire.OpAuthorise]; n != 1 {
			t.Errorf("%d calls", n)
		}
	})
}

func TestAWaitingPaymentTakesNoBadCodeAndNoneOffline(t *testing.T) {
	online(t, func(s *shop, c *centre) {
		r := s.code(100)
		r.Code = ""
		p := s.begin(r)
		if _, err := s.engine.GiveCode(p.Intent.Payment, "x"); codeOf(err) != "code_invalid" {
			t.Error(err)
		}
		c.set(func() { c.away = true })
		if scan := s.engine.Scanned("", "134500000000000077", ""); scan.Kind != engine.ScannedCode || !strings.Contains(scan.Note, "platform") {
			t.Errorf("%+v", scan)
		}
		s.status(s.payment(p.Intent.Payment), pos.Pending)
		p, err := s.engine.Cancel(p.Intent.Payment)
		if err != nil {
			t.Fatal(err)
		}
		s.status(p, pos.Cancelled)
		if _, err := s.engine.GiveCode(p.Intent.Payment, "134500000000000077"); codeOf(err) != "request_invalid" {
			t.Error(err)
		}
		if _, err := s.engine.GiveCode(pos.PaymentID{9}, "134500000000000077"); codeOf(err) != "not_found" {
			t.Error(err)
		}
	})
}

func TestAnIssuedQR(t *testing.T) {
	online(t, func(s *shop, c *centre) {
		r := s.qr(700, "wechat")
		ends := time.Now().Add(30 * time.Second)
		r.OrderEnds = ends
		p := s.begin(r)
		c.set(func() {
			c.settle(p.Intent.Payment, wire.Outcome{Status: pos.Pending, QR: "weixin://pay", Scheme: "wechat", ExpiresAt: ends.UnixMilli()})
		})
		<-time.After(time.Second)
		p = s.payment(p.Intent.Payment)
		if p.Presented == nil || p.Presented.QR != "weixin://pay" || p.Presented.ExpiresAt != ends.UnixMilli() || p.Status != pos.Pending {
			t.Fatalf("%+v", p)
		}
		for _, call := range c.calls() {
			if call.Op == wire.OpIssueQR && (call.DeadlineMS > 30_000 || call.DeadlineMS < 29_000) {
				t.Errorf("a QR of %d ms for an order of 30 s", call.DeadlineMS)
			}
		}
		s.restart()
		s.status(s.payment(p.Intent.Payment), pos.Pending)
		c.pay(p.Intent.Payment, pos.Expired, 0)
		s.status(s.outcome(p.Intent.Payment), pos.Expired)
		c.pay(p.Intent.Payment, pos.RefundDue, 700)
		c.pay(p.Intent.Payment, pos.Refunded, 700)
		s.until("the late money is back", func() bool { return s.payment(p.Intent.Payment).Status == pos.Refunded })
		if p = s.payment(p.Intent.Payment); p.Returned != 700 || p.Taken().Amount != 0 {
			t.Errorf("%+v", p)
		}
		if n := c.count(wire.OpIssueQR, p.Intent.Payment); n != 1 {
			t.Errorf("issued %d times", n)
		}
	})
}

func TestCancellingWhatACustomerIsBusyWith(t *testing.T) {
	online(t, func(s *shop, c *centre) {
		asked := s.begin(s.code(100))
		<-time.After(time.Second)
		if p, err := s.engine.Cancel(asked.Intent.Payment); err != nil || p.Status != pos.Pending {
			t.Errorf("only the platform can say: %+v, %v", p, err)
		}
		s.status(s.outcome(asked.Intent.Payment), pos.Cancelled)

		r := s.code(200)
		lost := s.begin(r)
		<-time.After(time.Second)
		c.set(func() { c.away = true })
		p, err := s.engine.Cancel(lost.Intent.Payment)
		if err != nil || p.Status != pos.Unknown || !p.Unwanted {
			t.Errorf("%+v, %v", p, err)
		}
		s.status(s.begin(cashInstead(r)), pos.Approved) // the order is free
		c.set(func() { c.away = false })
		s.status(s.settled(lost.Intent.Payment), pos.Cancelled)
		unwanted := false
		for _, call := range c.calls() {
			unwanted = unwanted || call.Op == wire.OpCancel && call.Unwanted && call.Payment == lost.Intent.Payment
		}
		if !unwanted {
			t.Error("the platform was not told that the money must go back")
		}

		c.set(func() { c.dumb = true })
		shown := s.begin(s.qr(300, "epc"))
		if p, err = s.engine.Cancel(shown.Intent.Payment); err != nil || p.Status != pos.Unknown || !p.Unwanted {
			t.Errorf("a QR that was shown stays payable: %+v, %v", p, err)
		}
		c.set(func() { c.dumb = false })
	})
}

func TestACancellationThatNobodyAnswers(t *testing.T) {
	online(t, func(s *shop, c *centre) {
		p := s.begin(s.code(100))
		<-time.After(time.Second)
		c.mu.Lock()
		c.dumb = true
		c.mu.Unlock()
		if _, err := s.engine.Cancel(p.Intent.Payment); err != nil {
			t.Fatal(err)
		}
		<-time.After(3 * time.Second)
		if p = s.payment(p.Intent.Payment); p.Status != pos.Unknown || !p.Unwanted {
			t.Errorf("%+v", p)
		}
		c.set(func() { c.dumb = false })
		s.status(s.settled(p.Intent.Payment), pos.Cancelled)
	})
}

func TestARestartAsksAndNeverRepeats(t *testing.T) {
	online(t, func(s *shop, c *centre) {
		received := s.begin(s.code(100))
		<-time.After(time.Second)
		c.set(func() { c.deaf = true })
		lost := s.begin(s.code(200))
		s.restart()
		for _, p := range []*view.Payment{received, lost} {
			p = s.payment(p.Intent.Payment)
			s.status(p, pos.Unknown)
			s.reason(p, "agent_restarted")
		}
		c.set(func() { c.deaf = false })
		s.status(s.settled(lost.Intent.Payment), pos.Cancelled)
		s.status(s.payment(received.Intent.Payment), pos.Unknown)
		c.pay(received.Intent.Payment, pos.Approved, 100)
		s.status(s.settled(received.Intent.Payment), pos.Approved)
		for _, p := range []*view.Payment{received, lost} {
			if n := c.count(wire.OpAuthorise, p.Intent.Payment); n > 1 {
				t.Errorf("asked for money %d times", n)
			}
		}
	})
}

func TestResultsThatFitNothingOnlyMoveTheCount(t *testing.T) {
	online(t, func(s *shop, c *centre) {
		c.authorise = paysAfter(t, time.Second)
		first := s.pay(s.code(100))
		s.status(first, pos.Approved)
		c.set(func() { c.lostNews = true })
		c.pay(pos.PaymentID{7}, pos.Approved, 900)     // of a journal that was lost
		c.pay(first.Intent.Payment, pos.Declined, 0)   // contradicts what is proven
		c.pay(first.Intent.Payment, pos.Approved, 100) // again
		c.pay(first.Intent.Payment, pos.Pending, 0)    // says nothing
		c.set(func() { c.lostNews = false })           // and the line tells of a change
		second := s.pay(s.code(200))                   // its result is number 6
		s.status(second, pos.Approved)
		s.status(s.payment(first.Intent.Payment), pos.Approved)
		if n := s.journal.Views().Results(); n != 6 {
			t.Errorf("%d results are known", n)
		}
		s.restart()
		third := s.pay(s.code(300))
		s.status(third, pos.Approved)
	})
}

func TestQRsThatCannotBeShown(t *testing.T) {
	online(t, func(s *shop, c *centre) {
		s.refuses(s.qr(100, "pix"), "not_supported")
		s.refuses(s.qr(1000_01, "epc"), "amount_invalid")
		ended := s.qr(100, "epc")
		ended.OrderEnds = time.Now().Add(-time.Second)
		s.refuses(ended, "request_invalid")
		seen := map[string]bool{}
		for range 50 {
			p := s.begin(s.qr(100, "epc"))
			if seen[p.Presented.Reference] {
				t.Errorf("reference %s twice", p.Presented.Reference)
			}
			seen[p.Presented.Reference] = true
		}
		short := s.qr(100, "epc")
		short.OrderEnds = time.Now().Add(5 * time.Second)
		if p := s.begin(short); p.Presented.ExpiresAt != short.OrderEnds.UnixMilli() {
			t.Error("the QR outlives its order")
		}
	})
}

func TestScansOfGoods(t *testing.T) {
	online(t, func(s *shop, c *centre) {
		const stripe = ";4111111111111111=29121010000000000?"
		if scan := s.engine.Scanned("", stripe, ""); scan.Kind != engine.ScannedOther || scan.Text != "" || !strings.Contains(scan.Note, "nothing was charged") {
			t.Errorf("a card's stripe, typed: %+v", scan)
		}
		if scan := s.engine.Scanned("scanner", "4006381333931", "ean_13"); scan.Kind != engine.ScannedOther || scan.Text == "" || scan.Note == "" {
			t.Errorf("%+v", scan)
		}
		s.goods = shelf{}
		s.restart()
		scan := s.engine.Scanned("scanner", "4006381333931", "ean_13")
		if scan.Kind != engine.ScannedGoods || scan.Item == nil || scan.Item.Name != "Pen" || scan.Device != "scanner" || scan.At == 0 {
			t.Errorf("%+v", scan)
		}
		if scan = s.engine.Scanned("scanner", "134500000000000077", "qr"); scan.Kind != engine.ScannedOther { // nothing waits: these digits are no payment
			t.Errorf("%+v", scan)
		}
	})
}

// shelf sells pens.
type shelf struct{}

func (shelf) Find(code string) (goods.Item, bool) {
	return goods.Item{Code: code, Name: "Pen", Price: euros(120)}, code == "4006381333931"
}

func TestATillWithoutAPlatformTakesNoCodes(t *testing.T) {
	inShop(t, func(s *shop) {
		s.refuses(s.code(100), "not_supported")
		ctx, stop := context.WithCancel(context.Background())
		stop()
		s.engine.Run(ctx)
	})
}
