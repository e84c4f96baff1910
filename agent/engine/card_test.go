package engine_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/store/view"
)

// onBoth runs a test with a terminal on a serial line and with one on a stream.
func onBoth(t *testing.T, o zvtsim.Options, test func(t *testing.T, s *shop, c *counter)) {
	t.Helper()
	for name, stream := range map[string]bool{"serial": false, "stream": true} {
		o.Stream = stream
		t.Run(name, func(t *testing.T) { inShop(t, func(s *shop) { test(t, s, s.devices[0]) }, o) })
	}
}

func TestCardEndings(t *testing.T) {
	for _, c := range []struct {
		name   string
		card   zvtsim.Card
		status pos.Status
		reason string
		taken  pos.Minor
	}{
		{"approved", zvtsim.Card{}, pos.Approved, "", 1250},
		{"approved with a tip", zvtsim.Card{Tip: 150}, pos.Approved, "", 1400},
		{"approved by the terminal alone", zvtsim.Card{Do: zvtsim.OfflineApprove}, pos.ApprovedOffline, "", 1250},
		{"approved after four minutes with the PIN", zvtsim.Card{Do: zvtsim.SlowPIN}, pos.Approved, "", 1250},
		{"declined", zvtsim.Card{Do: zvtsim.Decline, Code: 0x05}, pos.Declined, "05", 0},
		{"the host does not answer", zvtsim.Card{Do: zvtsim.HostLost}, pos.Declined, "9b", 0},
		{"the customer stops", zvtsim.Card{Do: zvtsim.CustomerAbort}, pos.Cancelled, "6c", 0},
		{"no PIN in time", zvtsim.Card{Do: zvtsim.PINTimeout}, pos.Cancelled, "6c", 0},
		{"the terminal refuses for good", zvtsim.Card{Do: zvtsim.Refuse, Code: 0x6F}, pos.Declined, "terminal_refused", 0},
		{"the terminal is busy", zvtsim.Card{Do: zvtsim.Refuse, Code: 0x9C}, pos.Cancelled, "device_unavailable", 0},
		{"unknown fields in the result", zvtsim.Card{Do: zvtsim.Strange}, pos.Approved, "", 1250},
		{"a result that is taken back at once", zvtsim.Card{Do: zvtsim.Contradict}, pos.Cancelled, "not_charged", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			onBoth(t, zvtsim.Options{}, func(t *testing.T, s *shop, d *counter) {
				s.pay(s.card(100)) // a base line
				d.pt.Next(c.card)
				p := s.pay(s.card(1250))
				if p.Status == pos.Unknown {
					p = s.settled(p.Intent.Payment)
				}
				s.status(p, c.status)
				if p.Reason.Code != c.reason || c.reason != "" && p.Reason.Text == "" {
					t.Errorf("reason %+v, want %q", p.Reason, c.reason)
				}
				if p.Taken().Amount != c.taken || c.taken > 0 && p.Decision.Tip != c.card.Tip {
					t.Errorf("taken %v, decision %+v", p.Taken(), p.Decision)
				}
				next := s.pay(s.card(100)) // whatever it was, the next customer can pay
				s.status(next, pos.Approved)
			})
		})
	}
}

// settled waits until an unknown payment is resolved on the wire that is there.
func (s *shop) settled(id pos.PaymentID) *view.Payment {
	s.t.Helper()
	s.until("the payment is resolved", func() bool { return !s.payment(id).Status.Open() })
	return s.payment(id)
}

func TestAnApprovedCardSaleKeepsWhatTheTerminalSaid(t *testing.T) {
	onBoth(t, zvtsim.Options{TerminalID: "52000007"}, func(t *testing.T, s *shop, c *counter) {
		c.pt.Next(zvtsim.Card{Brand: "mastercard", Last4: "4242", Contactless: true})
		p := s.pay(s.card(1250))
		s.status(p, pos.Approved)
		d := p.Decision
		if d.Brand != "mastercard" || d.Last4 != "4242" || d.Trace != "000001" || d.ReceiptNo != "0001" || d.TerminalID != "52000007" ||
			d.Entry != "contactless" || d.AuthCode == "" || d.Currency != "EUR" {
			t.Errorf("%+v", d)
		}
		if p.Intent.Device != "left" || p.Intent.Before != nil {
			t.Errorf("%+v", p.Intent)
		}
		if len(p.Receipts) != 2 || p.Receipts[0].For != "merchant" || p.Receipts[1].For != "customer" ||
			!slices.ContainsFunc(p.Receipts[1].Lines, func(l string) bool { return strings.Contains(l, "12.50 EUR") }) {
			t.Errorf("receipts %+v", p.Receipts)
		}
		second := s.pay(s.card(100))
		if b := second.Intent.Before; b == nil || b.Trace != "000001" {
			t.Errorf("the second sale knows %+v as the one before", b)
		}
	})
}

func TestCancelAsksTheTerminal(t *testing.T) {
	inShop(t, func(s *shop) {
		c := s.devices[0]
		c.pt.Next(zvtsim.Card{After: time.Minute})
		p := s.begin(s.card(1250))
		<-time.After(10 * time.Second)
		if s.engine.Progress(p.Intent.Payment) == "" {
			t.Error("the cashier is told nothing of what the terminal shows")
		}
		asked, err := s.engine.Cancel(p.Intent.Payment)
		if err != nil || asked.Status != pos.Pending {
			t.Errorf("%+v, %v: only the terminal can say what became of it", asked, err)
		}
		if _, err := s.engine.Cancel(p.Intent.Payment); err != nil {
			t.Errorf("cancel again: %v", err)
		}
		ended := s.outcome(p.Intent.Payment)
		s.status(ended, pos.Cancelled)
		if s.engine.Progress(p.Intent.Payment) != "" || c.held() != 0 {
			t.Errorf("progress %q, terminal holds %d", s.engine.Progress(p.Intent.Payment), c.held())
		}
		if _, err := s.engine.Cancel(p.Intent.Payment); codeOf(err) != "not_cancellable" || pos.MoneyOf(err) != pos.NoneMoved {
			t.Errorf("cancel of a cancelled payment: %v", err)
		}
		s.status(s.pay(again(engine.Request{Order: p.Intent.Order, Attempt: 1, Amount: euros(1250), Tender: pos.Card})), pos.Approved)
	}, zvtsim.Options{})
}

func TestCancelTooLateChangesNothing(t *testing.T) {
	inShop(t, func(s *shop) {
		c := s.devices[0]
		var p *view.Payment
		c.at(zvtsim.Stored, "", func() {
			if _, err := s.engine.Cancel(p.Intent.Payment); err != nil {
				t.Error(err)
			}
		})
		p = s.begin(s.card(1250))
		s.status(s.outcome(p.Intent.Payment), pos.Approved)
	}, zvtsim.Options{CardAfter: time.Minute})
}

func TestCancelAtOnceIsCancelled(t *testing.T) {
	inShop(t, func(s *shop) {
		for range 20 { // before, while and after the terminal hears of it
			s.devices[0].pt.Next(zvtsim.Card{After: time.Minute})
			p := s.begin(s.card(1250))
			if _, err := s.engine.Cancel(p.Intent.Payment); err != nil {
				t.Error(err)
			}
			s.status(s.outcome(p.Intent.Payment), pos.Cancelled)
			s.until("the terminal is free", func() bool { return s.device("left").State == engine.Ready })
		}
	}, zvtsim.Options{})
}

func TestAfterAnAttemptWithoutMoneyTheNextMayBegin(t *testing.T) {
	inShop(t, func(s *shop) {
		c := s.devices[0]
		r := s.card(500)
		for _, do := range []zvtsim.Do{zvtsim.Decline, zvtsim.CustomerAbort} {
			c.pt.Next(zvtsim.Card{Do: do})
			s.pay(r)
			r = again(r)
		}
		first := s.begin(r)
		s.refuses(again(r), "order_open") // pending
		if p, created, err := s.engine.Pay(r); err != nil || created || p.Intent.Payment != first.Intent.Payment {
			t.Errorf("the same again while it runs: %v %v", created, err)
		}
		s.status(s.outcome(first.Intent.Payment), pos.Approved)
		s.refuses(again(r), "order_open") // approved
		if p, created, err := s.engine.Pay(r); err != nil || created || p.Status != pos.Approved {
			t.Errorf("the same again afterwards: %v %v", created, err)
		}
		if c.held() != 500 {
			t.Errorf("terminal holds %d", c.held())
		}
	}, zvtsim.Options{})
}

func TestABusyDeviceTakesNoSecondSale(t *testing.T) {
	inShop(t, func(s *shop) {
		s.devices[0].pt.Next(zvtsim.Card{After: time.Minute})
		first := s.begin(s.card(100))
		if d := s.device("left"); d.State != engine.Busy {
			t.Errorf("%+v", d)
		}
		s.refuses(s.card(200), "device_unavailable")
		r := s.card(300)
		r.Device = "right"
		s.status(s.pay(r), pos.Approved)
		s.status(s.pay(s.cash(400)), pos.Approved)
		s.status(s.payment(first.Intent.Payment), pos.Pending)
		s.status(s.outcome(first.Intent.Payment), pos.Approved)
	}, zvtsim.Options{}, zvtsim.Options{Stream: true})
}

func TestADeviceThatIsAwaySellsNothing(t *testing.T) {
	inShop(t, func(s *shop) {
		c := s.devices[0]
		if d := s.device("left"); d.State != engine.Ready {
			t.Errorf("%+v", d)
		}
		c.unplug()
		s.refuses(s.card(100), "device_unavailable")
		s.engine.SetDevice("left", engine.Absent, "nothing is plugged in")
		s.engine.SetDevice("middle", engine.Ready, "") // no such device
		s.refuses(s.card(100), "device_unavailable")
		if d := s.device("left"); d.State != engine.Absent || d.Text != "nothing is plugged in" || len(s.engine.Devices()) != 1 {
			t.Errorf("%+v", d)
		}
		if err := s.engine.Attend(context.Background(), "middle", nil, drivers.Last{}); err == nil {
			t.Error("attended a device that is not configured")
		}
		s.status(s.pay(s.cash(100)), pos.Approved)
		c.plug()
		s.status(s.pay(s.card(100)), pos.Approved)
	}, zvtsim.Options{})
}

func TestOneOrderFromManyDesksIsOneCardPayment(t *testing.T) {
	inShop(t, func(s *shop) {
		r := s.card(1250)
		var all sync.WaitGroup
		ids := make(chan pos.PaymentID, 20)
		for range 20 {
			all.Go(func() {
				p, _, err := s.engine.Pay(r)
				if err != nil {
					t.Error(err)
					return
				}
				ids <- p.Intent.Payment
			})
		}
		all.Wait()
		close(ids)
		first := <-ids
		for id := range ids {
			if id != first {
				t.Errorf("payments %s and %s", first, id)
			}
		}
		s.status(s.outcome(first), pos.Approved)
		if c := s.devices[0]; c.held() != 1250 {
			t.Errorf("terminal holds %d", c.held())
		}
	}, zvtsim.Options{})
}

func TestAForeignCurrencyIsDeclinedByTheDriver(t *testing.T) {
	inShop(t, func(s *shop) {
		r := s.card(100)
		r.Amount.Currency = "CHF"
		p := s.pay(r)
		s.status(p, pos.Declined)
		if p.Reason.Code != "amount_invalid" {
			t.Errorf("%+v", p.Reason)
		}
	}, zvtsim.Options{})
}

// Whoever sees the outcome of a sale may sell again: the terminal must not be called busy any more.
func TestTheNextCustomerPaysAtOnce(t *testing.T) {
	inShop(t, func(s *shop) {
		for i := range 40 {
			if i%4 == 1 {
				s.devices[0].pt.Next(zvtsim.Card{Do: zvtsim.Refuse, Code: 0x9C})
			}
			p := s.begin(s.card(100))
			if p, err := s.engine.Wait(context.Background(), p.Intent.Payment); err != nil || p.Status == pos.Pending {
				t.Errorf("%+v, %v", p, err)
			}
		}
	}, zvtsim.Options{CardAfter: time.Millisecond})
}
