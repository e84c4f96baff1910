package platform

import (
	"testing"

	"github.com/tillproof/tillproof/pos"
	simulated "github.com/tillproof/tillproof/simulator/acquirer"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/wire"
)

// approvedOffline has a card terminal approve a payment without the issuer.
func (p *phone) approvedOffline(n int) pos.PaymentID {
	p.j.Commit(&record.Intent{Payment: paymentID(n), Order: "o", Attempt: pos.Attempt(n), Amount: pos.Minor(n), Currency: "THB", Tender: pos.Card, Mode: pos.Online})
	p.j.Commit(&record.Result{Payment: paymentID(n), Decision: record.Decision{Status: pos.ApprovedOffline, Amount: pos.Minor(n), Currency: "THB", Trace: "7"}})
	p.j.Commit(&record.Confirmed{Payment: paymentID(n)})
	return paymentID(n)
}

// capture commits the record of one more try and asks for it until it has an outcome.
func (p *phone) capture(payment pos.PaymentID, key pos.OperationKey, amount pos.Minor) wire.Outcome {
	p.t.Helper()
	op := &record.Operation{Payment: payment, Key: key, What: pos.Capture, Amount: amount, Currency: "THB", Tender: pos.Card, Mode: pos.Online}
	call := &wire.Call{Op: wire.OpCapture, Payment: payment, Intent: p.j.Commit(op)[0].Raw}
	for range 2 { // the first answer was lost
		p.ask(call)
	}
	o := p.outcome(payment, key)
	p.journal(o)
	return o
}

// status is what the ledger says of a payment.
func (s *stage) status(payment pos.PaymentID) (status pos.Status) {
	l, err := OpenLedger(s.config.Database)
	if err != nil {
		s.t.Fatal(err)
	}
	defer l.Close()
	for row, err := range l.Payments(s.t.Context()) {
		if err != nil {
			s.t.Fatal(err)
		}
		if row.Payment == payment {
			status = row.Status
		}
	}
	return status
}

func TestOfflineApprovalsAreCollectedAndTriedAgain(t *testing.T) {
	s, b, p := shop(t, nil, `"*"`, offlineCards)
	l := s.run(p.j, nil)
	b.Plan(refOf(paymentID(101)), simulated.Customer{RefuseTries: 2, LoseCaptures: 1})
	b.Plan(refOf(paymentID(102)), simulated.Customer{RefuseTries: 9})
	good, slow, never := p.approvedOffline(100), p.approvedOffline(101), p.approvedOffline(102)
	p.journal(p.told(good, pos.Captured))
	p.journal(p.told(slow, pos.ForwardDeclined))
	p.journal(p.told(never, pos.ForwardDeclined))
	s.drained(l)
	if got := s.status(good); got != pos.Captured {
		t.Error(got)
	}
	if o := p.capture(good, "once-more", 100); o.Status != pos.ForwardDeclined || o.Code != "not_capturable" {
		t.Errorf("captured already: %+v", o)
	}
	if o := p.capture(slow, "one", 101); o.Status != pos.ForwardDeclined || o.Code != "51" {
		t.Errorf("%+v", o)
	}
	if o := p.capture(slow, "two", 101); o.Status != pos.Captured || o.Amount != 101 {
		t.Errorf("%+v", o)
	}
	for _, key := range []pos.OperationKey{"one", "two", "three"} {
		p.capture(never, key, 102)
	}
	if o := p.capture(never, "four", 102); o.Code != "too_many_tries" {
		t.Errorf("%+v", o)
	}
	p.j.Commit(&record.Resolution{Payment: never, Status: pos.WrittenOff, Evidence: record.ByHost, Text: "nobody pays", Supervisor: "sue"})
	s.drained(l)
	for payment, want := range map[pos.PaymentID]pos.Status{good: pos.Captured, slow: pos.Captured, never: pos.WrittenOff} {
		if got := s.status(payment); got != want {
			t.Errorf("%s: %s, want %s", payment, got, want)
		}
	}
	for n, want := range map[int]int{100: 1, 101: 1, 102: 0} {
		if money, times := b.Captured(refOf(paymentID(n))); times != want || times > 0 && money.Amount != pos.Minor(n) {
			t.Errorf("%d: collected %s, %d times", n, money, times)
		}
	}
}

// told waits for a result of a payment that nobody has called about.
func (p *phone) told(payment pos.PaymentID, status pos.Status) (o wire.Outcome) {
	p.t.Helper()
	p.s.until("the result is there", func() bool {
		for _, o = range p.results(0) {
			if o.Payment == payment && o.Status == status {
				return true
			}
		}
		return false
	})
	return o
}

// TestWithoutAnAcquirerForThemOfflineApprovalsStayWithTheTerminal: "*" does not take them, and a call for one is refused once.
func TestWithoutAnAcquirerForThemOfflineApprovalsStayWithTheTerminal(t *testing.T) {
	s, b, p := shop(t, nil, `"*"`)
	l := s.run(p.j, nil)
	payment := p.approvedOffline(100)
	s.drained(l)
	if o := p.capture(payment, "try", 100); o.Status != pos.ForwardDeclined || o.Code != "not_supported" || o.N != 1 {
		t.Errorf("%+v", o)
	}
	if list := p.results(0); len(list) != 1 {
		t.Errorf("%d results", len(list))
	}
	if _, times := b.Captured(refOf(payment)); times > 0 {
		t.Error("collected")
	}
}
