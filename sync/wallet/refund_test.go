package wallet_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/pos"
	bank "github.com/tillproof/tillproof/simulator/acquirer"
	"github.com/tillproof/tillproof/sync/wallet"
)

// sold is a payment of 10.00 by code that is approved, with a loop that runs beside it.
type sold struct {
	t     *testing.T
	bank  *bank.Acquirer
	store *memory
	loop  *wallet.Loop
	task  wallet.Task
}

// refunding runs a test in a bubble, on a payment that the given customer has made.
func refunding(t *testing.T, customer bank.Customer, test func(*sold)) {
	synctest.Test(t, func(t *testing.T) {
		s := &sold{t: t, bank: bank.New(), store: newMemory(), task: wallet.Task{Payment: pos.NewPaymentID(time.Now()), Till: "till-1", Merchant: "shop",
			Order: "O-1", Kind: wallet.Code, Scheme: "wechat", Amount: euros(1000)}}
		s.bank.Plan(s.task.Ref(), customer)
		s.loop = wallet.New(s.bank, &handle{memory: s.store}, wallet.Options{})
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error)
		go func() { ended <- s.loop.Run(ctx) }()
		defer func() { cancel(); <-ended }()
		if err := s.loop.Begin(ctx, s.task, "131234567890123456"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		test(s)
	})
}

func (s *sold) refund(key pos.OperationKey, amount pos.Minor) error {
	return s.loop.Refund(context.Background(), s.task.Payment, wallet.Refund{Key: key, Till: "till-1", Amount: amount})
}

// ends lets everything end and compares what was told of the refunds, the payment's status and what the acquirer holds.
func (s *sold) ends(status pos.Status, holds pos.Minor, told ...string) {
	s.t.Helper()
	time.Sleep(10 * time.Minute)
	var got []string
	results, err := s.store.Results(context.Background(), s.task.Payment)
	s.must(err)
	for _, r := range results {
		if r.Operation != "" {
			got = append(got, fmt.Sprintf("%s %s %d %s", r.Operation, r.Status, r.Amount.Amount, r.Code))
		}
	}
	task, _, err := s.store.Task(context.Background(), s.task.Payment)
	account, _ := s.bank.Account(s.task.Ref())
	if err != nil || task.Stage != wallet.Done || task.Status != status || account.Net.Amount != holds || fmt.Sprint(got) != fmt.Sprint(told) {
		s.t.Errorf("%v, %s in %s, the acquirer holds %d, told %q", err, task.Status, task.Stage, account.Net.Amount, got)
	}
}

func (s *sold) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func TestOpenRefundsCountBeforeTheAcquirerHasThem(t *testing.T) {
	refunding(t, bank.Customer{LoseRefunds: 3}, func(s *sold) {
		s.must(s.refund("a", 600))
		s.must(s.refund("b", 600)) // the first is under way: no luck that the acquirer would refuse it
		task, _, _ := s.store.Task(context.Background(), s.task.Payment)
		if len(task.Refunds) != 2 || task.Refunds[0].State != pos.OperationRequested || task.Refunds[1].State != pos.OperationRefused {
			t.Errorf("%+v", task.Refunds)
		}
		s.must(s.refund("c", 400))
		s.ends(pos.Refunded, 0, "b declined 0 refund_exceeds", "a refunded 600 refunded", "c refunded 400 refunded")
	})
}

func TestAPaymentGivenUpWhileItIsRefundedGoesBackWhole(t *testing.T) {
	refunding(t, bank.Customer{LoseRefunds: 2}, func(s *sold) {
		s.must(s.refund("a", 300))
		synctest.Wait()
		s.must(s.loop.Cancel(context.Background(), s.task.Payment, true))
		s.must(s.refund("late", 100))
		s.ends(pos.Refunded, 0, "late declined 0 not_refundable", "a refunded 300 refunded")
	})
	refunding(t, bank.Customer{}, func(s *sold) {
		s.must(s.refund("a", 300))
		time.Sleep(time.Minute)
		s.must(s.loop.Cancel(context.Background(), s.task.Payment, true))
		s.ends(pos.Refunded, 0, "a refunded 300 refunded")
	})
}

func TestTheAcquirersRefusalEndsARefund(t *testing.T) {
	refunding(t, bank.Customer{}, func(s *sold) {
		if _, err := s.bank.Refund(context.Background(), s.task.Ref(), "by hand", euros(700)); err != nil { // somebody was at the acquirer's own desk
			t.Fatal(err)
		}
		s.must(s.refund("a", 400))
		s.must(s.refund("b", 300))
		s.ends(pos.PartlyRefunded, 0, "a declined 0 REFUND_REFUSED", "b refunded 300 refunded")
	})
}

func TestTheSameRefundIsAskedForOnce(t *testing.T) {
	refunding(t, bank.Customer{LoseRefunds: 1}, func(s *sold) {
		for range 3 {
			s.must(s.refund("a", 250))
		}
		if err := s.refund("a", 251); !errors.Is(err, wallet.ErrConflict) {
			t.Error(err)
		}
		if err := s.refund("", 1); !errors.Is(err, wallet.ErrInvalid) {
			t.Error(err)
		}
		if err := s.refund("z", 0); !errors.Is(err, wallet.ErrInvalid) {
			t.Error(err)
		}
		unknown := pos.NewPaymentID(time.Now())
		if err := s.loop.Refund(context.Background(), unknown, wallet.Refund{Key: "a", Till: "till-1", Amount: 1}); !errors.Is(err, wallet.ErrNoTask) {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		s.must(s.refund("a", 250)) // done long ago: a retry is a success
		s.ends(pos.PartlyRefunded, 750, "a refunded 250 refunded")
	})
}

func TestNothingIsRefundedOfAPaymentThatTookNothing(t *testing.T) {
	refunding(t, bank.Customer{Declines: true}, func(s *sold) {
		s.must(s.refund("a", 10))
		time.Sleep(25 * time.Hour)
		s.ends(pos.Declined, 0, "a declined 0 not_refundable")
	})
	refunding(t, bank.Customer{Never: true}, func(s *sold) { // it may still be paid
		s.must(s.refund("a", 10))
		time.Sleep(25 * time.Hour)
		s.ends(pos.Cancelled, 0, "a declined 0 not_refundable")
	})
}
