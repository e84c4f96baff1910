package wallet_test

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	bank "github.com/tillproof/tillproof/simulator/acquirer"
	"github.com/tillproof/tillproof/sync/wallet"
)

// check compares what the tills were told with the acquirer's books.
func (c *chaos) check() {
	booked := pos.Totals{}
	statuses := map[pos.Status]int{}
	for _, s := range c.sales {
		task, _, err := c.store.Task(context.Background(), s.task.Payment)
		if err != nil {
			c.t.Fatal(err)
		}
		results, refunds := apart(c.store.results[s.task.Payment])
		statuses[task.Status]++
		c.checkRefunds(s, task, refunds)
		c.checkResults(s, task, results)
		c.checkMoney(s, task, results)
		if n := c.asked[s.task.Ref()]; n > 1 {
			c.t.Errorf("%s: authorised %d times", s.task.Order, n)
		}
		if raw, _ := json.Marshal(results); bytes.Contains(append(raw, c.store.tasks[s.task.Payment]...), []byte(s.code)) {
			c.t.Errorf("%s: the customer's code is stored", s.task.Order)
		}
		if kept := returnedBy(task); (task.Status == pos.Approved || task.Status == pos.PartlyRefunded) && len(results) > 0 {
			tender := pos.QR
			if task.Kind == wallet.Code {
				tender = pos.Code
			}
			money := results[len(results)-1].Amount
			money.Amount -= kept
			if err := booked.Add(tender, money); err != nil {
				c.t.Fatal(err)
			}
		}
	}
	totals, err := c.bank.Totals()
	if err != nil || !totals.Equal(booked) {
		c.t.Errorf("the acquirer holds %v (%v), the tills were told %v", totals, err, booked)
	}
	c.t.Logf("ended as %v after %s", statuses, time.Since(c.started))
}

// checkResults follows the statuses that the till was told.
func (c *chaos) checkResults(s *sale, task wallet.Task, results []wallet.Result) {
	status, told, shown := pos.Pending, []pos.Status{}, 0
	for _, r := range results {
		told = append(told, r.Status)
		switch {
		case r.Status == pos.Pending && status == pos.Pending && r.QR != "" && r.ExpiresAt > 0:
			shown++
		case !status.Can(r.Status):
			c.t.Errorf("%s: %s cannot follow %s in %v", s.task.Order, r.Status, status, told)
		default:
			status = r.Status
		}
	}
	if task.Status == pos.PartlyRefunded || task.Status == pos.Refunded && status == pos.Approved {
		status = task.Status // by refunds that tills have asked for
	}
	if shown > 1 || status != task.Status || task.Stage != wallet.Done || task.Next != 0 {
		c.t.Errorf("%s: told %v (%d QR codes), task %s in stage %s", s.task.Order, told, shown, task.Status, task.Stage)
	}
	if task.Unwanted && (status == pos.Approved || status == pos.PartlyRefunded) {
		c.t.Errorf("%s: unwanted and yet approved", s.task.Order)
	}
	if due := slices.Index(told, pos.RefundDue); c.late[s.task.Ref()] && (due < 1 || due+1 >= len(told) || told[due+1] != pos.Refunded) {
		c.t.Errorf("%s: paid late, told %v", s.task.Order, told)
	}
	if due := slices.Index(told, pos.RefundDue); due > 0 {
		c.count("refund_due_after_" + string(told[due-1]))
	}
	if slices.Contains(told, pos.Approved) && status == pos.Refunded {
		c.count("approved_then_refunded")
	}
}

// apart parts the results of a payment from those of its refunds.
func apart(all []wallet.Result) (payment, refunds []wallet.Result) {
	for _, r := range all {
		if r.Operation == "" {
			payment = append(payment, r)
		} else {
			refunds = append(refunds, r)
		}
	}
	return payment, refunds
}

// returnedBy sums the refunds that are done.
func returnedBy(task wallet.Task) (sum pos.Minor) {
	for _, r := range task.Refunds {
		if r.State == pos.OperationDone {
			sum += r.Amount
		}
	}
	return sum
}

// checkRefunds: every refund has exactly one outcome, told to the till that asked, and together they are never more than what was paid.
func (c *chaos) checkRefunds(s *sale, task wallet.Task, results []wallet.Result) {
	told := map[string]wallet.Result{}
	for _, r := range results {
		key := string(r.Till) + " " + string(r.Operation)
		if _, twice := told[key]; twice {
			c.t.Errorf("%s: refund %s has two outcomes", s.task.Order, key)
		}
		told[key] = r
		c.count("refund_" + r.Code)
	}
	var back pos.Minor
	for _, r := range s.refunds {
		got, found := told[string(r.Till)+" "+string(r.Key)]
		i := slices.IndexFunc(task.Refunds, func(o wallet.Refund) bool { return o.Till == r.Till && o.Key == r.Key })
		if !found || i < 0 || got.Status != pos.Refunded && got.Status != pos.Declined || got.Status == pos.Refunded && got.Amount.Amount != r.Amount {
			c.t.Errorf("%s: refund %s of %d: told %+v", s.task.Order, r.Key, r.Amount, got)
		}
		if got.Status == pos.Refunded {
			back += r.Amount
		}
	}
	if back > task.Paid.Amount || back != returnedBy(task) || len(told) != len(s.refunds) {
		c.t.Errorf("%s: %d of %d given back by %d refunds, %d told", s.task.Order, back, task.Paid.Amount, len(s.refunds), len(told))
	}
	switch {
	case back > 0 && task.Unwanted:
		c.count("part_then_given_up")
	case back > 0 && back == task.Paid.Amount && len(told) > 1:
		c.count("refunded_in_parts")
	}
}

// checkMoney compares one payment with its order in the acquirer's books.
func (c *chaos) checkMoney(s *sale, task wallet.Task, results []wallet.Result) {
	account, known := c.bank.Account(s.task.Ref())
	var told pos.Money
	if len(results) > 0 {
		told = results[len(results)-1].Amount
	}
	if task.Status == pos.PartlyRefunded {
		told.Amount -= returnedBy(task)
	}
	kept := task.Status == pos.Approved || task.Status == pos.PartlyRefunded
	switch {
	case !known && task.Status != pos.Cancelled:
		c.t.Errorf("%s: %s, and the acquirer never heard of it", s.task.Order, task.Status)
	case account.Charges > 1:
		c.t.Errorf("%s: charged %d times", s.task.Order, account.Charges)
	case kept && account.Net != told:
		c.t.Errorf("%s: approved %s, the acquirer has %s", s.task.Order, told, account.Net)
	case !kept && !task.Status.Uncharged():
		c.t.Errorf("%s: ended as %s", s.task.Order, task.Status)
	case !kept && account.Net.Amount != 0:
		c.t.Errorf("%s: %s, and the acquirer has %s", s.task.Order, task.Status, account.Net)
	}
	if task.Status == pos.Approved && account.Net != s.task.Amount {
		c.count("other_amount")
	}
}

// checkHappened makes sure that everything that can go wrong did.
func checkHappened(t *testing.T, happened map[string]int) {
	must := []string{"crash", "crash_before_commit", "crash_after_commit", "crash_before_call", "crash_after_call", "commit_failed",
		"commit_uncertain", "cashier_cancel_unwanted_true", "cashier_cancel_unwanted_false", "local_money", "other_amount",
		"approved_then_refunded", "refund_refunded", "refund_not_refundable", "refund_refund_exceeds", "refunded_in_parts", "part_then_given_up", "refund_due_after_cancelled", "refund_due_after_expired", "refund_due_after_declined"}
	for _, m := range []bank.Moment{bank.Opened, bank.Charged, bank.ChargedLate, bank.Snatched, bank.Loose, bank.Refused, bank.CodeUsed,
		bank.Shut, bank.Buried, bank.Overtaken, bank.Reverted, bank.GivenBack, bank.RequestLost, bank.RequestSlow, bank.AnswerLost,
		bank.QueryLost, bank.CancelLost, bank.RefundLost} {
		must = append(must, string(m))
	}
	for _, what := range must {
		if happened[what] == 0 {
			t.Errorf("%s never happened: the test does not show it", what)
		}
	}
	t.Logf("happened: %v", happened)
}
