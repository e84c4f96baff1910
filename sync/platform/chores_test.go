package platform

import (
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	simulated "github.com/tillproof/tillproof/simulator/acquirer"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/work"
	"github.com/tillproof/tillproof/sync/wire"
)

// workOf opens the list of work beside the platform that runs, as a command does.
func (s *stage) workOf(t *testing.T) *work.Work {
	t.Helper()
	db, err := database.Open(t.Context(), s.config.Database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	w, err := work.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// item waits until the one item of a payment is in a state.
func (s *stage) item(w *work.Work, payment pos.PaymentID, state work.State) (i work.Item) {
	s.t.Helper()
	s.until("the item is "+string(state), func() bool {
		list, _, err := w.List(s.t.Context(), work.Filter{Payment: payment})
		if err != nil || len(list) > 1 {
			s.t.Fatalf("%+v %v", list, err)
		}
		if len(list) == 1 {
			i = list[0]
		}
		return i.State == state
	})
	return i
}

func TestARefusedOfflineApprovalIsSomebodysWork(t *testing.T) {
	s, b, p := shop(t, nil, `"*"`, offlineCards)
	l := s.run(p.j, nil)
	for n, refuse := range map[int]int{101: 1, 102: 1, 103: 9, 104: 9} {
		b.Plan(refOf(paymentID(n)), simulated.Customer{RefuseTries: refuse, LoseCaptures: 1})
	}
	office, both, lost, alone := p.approvedOffline(101), p.approvedOffline(102), p.approvedOffline(103), p.approvedOffline(104)
	w := s.workOf(t)
	for _, payment := range []pos.PaymentID{office, both, lost, alone} {
		o := p.told(payment, pos.ForwardDeclined)
		p.journal(o)
		i := s.item(w, payment, work.Todo)
		if o.TriesLeft != 3 || o.Deadline <= time.Now().UnixMilli() || i.Deadline != o.Deadline || i.Tries != 1 || i.TriesAllowed != 4 || i.Reason != "51" ||
			i.Merchant != "shop" || i.Till != "till-1" || i.Money.Currency != "THB" {
			t.Errorf("%+v %+v", o, i)
		}
	}

	if _, err := w.Retry(t.Context(), s.item(w, office, work.Todo).ID, "ann"); err != nil {
		t.Fatal(err)
	}
	if o := p.told(office, pos.Captured); o.Operation != "" || o.Amount != 101 {
		t.Errorf("%+v", o)
	}
	if i := s.item(w, office, work.Done); i.Outcome != work.Collected {
		t.Errorf("%+v", i)
	}

	if _, err := w.Retry(t.Context(), s.item(w, both, work.Todo).ID, "ann"); err != nil {
		t.Fatal(err)
	}
	if o := p.capture(both, "mine", 102); o.Status != pos.Captured && o.Code != "not_capturable" {
		t.Errorf("%+v", o)
	}
	s.item(w, both, work.Done)

	p.capture(lost, "one", 103)
	if i := s.item(w, lost, work.Todo); i.Tries != 2 || i.TriesAllowed != 4 {
		t.Errorf("%+v", i)
	}
	if _, err := w.Resolve(t.Context(), s.item(w, lost, work.Todo).ID, work.PaidOtherwise, "The customer paid in cash.", "ann"); err != nil {
		t.Fatal(err)
	}
	o := p.told(lost, pos.WrittenOff)
	if !strings.Contains(o.Text, "ann") || !strings.Contains(o.Text, "in cash") {
		t.Errorf("%+v", o)
	}
	p.journal(o)
	if o := p.capture(alone, "again", 104); o.Status != pos.ForwardDeclined || o.TriesLeft != 2 {
		t.Errorf("%+v", o)
	}
	p.j.Commit(&record.Resolution{Payment: alone, Status: pos.WrittenOff, Evidence: record.ByHost, Text: "nobody pays", Supervisor: "sue"})
	if i := s.item(w, alone, work.GivenUp); i.Outcome != work.WrittenOff || i.By != "till" {
		t.Errorf("%+v", i)
	}
	s.drained(l)
	if got := s.status(lost); got != pos.WrittenOff {
		t.Error(got)
	}
	for n, want := range map[int]int{101: 1, 102: 1, 103: 0, 104: 0} {
		if _, times := b.Captured(refOf(paymentID(n))); times != want {
			t.Errorf("%d: collected %d times", n, times)
		}
	}
}

func TestARefundThatTheAcquirerRefusesIsSomebodysWork(t *testing.T) {
	s, b, p := shop(t, nil, `"*"`)
	l := s.run(p.j, nil)
	call := p.authorise(100, "wechat", aCode)
	b.Plan(refOf(call.Payment), simulated.Customer{RefuseRefunds: 1})
	p.ask(call)
	p.journal(p.told(call.Payment, pos.Approved))
	s.drained(l)
	refund := func(key pos.OperationKey, amount pos.Minor) wire.Outcome {
		op := &record.Operation{Payment: call.Payment, Key: key, What: pos.Refund, Amount: amount, Currency: "THB", Tender: pos.Code, Mode: pos.Online}
		p.ask(&wire.Call{Op: wire.OpRefund, Payment: call.Payment, Intent: p.j.Commit(op)[0].Raw})
		o := p.outcome(call.Payment, key)
		p.journal(o)
		return o
	}
	w := s.workOf(t)
	if o := refund("one", 30); o.Status != pos.Declined || o.Code != "NOTENOUGH" {
		t.Errorf("%+v", o)
	}
	if i := s.item(w, call.Payment, work.Todo); i.Kind != work.RefundFailed || i.Ref != "till-1/one" || i.Money.Amount != 30 || i.Reason != "NOTENOUGH" {
		t.Errorf("%+v", i)
	}
	if o := refund("two", 30); o.Status != pos.Refunded {
		t.Errorf("%+v", o)
	}
	i := s.item(w, call.Payment, work.Todo)
	if _, err := w.Retry(t.Context(), i.ID, "ann"); err == nil {
		t.Error("a refund is tried again by the till that owes it, not here")
	}
	if i, err := w.Resolve(t.Context(), i.ID, work.GivenBack, "Given back by the second refund.", "ann"); err != nil || i.State != work.Done {
		t.Errorf("%+v %v", i, err)
	}
}
