package platform

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	simulated "github.com/tillproof/tillproof/simulator/acquirer"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/broker"
	"github.com/tillproof/tillproof/sync/broker/brokertest"
	"github.com/tillproof/tillproof/sync/calls"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/wire"
)

// journal writes a result of the platform into the till's journal, as a till does.
func (p *phone) journal(o wire.Outcome) {
	p.j.Commit(&record.PlatformResult{Payment: o.Payment, N: o.N, Operation: o.Operation,
		Decision: &record.Decision{Status: o.Status, Amount: o.Amount, Currency: o.Currency, Code: o.Code, Text: o.Text}})
}

// paid has a customer pay by code, and the till journal and send it.
func (p *phone) paid(n int, l *till) pos.PaymentID {
	p.t.Helper()
	call := p.authorise(n, "wechat", fmt.Sprint(aCode, n))
	p.j.Commit(&record.Presented{Payment: call.Payment, Scheme: "wechat", CodeHash: make([]byte, 16)})
	p.ask(call)
	p.journal(p.told(call.Payment, pos.Approved)) // a hint may be lost
	p.s.drained(l)
	return call.Payment
}

// operation commits a refund's record and returns the call that carries it.
func (p *phone) operation(payment pos.PaymentID, key pos.OperationKey, amount pos.Minor, change ...func(*record.Operation)) *wire.Call {
	op := &record.Operation{Payment: payment, Key: key, What: pos.Refund, Amount: amount, Currency: "THB", Tender: pos.Code, Mode: pos.Online}
	for _, f := range change {
		f(op)
	}
	return &wire.Call{Op: wire.OpRefund, Payment: payment, Intent: p.j.Commit(op)[0].Raw}
}

// outcome asks for an operation until it has one.
func (p *phone) outcome(payment pos.PaymentID, key pos.OperationKey) (o wire.Outcome) {
	p.t.Helper()
	p.s.until("the operation has an outcome", func() bool {
		o = *p.ask(&wire.Call{Op: wire.OpQuery, Payment: payment, Operation: key}).Outcome
		return o.N > 0
	})
	return o
}

func TestRefundsGoBackOnceAndNeverAboveWhatWasTaken(t *testing.T) {
	s, b, p := shop(t, nil, `"*"`)
	l := s.run(p.j, nil)
	payment := p.paid(100, l)
	call := p.operation(payment, "part", 30)
	if r := p.ask(call); r.Outcome.Operation != "part" || r.Stage == wire.Final && r.Outcome.Status != pos.Refunded {
		t.Fatalf("%+v", r.Outcome)
	}
	done := p.outcome(payment, "part")
	if done.Status != pos.Refunded || done.Amount != 30 || done.Currency != "THB" || done.Operation != "part" || done.N != 2 {
		t.Errorf("%+v", done)
	}
	p.hinted(2)
	for range 3 { // the answer was lost: the till calls again, before and after it has journalled the end
		if r := p.ask(call); r.Stage != wire.Final || *r.Outcome != done {
			t.Errorf("again: %+v", r.Outcome)
		}
		p.journal(done)
		s.drained(l)
	}
	if o := *p.query(payment).Outcome; o.Status != pos.Approved || o.N != 1 || o.Operation != "" {
		t.Errorf("the payment itself: %+v", o)
	}
	b.charged(t, payment, 70, 1)

	p.ask(p.operation(payment, "more", 71))
	if o := p.outcome(payment, "more"); o.Status != pos.Declined || o.Code != "refund_exceeds" || o.Amount != 0 || o.Text == "" {
		t.Errorf("%+v", o)
	}
	p.ask(p.operation(payment, "rest", 70))
	if o := p.outcome(payment, "rest"); o.Status != pos.Refunded || o.Amount != 70 {
		t.Errorf("%+v", o)
	}
	p.ask(p.operation(payment, "again", 1))
	if o := p.outcome(payment, "again"); o.Status != pos.Declined {
		t.Errorf("%+v", o)
	}
	b.charged(t, payment, 0, 1)
	if list := p.results(0); len(list) != 5 {
		t.Errorf("%d results", len(list))
	}
	if c := s.counts(); c.Forged+c.Broken+c.Failed > 0 {
		t.Errorf("%+v", c)
	}
}

// TestARecordAloneGivesNothingBack: only the call does. It may come later, and the platform says that it has not seen it.
func TestARecordAloneGivesNothingBack(t *testing.T) {
	s, b, p := shop(t, nil, `"*"`)
	l := s.run(p.j, nil)
	payment := p.paid(100, l)
	call := p.operation(payment, "part", 30)
	s.drained(l)
	if o := p.ask(&wire.Call{Op: wire.OpQuery, Payment: payment, Operation: "part"}).Outcome; o.Code != "never_received" || o.N != 0 || o.Status != pos.Cancelled {
		t.Errorf("%+v", o)
	}
	b.charged(t, payment, 100, 1)
	p.ask(p.operation(payment, "other", 71)) // the till's own operation keeps its 30
	if o := p.outcome(payment, "other"); o.Code != "refund_exceeds" {
		t.Errorf("%+v", o)
	}
	p.ask(call)
	p.outcome(payment, "part")
	b.charged(t, payment, 70, 1)
}

// TestARefundOfAPaymentThatIsNotInCustodyDecidesNothing: the records come first.
func TestARefundOfAPaymentThatIsNotInCustodyDecidesNothing(t *testing.T) {
	s, b, p := shop(t, nil, `"*"`)
	call := p.authorise(100, "wechat", aCode)
	p.j.Commit(&record.Presented{Payment: call.Payment, Scheme: "wechat", CodeHash: make([]byte, 16)})
	p.ask(call)
	p.journal(p.told(call.Payment, pos.Approved))
	refund := p.operation(call.Payment, "part", 30)
	if r := p.ask(refund); r.Outcome.Code != "never_received" || r.Outcome.N != 0 || r.Stage != wire.Final {
		t.Fatalf("%+v", r.Outcome)
	}
	b.charged(t, call.Payment, 100, 1)
	s.drained(s.run(p.j, nil))
	p.ask(refund)
	if o := p.outcome(call.Payment, "part"); o.Status != pos.Refunded {
		t.Errorf("%+v", o)
	}
	b.charged(t, call.Payment, 70, 1)
}

// TestRefundsSurviveKills: lost answers of the acquirer and a platform that is stopped and started while refunds are under way.
func TestRefundsSurviveKills(t *testing.T) {
	s, b, p := shop(t, nil, `"*"`)
	l := s.run(p.j, nil)
	const payments = 8
	for n := range payments {
		b.Plan(refOf(paymentID(100+n)), simulated.Customer{LoseRefunds: n % 3})
		p.paid(100+n, l)
	}
	for n := range payments {
		for _, key := range []pos.OperationKey{"one", "two"} {
			p.ask(p.operation(paymentID(100+n), key, 40))
		}
		if n%3 == 1 {
			s.shutdown()
			s.open()
			s.until("the platform answers", func() bool {
				_, err := p.Ask(t.Context(), &wire.Call{ID: pos.NewUUID(time.Now()), Op: wire.OpResults})
				return err == nil
			})
		}
	}
	for n := range payments {
		for _, key := range []pos.OperationKey{"one", "two"} {
			if o := p.outcome(paymentID(100+n), key); o.Status != pos.Refunded || o.Amount != 40 {
				t.Errorf("payment %d: %+v", n, o)
			}
		}
		b.charged(t, paymentID(100+n), pos.Minor(20+n), 1)
	}
	if list := p.results(0); len(list) != 3*payments {
		t.Errorf("%d results for %d payments", len(list), payments)
	}
}

// TestARefundThatWasReservedOnlyIsPursuedAtTheNextStart: the platform died between its two commits.
func TestARefundThatWasReservedOnlyIsPursuedAtTheNextStart(t *testing.T) {
	s, b, p := shop(t, nil, `"*"`)
	l := s.run(p.j, nil)
	payment := p.paid(100, l)
	s.shutdown()
	custody, err := OpenCustody(t.Context(), s.config.Database)
	if err != nil {
		t.Fatal(err)
	}
	op := &record.Operation{Payment: payment, Key: "part", What: pos.Refund, Amount: 30, Currency: "THB", Tender: pos.Code}
	row, results, err := (taskStore{custody}).reserve(t.Context(), "till-1", op, func(pos.TillID) bool { return false })
	if err != nil || row.state != pos.OperationRequested || results != nil {
		t.Fatal(row, results, err)
	}
	if err := custody.Close(); err != nil {
		t.Fatal(err)
	}
	s.open()
	s.until("the platform answers", func() bool {
		_, err := p.Ask(t.Context(), &wire.Call{ID: pos.NewUUID(time.Now()), Op: wire.OpResults})
		return err == nil
	})
	if o := p.outcome(payment, "part"); o.Status != pos.Refunded {
		t.Errorf("%+v", o)
	}
	b.charged(t, payment, 70, 1)
}

// twoTills is a shop with two tills of one merchant, whose records arrive.
func twoTills(t *testing.T) (s *stage, b *bank, one, two *phone, of map[*phone]*till) {
	t.Helper()
	b = newBank(t, `"*"`)
	j1, j2 := outboxtest.New("till-1"), outboxtest.New("till-2")
	s = newStageWith(t, brokertest.Embedded(broker.Everyone), b.lines, j1, j2)
	one, two = s.call(j1), s.call(j2)
	return s, b, one, two, map[*phone]*till{one: s.run(j1, nil), two: s.run(j2, nil)}
}

// foreign names the other till's payment in an operation.
func foreign(o *wire.Outcome) func(*record.Operation) {
	return func(op *record.Operation) {
		op.Of = &record.Foreign{Till: o.Of.Till, Order: o.Of.Order, Attempt: o.Of.Attempt, Tender: o.Of.Tender, Currency: o.Currency, Amount: o.Of.Returnable}
	}
}

func TestAnotherTillMayGiveBackWhatIsLeft(t *testing.T) {
	s, b, one, two, run := twoTills(t)
	payment := one.paid(100, run[one])
	about := func(p *phone) *wire.Outcome {
		return p.ask(&wire.Call{Op: wire.OpQuery, Payment: payment, Foreign: true}).Outcome
	}
	o := about(two)
	if o.Of == nil || *o.Of != (wire.Foreign{Till: "till-1", Order: "order-100", Attempt: 1, Tender: pos.Code, Amount: 100, Returnable: 100}) || o.Status != pos.Approved {
		t.Fatalf("%+v %+v", o, o.Of)
	}
	two.ask(two.operation(payment, "r", 60, foreign(o)))
	if done := two.outcome(payment, "r"); done.Status != pos.Refunded || done.N != 1 {
		t.Fatalf("%+v", done)
	} else {
		two.journal(done)
	}
	s.drained(run[two])
	b.charged(t, payment, 40, 1)
	if o := about(two); o.Of.Returnable != 40 {
		t.Errorf("%+v", o.Of)
	}
	one.ask(one.operation(payment, "r", 41)) // the same key at the other till is another refund
	if o := one.outcome(payment, "r"); o.Code != "refund_exceeds" {
		t.Errorf("%+v", o)
	}
	two.ask(two.operation(payment, "card", 1, foreign(about(two)), func(op *record.Operation) { op.Tender = pos.Card }))
	if o := two.outcome(payment, "card"); o.Status != pos.Declined || o.Code != "not_supported" {
		t.Errorf("%+v", o)
	}
	cash := func(op *record.Operation) { op.Tender = pos.Cash }
	stale := about(two)
	stale.Of.Returnable = 100 // as the till has heard before the other one gave something back
	if r := two.ask(two.operation(payment, "too-much", 41, foreign(stale), cash)); r.Outcome.Status != pos.Declined || r.Outcome.Code != "refund_exceeds" {
		t.Errorf("out of the drawer, where no acquirer stops it: %+v", r.Outcome)
	} else {
		two.journal(*r.Outcome)
	}
	if r := two.ask(two.operation(payment, "cash", 40, foreign(about(two)), cash)); r.Stage != wire.Final || r.Outcome.Status != pos.Refunded || r.Outcome.Amount != 40 {
		t.Errorf("%+v", r.Outcome)
	}
	b.charged(t, payment, 40, 1) // out of the drawer
	if o := about(one); o.Of.Returnable != 0 {
		t.Errorf("%+v", o.Of)
	}
	s.drained(run[two])
	ledgerReturns(t, s, "till-2", 60)
	if c := s.counts(); c.Forged+c.Broken+c.Failed+c.Held > 0 {
		t.Errorf("%+v", c)
	}
}

// ledgerReturns checks what a till has given back of other tills' payments by the ledger.
func ledgerReturns(t *testing.T, s *stage, till pos.TillID, want pos.Minor) {
	t.Helper()
	l, err := OpenLedger(s.config.Database)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var sum pos.Minor
	for r, err := range l.Returns(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Till == till && r.Of != till {
			sum += r.Money.Amount
		}
	}
	if sum != want {
		t.Errorf("%s has given back %d, not %d", till, sum, want)
	}
}

// TestAskingForAnUnknownForeignPaymentClosesNothing: its till may bring it any time.
func TestAskingForAnUnknownForeignPaymentClosesNothing(t *testing.T) {
	_, b, one, two, _ := twoTills(t)
	if o := two.ask(&wire.Call{Op: wire.OpQuery, Payment: paymentID(100), Foreign: true}).Outcome; o.N != 0 || o.Code != "never_received" || o.Of != nil {
		t.Errorf("%+v", o)
	}
	call := one.authorise(100, "wechat", aCode)
	one.ask(call)
	one.ends(call.Payment, pos.Approved)
	b.charged(t, call.Payment, 100, 1)
}

func TestRefundCallsThatAreRefusedUnanswered(t *testing.T) {
	s, b, one, two, run := twoTills(t)
	payment := one.paid(100, run[one])
	call := one.operation(payment, "r", 10)
	theirs := *call // the record of till-1 in a call of till-2
	theirs.ID = pos.NewUUID(time.Now())
	if _, err := two.Ask(t.Context(), &theirs); !errors.Is(err, calls.ErrSilent) {
		t.Error(err)
	}
	for _, change := range []func(*record.Operation){
		func(op *record.Operation) { op.What = pos.Void },
		func(op *record.Operation) { op.Amount = 0 },
		func(op *record.Operation) { op.Payment = paymentID(7) },
		func(op *record.Operation) { op.Key = "a b" },
		func(op *record.Operation) { op.Currency = "XXX" },
	} {
		bad := one.operation(payment, "bad", 10, change)
		bad.Till = "till-1"
		one.raw(bad, one.j.Signer, wire.Topic{Merchant: "shop", Till: "till-1"}, 1)
	}
	bad := *call
	bad.Till, bad.Intent = "till-1", append(slices.Clone(call.Intent), 0)
	one.raw(&bad, one.j.Signer, wire.Topic{Merchant: "shop", Till: "till-1"}, 1)
	s.until("all are refused", func() bool { c := s.counts(); return c.Broken == 6 && c.Forged == 1 })
	b.charged(t, payment, 100, 1)
}
