package engine_test

import (
	"testing"
	"time"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// A time-out says nothing about the money: the payment is unknown, is asked for, and turns out to be paid.
func TestComplaint03ATimeOutIsShownAsDeclinedAlthoughTheCustomerPaid(t *testing.T) {
	t.Run("at the card terminal", func(t *testing.T) {
		inShop(t, func(s *shop) {
			c := s.devices[0]
			s.pay(s.card(100))
			c.pt.Next(zvtsim.Card{Do: zvtsim.LoseResult})
			r := s.card(1250)
			p := s.pay(r)
			s.status(p, pos.Unknown)
			s.refuses(again(r), "order_open") // nobody charges the customer again meanwhile
			c.keepPlugged()
			if p = s.payment(p.Intent.Payment); p.Status != pos.Approved || p.Taken() != euros(1250) {
				t.Errorf("%+v", p)
			}
		}, zvtsim.Options{})
	})
	t.Run("with a phone", func(t *testing.T) {
		online(t, func(s *shop, c *centre) {
			c.authorise = paysAfter(t, time.Second)
			c.set(func() { c.dumb = true })
			r := s.code(1250)
			p := s.pay(r)
			s.status(p, pos.Unknown)
			s.refuses(cashInstead(r), "order_open")
			c.set(func() { c.dumb = false })
			s.status(s.settled(p.Intent.Payment), pos.Approved)
		})
	})
}

// The terminal has the money and the till has no answer: the till finds out by itself, and where nobody can, evidence and two names decide, not force.
func TestComplaint04TheTerminalPaidAndTheTillIsStuckUntilSomebodyForcesDone(t *testing.T) {
	inShop(t, func(s *shop) {
		c := s.devices[0]
		s.pay(s.card(100))
		c.cutAt(zvtsim.Sending, "06 0f")
		p := s.pay(s.card(1250))
		s.status(p, pos.Unknown)
		s.status(s.pay(s.cash(1)), pos.Approved) // the till goes on selling
		_ = c.lost()
		c.plug()
		s.status(s.settled(p.Intent.Payment), pos.Approved) // nobody had to do anything
	}, zvtsim.Options{})
	inShop(t, func(s *shop) {
		_, p := s.stuck()
		id := p.Intent.Payment
		if _, err := s.engine.Resolve(id, engine.Resolve{Status: "approved", Evidence: record.BySlip, Text: "slip", Supervisor: "anna", PIN: "1470"}); codeOf(err) != "not_permitted" {
			t.Errorf("a cashier forces it: %v", err)
		}
		if _, err := s.engine.Resolve(id, engine.Resolve{Status: "approved", Evidence: record.BySlip, Supervisor: "boss", PIN: "2580"}); codeOf(err) != "request_invalid" {
			t.Errorf("forced without evidence: %v", err)
		}
		p = s.resolved(id, engine.Resolve{Status: "approved", Evidence: record.BySlip, Text: "slip 0002 over 12.50"})
		s.status(p, pos.Approved)
		s.bothPeopleAreNamed(p)
		s.status(s.pay(s.card(1)), pos.Approved)
		s.apart = true
	}, zvtsim.Options{})
}

// The agent dies while the customer types the PIN, and is there again before the customer has paid: the till has not forgotten what the terminal asks for.
func TestComplaint05TheTerminalAsksForMoneyThatTheTillHasForgotten(t *testing.T) {
	onBoth(t, zvtsim.Options{}, func(t *testing.T, s *shop, c *counter) {
		s.pay(s.card(100))
		c.pt.Next(zvtsim.Card{After: 20 * time.Second})
		r := s.card(1250)
		p := s.begin(r)
		<-time.After(5 * time.Second)
		s.crash()
		s.start()
		id := p.Intent.Payment
		s.status(s.payment(id), pos.Unknown)
		if list, err := s.engine.Unknown(); err != nil || len(list) != 1 || list[0] != id {
			t.Errorf("the till shows %v, %v", list, err)
		}
		s.refuses(s.card(1), "device_unresolved") // no second customer pays for the first
		c.plug()
		p = s.settled(id)
		if held := c.held(); held != 100+p.Taken().Amount {
			t.Errorf("the terminal holds %d, the till says %s over %v", held, p.Status, p.Taken())
		}
		s.status(s.pay(s.card(1)), pos.Approved)
	})
}

// The cashier cancels and the customer pays in the same moment: the money is neither lost nor kept in silence.
func TestComplaint15TheCustomerPaidBetweenTheLastQueryAndTheCancel(t *testing.T) {
	t.Run("at the card terminal", func(t *testing.T) {
		onBoth(t, zvtsim.Options{}, func(t *testing.T, s *shop, c *counter) {
			s.pay(s.card(100))
			r := s.card(1250)
			begun := make(chan pos.PaymentID, 1)
			c.at(zvtsim.Stored, "", func() {
				if _, err := s.engine.Cancel(<-begun); err != nil {
					t.Error(err)
				}
			})
			id := s.begin(r).Intent.Payment
			begun <- id
			paid := s.outcome(id)
			if s.status(paid, pos.Approved); !s.engine.CancelWished(id) || c.held() != 1350 {
				t.Errorf("wished %v, the terminal holds %d", s.engine.CancelWished(id), c.held())
			}
			s.refuses(again(r), "order_open") // it is paid: nobody charges twice
			if _, _, err := s.engine.Void(id, "too-late", "anna"); err != nil {
				t.Fatal(err)
			}
			s.status(s.ended(id), pos.Voided)
			if c.held() != 100 {
				t.Errorf("the terminal holds %d", c.held())
			}
			s.status(s.pay(again(r)), pos.Approved)
		})
	})
	t.Run("after it was given up at the card terminal", func(t *testing.T) {
		inShop(t, func(s *shop) {
			c := s.devices[0]
			s.pay(s.card(100))
			c.cutAt(zvtsim.Sending, "06 0f")
			r := s.card(1250)
			id := s.pay(r).Intent.Payment
			_ = c.lost()
			if p, err := s.engine.Cancel(id); err != nil || !p.Unwanted {
				t.Fatal(err)
			}
			s.status(s.begin(cashInstead(r)), pos.Approved) // the customer pays in cash, and goes
			c.plug()
			p := s.settled(id)
			if s.status(p, pos.Approved); !p.Unwanted {
				t.Error("it is forgotten that nobody wants it")
			}
			if _, _, err := s.engine.Void(id, "unwanted", "anna"); err != nil {
				t.Fatal(err)
			}
			s.status(s.ended(id), pos.Voided)
		}, zvtsim.Options{})
	})
	t.Run("with a phone", func(t *testing.T) {
		online(t, func(s *shop, c *centre) {
			r := s.code(1250)
			id := s.begin(r).Intent.Payment
			<-time.After(time.Second)
			c.set(func() { c.deaf = true })
			if p, err := s.engine.Cancel(id); err != nil || p.Status != pos.Pending {
				t.Fatalf("%+v, %v", p, err)
			}
			s.until("it is given up", func() bool { return s.payment(id).Unwanted })
			c.pay(id, pos.Approved, 1250) // the wallet had taken it
			c.set(func() { c.deaf = false })
			s.until("the money went back", func() bool { return s.payment(id).Status == pos.Refunded })
			s.denied("a refund of what the platform gives back", "not_refundable", refundOf(s, id))
		})
	})
}

// refundOf asks for all of a payment.
func refundOf(s *shop, id pos.PaymentID) func() (*view.Payment, bool, error) {
	return func() (*view.Payment, bool, error) { return s.engine.Refund(id, engine.RefundRequest{Key: "all"}) }
}
