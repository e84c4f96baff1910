package engine_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/agent/people"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// staff are the people of a test shop: one supervisor, boss, with the PIN 2580, and a cashier, anna, with 1470.
type staff struct{}

func (staff) Verify(id pos.PersonID, pin string, need people.Role) (people.Person, error) {
	switch {
	case id == "boss" && pin == "2580":
		return people.Person{ID: id, Role: people.Supervisor}, nil
	case id == "anna" && pin == "1470" && need == people.Cashier:
		return people.Person{ID: id, Role: people.Cashier}, nil
	case id == "anna" && pin == "1470":
		return people.Person{}, pos.NewError("not_permitted", pos.Permanent, pos.NoneMoved, "A cashier may not do this.", "Ask a supervisor.")
	}
	return people.Person{}, pos.NewError("pin_wrong", pos.Permanent, pos.NoneMoved, "The PIN is wrong.", "Try again.").With("tries_left", 4)
}

// resolved lets the supervisor decide.
func (s *shop) resolved(id pos.PaymentID, r engine.Resolve) *view.Payment {
	s.t.Helper()
	r.Supervisor, r.PIN, r.Cashier = "boss", "2580", "anna"
	p, err := s.engine.Resolve(id, r)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// stuck makes a payment that the terminal cannot tell about: the customer added a tip that the till does not know of.
func (s *shop) stuck() (r engine.Request, p *view.Payment) {
	s.t.Helper()
	c := s.devices[0]
	s.pay(s.card(100))
	c.pt.Next(zvtsim.Card{Do: zvtsim.LoseResult, Tip: 50, TipUntold: true})
	r = s.card(1250)
	p = s.pay(r)
	s.status(p, pos.Unknown)
	_ = c.lost()
	c.plug()
	c.until("the terminal cannot tell", func() bool { return s.engine.Doubt(p.Intent.Payment).Stuck })
	return r, s.payment(p.Intent.Payment)
}

func TestASupervisorDecidesByEvidence(t *testing.T) {
	for _, c := range []struct {
		status pos.Status
		free   bool // the order may be tried again
	}{{pos.Approved, false}, {pos.Declined, true}, {pos.Cancelled, true}, {pos.Voided, true}} {
		t.Run(string(c.status), func(t *testing.T) {
			inShop(t, func(s *shop) {
				r, p := s.stuck()
				s.refuses(s.card(1), "device_unresolved")
				p = s.resolved(p.Intent.Payment, engine.Resolve{Status: string(c.status), Evidence: record.BySlip, Text: "slip 0002"})
				s.status(p, c.status)
				if p.Evidence != record.BySlip || c.status == pos.Approved && p.Taken() != euros(1250) {
					t.Errorf("%+v", p)
				}
				s.bothPeopleAreNamed(p)
				s.status(s.pay(s.card(5)), pos.Approved) // the device is free at once
				if next := again(r); c.free {
					next.Tender = pos.Cash
					s.status(s.begin(next), pos.Approved)
				} else {
					s.refuses(next, "order_open")
				}
				s.restart()
				s.status(s.payment(p.Intent.Payment), c.status)
				s.apart = true // what the supervisor says is not what this terminal holds
			}, zvtsim.Options{})
		})
	}
}

// bothPeopleAreNamed reads the last resolution from the journal.
func (s *shop) bothPeopleAreNamed(p *view.Payment) {
	s.t.Helper()
	list, err := s.journal.Read(p.Epoch, p.Seq, 1)
	if err != nil || len(list) != 1 {
		s.t.Fatal(err)
	}
	rec, _, err := s.journal.Codec().Decode(list[0].Raw)
	if err != nil {
		s.t.Fatal(err)
	}
	body, err := s.journal.Codec().Body(&rec)
	if b, ok := body.(*record.Resolution); err != nil || !ok || b.Supervisor != "boss" || b.Cashier != "anna" || b.Text == "" {
		s.t.Errorf("%+v, %v", body, err)
	}
}

func TestEvidenceThatIsGivenUpFreesAllAndDecidesNothing(t *testing.T) {
	inShop(t, func(s *shop) {
		c := s.devices[0]
		r, p := s.stuck()
		id := p.Intent.Payment
		p = s.resolved(id, engine.Resolve{Status: "unknown", Evidence: record.Abandoned})
		if s.status(p, pos.Unknown); !p.Unwanted || p.Evidence != record.Abandoned {
			t.Errorf("%+v", p)
		}
		s.bothPeopleAreNamed(p)
		if list, err := s.engine.Unknown(); err != nil || len(list) > 0 {
			t.Errorf("still looked for: %v, %v", list, err)
		}
		next := again(r)
		next.Tender = pos.Cash
		s.status(s.begin(next), pos.Approved)
		s.status(s.pay(s.card(1250)), pos.Approved) // the same amount: nobody may take it for the lost one
		s.restart()
		s.status(s.payment(id), pos.Unknown)
		_ = c.unplug()
		c.plug()
		if p, err := s.engine.Ask(context.Background(), id); err != nil || p.Status != pos.Unknown {
			t.Errorf("%+v, %v", p, err)
		}
		s.status(s.pay(s.card(5)), pos.Approved)
		if _, _, err := s.engine.Void(id, "v", ""); codeOf(err) != "not_refundable" {
			t.Errorf("%v", err)
		}
		p = s.resolved(id, engine.Resolve{Status: "approved", Evidence: record.BySlip, Text: "the slip was found: 13.00"})
		if s.status(p, pos.Approved); !p.Unwanted {
			t.Error("it is forgotten that nobody wants it")
		}
		if p, _, err := s.engine.Refund(id, engine.RefundRequest{Key: "b", Tender: pos.Cash}); err != nil || p.Status != pos.Refunded {
			t.Errorf("%v", err)
		}
		s.apart = true // what the supervisor says is not what this terminal holds
	}, zvtsim.Options{})
}

func TestADecisionNeedsASupervisorAndEvidence(t *testing.T) {
	inShop(t, func(s *shop) {
		_, p := s.stuck()
		good := engine.Resolve{Status: "approved", Evidence: record.BySlip, Text: "slip 0002", Supervisor: "boss", PIN: "2580"}
		for name, c := range map[string]struct {
			change func(*engine.Resolve)
			code   pos.ErrorCode
		}{
			"a wrong PIN":                   {func(r *engine.Resolve) { r.PIN = "0000" }, "pin_wrong"},
			"a cashier":                     {func(r *engine.Resolve) { r.Supervisor, r.PIN = "anna", "1470" }, "not_permitted"},
			"no text":                       {func(r *engine.Resolve) { r.Text = " " }, "request_invalid"},
			"no evidence":                   {func(r *engine.Resolve) { r.Evidence = "" }, "request_invalid"},
			"a machine's evidence":          {func(r *engine.Resolve) { r.Evidence = record.ByTerminal }, "request_invalid"},
			"a long text":                   {func(r *engine.Resolve) { r.Text = strings.Repeat("x", 501) }, "request_invalid"},
			"given up and yet approved":     {func(r *engine.Resolve) { r.Evidence = record.Abandoned }, "request_invalid"},
			"unknown by a slip":             {func(r *engine.Resolve) { r.Status = "unknown" }, "request_invalid"},
			"a state of something else":     {func(r *engine.Resolve) { r.Status = "done" }, "request_invalid"},
			"written off without a refusal": {func(r *engine.Resolve) { r.Status = "written_off" }, "request_invalid"},
			"an operation that is not":      {func(r *engine.Resolve) { r.Operation, r.Status = "x", "done" }, "not_found"},
		} {
			r := good
			c.change(&r)
			before := s.journal.Head()
			if _, err := s.engine.Resolve(p.Intent.Payment, r); codeOf(err) != c.code || pos.MoneyOf(err) != pos.NoneMoved || s.journal.Head() != before {
				t.Errorf("%s: %v, want %s", name, err, c.code)
			}
		}
		paid := s.begin(s.cash(5))
		if _, err := s.engine.Resolve(paid.Intent.Payment, good); codeOf(err) != "not_resolvable" {
			t.Errorf("an approved payment: %v", err)
		}
		s.resolved(p.Intent.Payment, engine.Resolve{Status: "approved", Evidence: record.ByHost, Text: "the acquirer has it"})
		if _, err := s.engine.Resolve(p.Intent.Payment, good); codeOf(err) != "not_resolvable" {
			t.Errorf("twice: %v", err)
		}
		s.apart = true // what the supervisor says is not what this terminal holds
	}, zvtsim.Options{})
}

// TestAnOperationIsDecidedOrGivenUp plays a refund whose terminal is gone for good.
func TestAnOperationIsDecidedOrGivenUp(t *testing.T) {
	for _, c := range []struct {
		status   string
		evidence record.Evidence
		rest     pos.Minor
	}{{"done", record.BySlip, 0}, {"refused", record.ByHost, 1250}, {"unknown", record.Abandoned, 0}} {
		t.Run(c.status, func(t *testing.T) {
			inShop(t, func(s *shop) {
				d := s.devices[0]
				p := s.pay(s.card(1250))
				id := p.Intent.Payment
				d.cutAt(zvtsim.Delivered, "04 0f")
				s.started(deeds()[1], p, "b")
				_ = d.lost()
				s.state(s.ended(id), "b", pos.OperationUnknown)
				p = s.resolved(id, engine.Resolve{Operation: "b", Status: c.status, Evidence: c.evidence, Text: "as it says"})
				if s.state(p, "b", pos.OperationState(c.status)); p.Returnable() != c.rest {
					t.Errorf("%d may still go back", p.Returnable())
				}
				if list, err := s.engine.Unknown(); err != nil || len(list) > 0 {
					t.Errorf("%v, %v", list, err)
				}
				d.plug()
				s.status(s.pay(s.card(5)), pos.Approved)
				s.apart = true // what the supervisor says is not what this terminal holds
			}, zvtsim.Options{})
		})
	}
}

// TestADeviceIsAskedAgainByItselfAndOnDemand: a terminal that may still change its mind is not believed early.
func TestADeviceIsAskedAgainByItselfAndOnDemand(t *testing.T) {
	inShop(t, func(s *shop) {
		c := s.devices[0]
		s.pay(s.card(100))
		c.cutAt(zvtsim.Sending, "06 0f") // the sale stands, and only the terminal knows
		p := s.pay(s.card(1250))
		id := p.Intent.Payment
		s.status(p, pos.Unknown)
		if _, err := s.engine.Ask(context.Background(), id); codeOf(err) != "device_unavailable" || pos.MoneyOf(err) != pos.MoneyUnknown {
			t.Errorf("asked without a wire: %v", err)
		}
		_ = c.lost()
		c.plug()
		d := s.engine.Doubt(id)
		if d.Again <= 0 || d.AgainAt == 0 || d.Stuck || d.Answer == "" {
			t.Fatalf("%+v", d)
		}
		s.refuses(s.card(1), "device_unresolved")
		if p, err := s.engine.Ask(context.Background(), id); err != nil || p.Status != pos.Unknown {
			t.Errorf("asked too early: %+v, %v", p, err)
		}
		began := time.Now()
		p = s.settled(id)
		if s.status(p, pos.Approved); time.Since(began) > 2*time.Minute {
			t.Errorf("after %s", time.Since(began))
		}
		if s.engine.Doubt(id) != (engine.Doubt{}) {
			t.Errorf("%+v", s.engine.Doubt(id))
		}
		if p, err := s.engine.Ask(context.Background(), id); err != nil || p.Status != pos.Approved {
			t.Errorf("asked about what is known: %v", err)
		}
	}, zvtsim.Options{})
}

func TestAStuckDeviceCanBeAskedOnceMore(t *testing.T) {
	inShop(t, func(s *shop) {
		_, p := s.stuck()
		for range 3 {
			if p, err := s.engine.Ask(context.Background(), p.Intent.Payment); err != nil || p.Status != pos.Unknown || !s.engine.Doubt(p.Intent.Payment).Stuck {
				t.Errorf("%+v, %v", p, err)
			}
		}
		s.refuses(s.card(1), "device_unresolved")
		if _, err := s.engine.Ask(context.Background(), pos.NewPaymentID(time.Now())); codeOf(err) != "not_found" {
			t.Errorf("%v", err)
		}
		s.apart = true // it holds a tip that the till does not know of
	}, zvtsim.Options{})
}
