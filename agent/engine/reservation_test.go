package engine_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// reservation asks to hold an amount.
func (s *shop) reservation(amount pos.Minor) engine.Request {
	r := s.card(amount)
	r.Reserve = true
	return r
}

// reserved holds an amount at the first terminal.
func (s *shop) reserved(amount pos.Minor) *view.Payment {
	s.t.Helper()
	p := s.pay(s.reservation(amount))
	s.status(p, pos.Reserved)
	return p
}

// endings are the two ways in which a reservation ends.
func endings() []deed {
	return []deed{
		{"booking", "06 24", func(s *shop, p *view.Payment, key pos.OperationKey) (*view.Payment, bool, error) {
			return s.engine.Capture(p.Intent.Payment, key, minor(6320), "anna")
		}, pos.Captured},
		{"release", "06 25", func(s *shop, p *view.Payment, key pos.OperationKey) (*view.Payment, bool, error) {
			return s.engine.Void(p.Intent.Payment, key, "anna")
		}, pos.Voided},
	}
}

func TestWhatACardHoldsIsBookedOrReleased(t *testing.T) {
	for _, d := range endings() {
		t.Run(d.name, func(t *testing.T) {
			onBoth(t, zvtsim.Options{}, func(t *testing.T, s *shop, c *counter) { s.holdAndEnd(c, d) })
		})
	}
}

func (s *shop) holdAndEnd(c *counter, d deed) {
	s.pay(s.card(100))
	r := s.reservation(10000)
	p := s.pay(r)
	s.status(p, pos.Reserved)
	if c.held() != 100 || p.Taken().Amount != 0 || p.Held != 10000 || p.Decision.ReceiptNo == "" {
		s.t.Errorf("the terminal holds %d, the journal %v of %d (%+v)", c.held(), p.Taken(), p.Held, p.Decision)
	}
	if same, created, err := s.engine.Pay(r); err != nil || created || same.Intent.Payment != p.Intent.Payment {
		s.t.Errorf("the same request again: %v, %v", created, err)
	}
	sale := r
	sale.Reserve = false
	s.refuses(sale, "order_conflict")
	s.refuses(again(r), "order_open")
	s.status(s.pay(s.card(200)), pos.Approved) // it blocks nobody else
	s.restart()
	s.started(d, p, "end")
	p = s.ended(p.Intent.Payment)
	s.state(p, "end", pos.OperationDone)
	s.status(p, d.after)
	want := pos.Minor(0)
	if d.after == pos.Captured {
		want = 6320
	}
	if c.held() != 300+want || p.Taken().Amount != want || len(c.pt.Memory().Held()) != 0 {
		s.t.Errorf("the terminal holds %d and %d reservations, the journal %v", c.held(), len(c.pt.Memory().Held()), p.Taken())
	}
	s.restart()
	if again, begun, err := d.begin(s, p, "end"); err != nil || begun || again.Status != d.after {
		s.t.Errorf("the same again: %v, %v, %+v", begun, err, again)
	}
	s.denied("another amount under the same key", "operation_conflict", func() (*view.Payment, bool, error) {
		return s.engine.Capture(p.Intent.Payment, "end", minor(1), "anna")
	})
	s.agrees(s.settle())
	s.rebuilt()
}

func TestABookingIsASaleOfItsDay(t *testing.T) {
	inShop(t, func(s *shop) {
		p := s.reserved(10000)
		if _, _, err := s.engine.OpenShift(engine.ShiftRequest{Cashier: "anna", PIN: "1470"}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.engine.Capture(p.Intent.Payment, "all", nil, ""); err != nil {
			t.Fatal(err)
		}
		p = s.ended(p.Intent.Payment)
		s.status(p, pos.Captured)
		released := s.reserved(5000)
		if _, _, err := s.engine.Void(released.Intent.Payment, "free", ""); err != nil {
			t.Fatal(err)
		}
		s.status(s.ended(released.Intent.Payment), pos.Voided)
		shift, err := s.engine.CurrentShift()
		if err != nil {
			t.Fatal(err)
		}
		want := []record.DaySum{{What: record.SumSales, Tender: pos.Card, Currency: "EUR", Count: 1, Amount: 10000},
			{What: record.SumTaken, Tender: pos.Card, Currency: "EUR", Count: 1, Amount: 10000}}
		if !slices.Equal(shift.Report.Sums, want) {
			t.Errorf("%+v", shift.Report.Sums)
		}
		if _, _, err := s.engine.Void(p.Intent.Payment, "back", ""); err != nil {
			t.Fatal(err)
		}
		p = s.ended(p.Intent.Payment)
		s.status(p, pos.Voided)
		s.agrees(s.settle())
	}, zvtsim.Options{})
}

func TestWhatAReservationRefuses(t *testing.T) {
	inShop(t, func(s *shop) {
		cash := s.cash(500)
		cash.Reserve = true
		s.refuses(cash, "not_supported")
		p := s.reserved(1000)
		id := p.Intent.Payment
		for amount, code := range map[pos.Minor]pos.ErrorCode{1001: "amount_invalid", 0: "amount_invalid", -5: "amount_invalid"} {
			s.denied(fmt.Sprintf("a booking of %d", amount), code, func() (*view.Payment, bool, error) { return s.engine.Capture(id, "b", &amount, "") })
		}
		s.denied("a refund", "not_refundable", func() (*view.Payment, bool, error) { return s.engine.Refund(id, engine.RefundRequest{Key: "r"}) })
		s.denied("cash for it", "not_refundable", func() (*view.Payment, bool, error) {
			return s.engine.Refund(id, engine.RefundRequest{Key: "r", Tender: pos.Cash})
		})
		if _, err := s.engine.Cancel(id); codeOf(err) != "not_cancellable" {
			t.Errorf("a cancellation: %v", err)
		}
		sold := s.pay(s.card(300))
		s.denied("a booking of a sale", "not_capturable", func() (*view.Payment, bool, error) { return s.engine.Capture(sold.Intent.Payment, "b", nil, "") })
		s.devices[0].pt.Next(zvtsim.Card{Do: zvtsim.Decline})
		declined := s.pay(s.reservation(700))
		s.status(declined, pos.Declined)
		s.resolved(id, engine.Resolve{Status: "voided", Evidence: record.ByHost, Text: "it has lapsed"})
		s.status(s.payment(id), pos.Voided)
		s.apart = true
	}, zvtsim.Options{})
}

func TestATerminalThatCannotHoldIsNotAsked(t *testing.T) {
	inShop(t, func(s *shop) {
		s.lacks = []drivers.Function{drivers.Reserving}
		s.restart()
		s.refuses(s.reservation(500), "not_supported")
		named := s.reservation(500)
		named.Device = "left"
		s.refuses(named, "not_supported")
	}, zvtsim.Options{})
}

func TestASettlementNamesTheReservationsInItsWay(t *testing.T) {
	inShop(t, func(s *shop) {
		s.pay(s.card(100))
		first, second := s.reserved(1000), s.reserved(2000)
		done := s.settle()
		part := s.part(done, "left")
		if done.OK() || part.State != record.SettlementAbandoned || len(part.Differences) != 3 {
			t.Fatalf("%+v", part)
		}
		for i, p := range []*view.Payment{first, second} {
			if d := part.Differences[i]; d.Code != "reserved" || d.Payment != p.Intent.Payment || d.Next == "" {
				t.Errorf("%+v", d)
			}
		}
		if part.Differences[2].Code != "not_settled" {
			t.Errorf("%+v", part.Differences[2])
		}
		if _, _, err := s.engine.Void(first.Intent.Payment, "free", ""); err != nil {
			t.Fatal(err)
		}
		s.status(s.ended(first.Intent.Payment), pos.Voided)
		if _, _, err := s.engine.Capture(second.Intent.Payment, "all", nil, ""); err != nil {
			t.Fatal(err)
		}
		s.status(s.ended(second.Intent.Payment), pos.Captured)
		done = s.settle()
		s.agrees(done)
		if left := s.part(done, "left"); left.Terminal.Amount != 2100 {
			t.Errorf("%+v", left.Terminal)
		}
	}, zvtsim.Options{})
}

func TestALostEndOfAReservationIsAskedFor(t *testing.T) {
	hold := deed{name: "reservation", command: "06 22"}
	for _, d := range append(endings(), hold) {
		for _, m := range lostMoments(d.command) {
			for _, kill := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, %s %s, kill %v", d.name, m.moment, m.command, kill), func(t *testing.T) {
					inShop(t, func(s *shop) { s.loseHeld(d, m.moment, m.command, kill) }, zvtsim.Options{})
				})
			}
		}
	}
}

// loseHeld breaks the wire, or kills the till, at a moment of what begins or ends a reservation.
func (s *shop) loseHeld(d deed, moment zvtsim.Moment, command string, kill bool) {
	c := s.devices[0]
	var questions []drivers.Transaction
	s.dress = func(terminal drivers.CardTerminal) drivers.CardTerminal {
		return &overheard{terminal, terminal.(drivers.Reserver), &questions}
	}
	s.restart()
	s.pay(s.card(100))
	var p *view.Payment
	if d.begin != nil {
		p = s.reserved(10000)
	}
	cut := make(chan struct{})
	c.at(moment, command, func() {
		if kill {
			_ = s.journal.Close() // power is lost at the till: nothing more is written
		}
		_ = c.wire.Close()
		close(cut)
	})
	if d.begin != nil {
		s.started(d, p, "end")
	} else {
		p = s.begin(s.reservation(10000))
	}
	<-cut
	if kill {
		s.restart()
	} else {
		_ = c.lost()
		s.until("the loss is noticed", func() bool { return s.payment(p.Intent.Payment).Status != pos.Pending })
		c.plug()
	}
	p = c.knownAgain(p.Intent.Payment)
	held, taken := pos.Minor(0), p.Taken().Amount
	for _, t := range c.pt.Memory().Held() {
		held += t.Amount
	}
	switch {
	case p.Unfinished() || p.Status.Open():
		s.t.Errorf("%s, %+v", p.Status, p.Operations)
	case c.held() != 100+taken, (p.Status == pos.Reserved) != (held == 10000):
		s.t.Errorf("the terminal took %d and holds %d, the payment is %s with %d (%+v)", c.held()-100, held, p.Status, taken, p.Operations)
	}
	asks := map[string]drivers.Transaction{"booking": drivers.BookingOf, "release": drivers.ReleaseOf, "reservation": drivers.ReservationOf}
	if len(questions) == 0 || slices.ContainsFunc(questions, func(q drivers.Transaction) bool { return q != asks[d.name] }) {
		s.t.Errorf("the terminal was asked for %v", questions)
	}
	s.status(s.pay(s.card(300)), pos.Approved)
}

// overheard is a terminal that notes what it is asked about.
type overheard struct {
	drivers.CardTerminal
	drivers.Reserver
	questions *[]drivers.Transaction
}

func (o *overheard) Recover(ctx context.Context, p drivers.Pending) (drivers.Recovery, error) {
	if *o.questions = append(*o.questions, p.What); p.Stored != nil && p.Stored.Decision != drivers.Approved {
		*o.questions = append(*o.questions, drivers.Transaction(p.Stored.Decision)) // no word of a terminal
	}
	return o.CardTerminal.Recover(ctx, p)
}

// knownAgain waits until the terminal has said what became of a payment and its operations, or cannot tell; then a supervisor looks into its list.
func (c *counter) knownAgain(id pos.PaymentID) *view.Payment {
	c.t.Helper()
	open := func() bool { p := c.payment(id); return p.Unfinished() || p.Status.Open() }
	c.until("it is known again", func() bool {
		select {
		case <-c.ended:
			c.connect()
		default:
		}
		return !open() || c.engine.Doubt(id).Stuck
	})
	if p := c.payment(id); open() {
		r := engine.Resolve{Evidence: "terminal_journal", Text: "as its list says", Status: "cancelled"}
		waits := len(c.pt.Memory().Held()) > 0
		switch {
		case p.Unfinished():
			r.Operation, r.Status = p.Operations[0].Request.Key, string(pos.OperationDone)
			if waits {
				r.Status = string(pos.OperationRefused)
			}
		case waits:
			r.Status = string(pos.Reserved)
		}
		c.resolved(id, r)
	}
	return c.payment(id)
}
