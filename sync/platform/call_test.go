package platform

import (
	"errors"
	"fmt"
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

const aCode = "134567890123456789"

// TestEveryCall goes through the operations over both brokers.
func TestEveryCall(t *testing.T) {
	brokers(t, func(t *testing.T, start brokertest.Start) {
		_, b, p := shop(t, start, `"*"`)

		b.Plan(refOf(paymentID(100)), simulated.Customer{After: 300 * time.Millisecond})
		r := p.ask(p.authorise(100, "alipay", aCode))
		if r.Stage != wire.Accepted || r.Outcome.Status != pos.Pending || r.Outcome.ExpiresAt <= time.Now().UnixMilli() || r.Outcome.N != 0 {
			t.Fatalf("%+v %+v", r, r.Outcome)
		}
		if o := p.hears(paymentID(100), pos.Approved); o.N != 1 || o.Amount != 100 || o.Currency != "THB" || o.Transaction == "" || o.Scheme != "alipay" {
			t.Errorf("%+v", o)
		}
		p.hinted(1)
		if r := p.query(paymentID(100)); r.Stage != wire.Final || r.Outcome.Status != pos.Approved || r.Outcome.N != 1 {
			t.Errorf("%+v", r.Outcome)
		}

		b.Plan(refOf(paymentID(101)), simulated.Customer{Declines: true})
		p.ask(p.authorise(101, "alipay", aCode+"1"))
		p.ends(paymentID(101), pos.Declined)

		payment, intent := p.buy(102, pos.QR, "promptpay")
		b.Plan(refOf(payment), simulated.Customer{Never: true})
		issue := &wire.Call{Op: wire.OpIssueQR, Payment: payment, Intent: intent, DeadlineMS: 60_000}
		if r := p.ask(issue); r.Outcome.Status != pos.Pending {
			t.Fatalf("%+v", r.Outcome)
		}
		p.s.until("the QR is issued", func() bool { return p.query(payment).Outcome.QR != "" })
		if r := p.ask(issue); r.Stage != wire.Final || r.Outcome.QR == "" || r.Outcome.N != 3 || r.Outcome.ExpiresAt == 0 || r.Outcome.Amount != 0 {
			t.Errorf("%+v", r.Outcome)
		}
		if err := b.Pay(refOf(payment), true, 0); err != nil {
			t.Fatal(err)
		}
		p.told(payment, pos.Approved)
		p.ends(payment, pos.Pending, pos.Approved)

		payment, intent = p.buy(103, pos.QR, "promptpay")
		b.Plan(refOf(payment), simulated.Customer{Never: true})
		p.ask(&wire.Call{Op: wire.OpIssueQR, Payment: payment, Intent: intent})
		p.s.until("the QR is issued", func() bool { return p.query(payment).Outcome.QR != "" })
		if r := p.ask(&wire.Call{Op: wire.OpCancel, Payment: payment}); r.Outcome.Payment != payment {
			t.Errorf("%+v", r.Outcome)
		}
		p.ends(payment, pos.Pending, pos.Cancelled)
		b.charged(t, payment, 0, 0)
		if totals, err := b.Totals(); err != nil || totals[pos.Code]["THB"].Amount != 100 || totals[pos.QR]["THB"].Amount != 102 {
			t.Errorf("%v %v", totals, err)
		}
	})
}

func TestALostAnswerIsFoundByAsking(t *testing.T) {
	s, b, p := shop(t, nil, `"*"`)
	p.deaf.Store(true)
	call := p.authorise(100, "wechat", aCode)
	call.ID = pos.NewUUID(time.Now())
	if _, err := p.Ask(t.Context(), call); !errors.Is(err, calls.ErrSilent) {
		t.Fatal(err)
	}
	p.deaf.Store(false)
	s.until("the end is known", func() bool { r := p.query(call.Payment); return r.Outcome.Status == pos.Approved && r.Outcome.N == 1 })
	p.ends(call.Payment, pos.Approved)
	b.charged(t, call.Payment, 100, 1)
}

func TestTheSameCallTwiceChargesOnce(t *testing.T) {
	s, b, p := shop(t, nil, `"*"`)
	call := p.authorise(100, "wechat", aCode)
	call.ID, call.Till = pos.NewUUID(time.Now()), "till-1"
	p.raw(call, p.j.Signer, wire.Topic{Merchant: "shop", Till: "till-1"}, 5)
	s.until("all are answered", func() bool { return s.counts().Calls == 5 })
	p.ends(call.Payment, pos.Approved)
	again := *call
	r := p.ask(&again) // another id
	if r.Stage != wire.Final || r.Outcome.Status != pos.Approved || r.Outcome.N != 1 {
		t.Errorf("%+v", r.Outcome)
	}
	other := *call
	other.Scheme, other.Code = "alipay", "281234567890123456"
	if r := p.ask(&other); r.Outcome.N != 1 || r.Outcome.Scheme != "wechat" {
		t.Errorf("another scheme: %+v", r.Outcome)
	}
	p.ends(call.Payment, pos.Approved)
	b.charged(t, call.Payment, 100, 1)
}

func TestAPaymentThatNeverCameIsClosedForGood(t *testing.T) {
	s, b, p := shop(t, nil, `"*"`)
	for n, op := range map[int]wire.Op{100: wire.OpQuery, 101: wire.OpCancel} {
		call := p.authorise(n, "wechat", fmt.Sprint(aCode, n))
		r := p.ask(&wire.Call{Op: op, Payment: call.Payment})
		if r.Stage != wire.Final || r.Outcome.Status != pos.Cancelled || r.Outcome.N == 0 || r.Outcome.Code == "" || r.Outcome.Text == "" {
			t.Errorf("%s: %+v", op, r.Outcome)
		}
		if late := p.ask(call); late.Stage != wire.Final || *late.Outcome != *r.Outcome {
			t.Errorf("the late call: %+v, not %+v", late.Outcome, r.Outcome)
		}
		if again := p.query(call.Payment); *again.Outcome != *r.Outcome {
			t.Errorf("asked again: %+v", again.Outcome)
		}
		p.ends(call.Payment, pos.Cancelled)
	}
	if n := len(b.Accounts()); n > 0 {
		t.Errorf("the bank has heard of %d", n)
	}
	if c := s.counts(); c.Forged+c.Broken+c.Failed > 0 {
		t.Errorf("%+v", c)
	}
}

func TestWithoutAnAcquirerACallIsDeclinedForGood(t *testing.T) {
	_, b, p := shop(t, nil, "alipay")
	call := p.authorise(100, "wechat", aCode)
	r := p.ask(call)
	if r.Stage != wire.Final || r.Outcome.Status != pos.Declined || r.Outcome.Code != "not_supported" || r.Outcome.N != 1 || r.Outcome.Amount != 0 {
		t.Fatalf("%+v", r.Outcome)
	}
	if again := p.ask(call); *again.Outcome != *r.Outcome {
		t.Errorf("%+v", again.Outcome)
	}
	p.hinted(1)
	p.ends(call.Payment, pos.Declined)
	if len(b.Accounts()) > 0 {
		t.Error("the bank has heard of it")
	}
}

// TestKilledBetweenAcceptedAndFinal stops the platform while the customer decides, and starts it on the same database.
func TestKilledBetweenAcceptedAndFinal(t *testing.T) {
	s, b, p := shop(t, nil, `"*"`)
	payments := map[int]pos.PaymentID{}
	for n := 100; n < 105; n++ {
		payments[n] = paymentID(n)
		b.Plan(refOf(paymentID(n)), simulated.Customer{After: 400 * time.Millisecond, LoseAnswers: n % 2})
		if r := p.ask(p.authorise(n, "alipay", fmt.Sprint(aCode, n))); r.Stage != wire.Accepted {
			t.Fatalf("%+v", r.Outcome)
		}
	}
	s.shutdown()
	s.open()
	s.until("the platform answers", func() bool {
		_, err := p.Ask(t.Context(), &wire.Call{ID: pos.NewUUID(time.Now()), Op: wire.OpResults})
		return err == nil
	})
	for n, payment := range payments {
		var last wire.Outcome
		s.until("the payment has ended", func() bool { last = *p.query(payment).Outcome; return last.Status != pos.Pending })
		p.ends(payment, last.Status)
		account, _ := b.Account(refOf(payment))
		switch { // what had not left when it was killed never leaves
		case last.Status == pos.Approved && account.Net.Amount == pos.Minor(n) && account.Charges == 1:
		case last.Status == pos.Cancelled && account.Net.Amount == 0:
		default:
			t.Errorf("%s, and the bank holds %d after %d charges", last.Status, account.Net.Amount, account.Charges)
		}
	}
}

func TestForgedCallsAreNotAnswered(t *testing.T) {
	b := newBank(t, `"*"`)
	one, two, stranger := outboxtest.New("till-1"), outboxtest.New("till-2"), outboxtest.New("till-9")
	s := newStageWith(t, brokertest.Embedded(broker.Everyone), b.lines, one, two)
	p, other := s.call(one), s.call(two)
	call := p.authorise(100, "wechat", aCode)
	call.Till = "till-1"
	on := func(till pos.TillID) wire.Topic { return wire.Topic{Merchant: "shop", Till: till} }
	p.raw(call, two.Signer, on("till-1"), 1)      // another till's key
	p.raw(call, one.Signer, on("till-2"), 1)      // under another till's name
	p.raw(call, stranger.Signer, on("till-9"), 1) // nobody
	theirs := *call                               // a call of till-2 with the intent of till-1
	theirs.Till = "till-2"                        //
	p.raw(&theirs, two.Signer, on("till-2"), 1)   //
	posing := *call                               // the key of till-2 and its topic, the name of till-1
	p.raw(&posing, two.Signer, on("till-2"), 1)   //
	s.until("five are forged", func() bool { return s.counts().Forged == 5 })

	for _, change := range []func(c *wire.Call){
		func(c *wire.Call) { c.Intent = nil },
		func(c *wire.Call) { c.Intent = append(append([]byte(nil), c.Intent...), 0) },
		func(c *wire.Call) { c.Payment = paymentID(7) },
		func(c *wire.Call) { c.Op = wire.OpIssueQR },
		func(c *wire.Call) { c.Code = "" },
		func(c *wire.Call) { c.Intent = p.j.Commit(&record.Boot{Reason: record.Started})[0].Raw },
	} {
		bad := *call
		change(&bad)
		p.raw(&bad, one.Signer, on("till-1"), 1)
	}
	s.until("six are broken", func() bool { return s.counts().Broken == 6 })
	if len(b.Accounts()) > 0 || s.counts().Calls > 0 {
		t.Fatal("something was carried out")
	}

	p.ask(call)
	p.ends(call.Payment, pos.Approved)
	for _, op := range []wire.Op{wire.OpQuery, wire.OpCancel, wire.OpAuthorise} {
		if _, err := other.Ask(t.Context(), &wire.Call{ID: pos.NewUUID(time.Now()), Op: op, Payment: call.Payment, Unwanted: true}); !errors.Is(err, calls.ErrSilent) {
			t.Errorf("%s of another till's payment was answered: %v", op, err)
		}
	}
	p.ends(call.Payment, pos.Approved)
	b.charged(t, call.Payment, 100, 1)

	cash := paymentID(101) // only its till's records tell of it
	one.Commit(&record.Intent{Payment: cash, Order: "o101", Attempt: 1, Amount: 5, Currency: "THB", Tender: pos.Cash, Mode: pos.Online})
	deliver(s, one)
	before := s.counts().Forged
	for _, op := range []wire.Op{wire.OpQuery, wire.OpCancel} {
		p.raw(&wire.Call{Till: "till-2", Op: op, Payment: cash}, two.Signer, on("till-2"), 1)
	}
	s.until("a payment in another till's records is closed for nobody", func() bool { return s.counts().Forged == before+2 })
	if r := p.query(cash); r.Outcome.Payment != cash {
		t.Errorf("%+v", r.Outcome)
	}
}

// deliver runs a till until all its records are acknowledged.
func deliver(s *stage, j *outboxtest.Journal) {
	l := s.run(j, nil)
	s.drained(l)
	l.stop()
}

func TestAnUnwantedPaymentIsGivenBack(t *testing.T) {
	_, b, p := shop(t, nil, `"*"`)
	call := p.authorise(100, "wechat", aCode)
	p.ask(call)
	p.ends(call.Payment, pos.Approved)
	p.ask(&wire.Call{Op: wire.OpCancel, Payment: call.Payment})
	b.charged(t, call.Payment, 100, 1)
	p.ask(&wire.Call{Op: wire.OpCancel, Payment: call.Payment, Unwanted: true})
	p.ends(call.Payment, pos.Approved, pos.Refunded)
	b.charged(t, call.Payment, 0, 1)
}
