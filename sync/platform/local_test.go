package platform

import (
	"reflect"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/wallet"
	"github.com/tillproof/tillproof/sync/wire"
)

// show commits a QR that the till made: its intent and what was presented.
func show(j *outboxtest.Journal, n int, reference string, ends time.Time) pos.PaymentID {
	j.Commit(&record.Intent{Payment: paymentID(n), Order: "qr", Attempt: pos.Attempt(n), Amount: pos.Minor(n), Currency: "THB", Tender: pos.QR,
		Mode: pos.Offline, Scheme: "promptpay", Source: record.FromTill},
		&record.Presented{Payment: paymentID(n), Scheme: "promptpay", QR: "000201...", Reference: reference, ExpiresAt: ends.UnixMilli()})
	return paymentID(n)
}

func unwanted(j *outboxtest.Journal, payment pos.PaymentID) {
	j.Commit(&record.Resolution{Payment: payment, Status: pos.Unknown, Evidence: record.ByCashier, Unwanted: true, Reason: "unwanted", Text: "given up"})
}

// TestAQRMadeByTheTillIsWatchedFromItsCustodyOn: the records come by the intake, the money through the bank.
func TestAQRMadeByTheTillIsWatchedFromItsCustodyOn(t *testing.T) {
	s, b, p := shop(t, nil, `"*"`)
	l := s.run(p.j, nil)
	pays := func(reference string, amount pos.Minor) {
		t.Helper()
		if err := b.PayLocal(reference, pos.Money{Amount: amount, Currency: "THB"}); err != nil {
			t.Fatal(err)
		}
	}
	later := time.Now().Add(time.Hour)

	paid := show(p.j, 100, "AAAA00000100", later)
	s.drained(l)
	pays("AAAA00000100", 100)
	p.ends(paid, pos.Approved)

	early := show(p.j, 101, "AAAA00000101", later) // the money is there before the platform hears of the QR
	pays("AAAA00000101", 101)
	s.drained(l)
	p.ends(early, pos.Approved)

	over := show(p.j, 102, "AAAA00000102", time.Now().Add(-time.Minute)) // the till was offline for longer than it lasted
	s.drained(l)
	p.ends(over, pos.Expired)
	pays("AAAA00000102", 102)
	p.ends(over, pos.Expired, pos.RefundDue, pos.Refunded)

	dropped := show(p.j, 103, "AAAA00000103", later)
	unwanted(p.j, dropped)
	s.drained(l)
	p.ends(dropped, pos.Cancelled)
	if r := p.query(dropped); r.Outcome.Status != pos.Cancelled || r.Outcome.Code != "cancelled_by_cashier" {
		t.Errorf("%+v", r.Outcome)
	}

	regretted := show(p.j, 104, "AAAA00000104", later)
	s.drained(l)
	pays("AAAA00000104", 104)
	p.ends(regretted, pos.Approved)
	unwanted(p.j, regretted)
	s.drained(l)
	p.ends(regretted, pos.Approved, pos.Refunded)

	for n, net := range map[int]pos.Minor{100: 100, 101: 101, 102: 0, 103: 0, 104: 0} {
		if account, _ := b.Account(refOf(paymentID(n))); account.Net.Amount != net {
			t.Errorf("payment %d: the bank holds %d", n, account.Net.Amount)
		}
	}
}

// TestWhatTheIntakeLeavesSurvivesAKill: the records were acknowledged, and the platform is killed before the wallet hears of them.
func TestWhatTheIntakeLeavesSurvivesAKill(t *testing.T) {
	j := outboxtest.New("till-1")
	b := newBench(t, j)
	b.custody.route = func(string) string { return "bank" }
	payment := show(j, 100, "AAAA00000100", time.Now().Add(time.Hour))
	b.send(j, 1, 2)
	unwanted(j, payment)
	expect(t, "the resolution", b.send(j, 1, 3), wire.AckOK, 3)
	if len(b.custody.stirred) != 1 {
		t.Error("the wallet is not woken")
	}
	b.restart()
	s := taskStore{b.custody}
	want := wallet.Task{Payment: payment, Till: "till-1", Order: "qr", Kind: wallet.Local, Scheme: "promptpay", Reference: "AAAA00000100",
		Amount: pos.Money{Amount: 100, Currency: "THB"}, Stage: wallet.Accepted, Status: pos.Pending}
	task, found, err := s.Task(t.Context(), payment)
	want.Expires, want.Began, want.Next, want.Seen = task.Expires, task.Began, task.Next, task.Seen
	if err != nil || !found || !reflect.DeepEqual(task, want) || task.Next == 0 || task.Expires < clock() {
		t.Errorf("%+v %v %v", task, found, err)
	}
	wished, err := s.wished(t.Context())
	if err != nil || len(wished) != 1 || wished[0] != payment {
		t.Fatalf("%v %v", wished, err)
	}
	if err := s.granted(t.Context(), payment); err != nil {
		t.Fatal(err)
	}
	b.send(j, 1, 3) // again: nothing is begun or wished twice
	if wished, err := s.wished(t.Context()); err != nil || len(wished) != 0 {
		t.Errorf("%v %v", wished, err)
	}
	if again, _, err := s.Task(t.Context(), payment); err != nil || !reflect.DeepEqual(again, task) {
		t.Errorf("%+v %v", again, err)
	}
}

// TestALosingBranchBeginsNothing, nor does a QR that nobody could recognise or that no acquirer reports.
func TestALosingBranchBeginsNothing(t *testing.T) {
	j := outboxtest.New("till-1")
	sale(j, 1)
	clone := j.Clone()
	sale(j, 2)
	show(clone, 100, "AAAA00000100", time.Now().Add(time.Hour))
	b := newBench(t, j)
	b.custody.route = func(scheme string) string { return map[string]string{"promptpay": "bank"}[scheme] }
	b.send(j, 1, 6)
	expect(t, "the clone", b.send(clone, 1, 5), wire.AckFork, 6)
	show(j, 101, "", time.Now().Add(time.Hour))
	show(j, 102, "AAAA00000102", time.UnixMilli(0))
	j.Commit(&record.Intent{Payment: paymentID(103), Order: "x", Attempt: 1, Amount: 5, Currency: "EUR", Tender: pos.QR, Mode: pos.Offline, Scheme: "epc", Source: record.FromTill},
		&record.Presented{Payment: paymentID(103), Scheme: "epc", QR: "BCD", Reference: "R", ExpiresAt: clock() + 1000})
	j.Commit(&record.Intent{Payment: paymentID(104), Order: "x", Attempt: 2, Amount: 5, Currency: "EUR", Tender: pos.Code, Mode: pos.Online},
		&record.Presented{Payment: paymentID(104), Scheme: "promptpay", CodeHash: make([]byte, 16), Reference: "R", ExpiresAt: clock() + 1000})
	b.send(j, 7, 14)
	if due, err := (taskStore{b.custody}).Due(t.Context(), 10); err != nil || len(due) != 0 || len(b.custody.stirred) != 0 {
		t.Errorf("%v %v", due, err)
	}
}

// TestAQRThatNobodyReportsIsNotCalledClosed unless the cashier gives it up.
func TestAQRThatNobodyReportsIsNotCalledClosed(t *testing.T) {
	s, _, p := shop(t, nil, "wechat")
	l := s.run(p.j, nil)
	payment := show(p.j, 100, "AAAA00000100", time.Now().Add(time.Hour))
	s.drained(l)
	if r := p.query(payment); r.Stage != wire.Accepted || r.Outcome.Status != pos.Pending || r.Outcome.N != 0 || r.Outcome.Text == "" {
		t.Errorf("%+v", r.Outcome)
	}
	p.ask(&wire.Call{Op: wire.OpCancel, Payment: payment})
	p.ends(payment, pos.Cancelled)
}

// TestALateCallOfAPaymentThatItsJournalGaveUpIsClosed: the records were faster than the call.
func TestALateCallOfAPaymentThatItsJournalGaveUpIsClosed(t *testing.T) {
	s, b, p := shop(t, nil, `"*"`)
	l := s.run(p.j, nil)
	call := p.authorise(100, "wechat", aCode)
	unwanted(p.j, call.Payment)
	s.drained(l)
	if r := p.ask(call); r.Stage != wire.Final || r.Outcome.Status != pos.Cancelled {
		t.Errorf("%+v", r.Outcome)
	}
	if len(b.Accounts()) > 0 {
		t.Error("the bank has heard of it")
	}
}
