package wallet

import (
	"github.com/tillproof/tillproof/pos"
)

// reason is why a payment ended, for machines and for the cashier.
type reason struct{ code, text string }

// reasonOf is the cashier's cancel when there was one, else the given one.
func reasonOf(t Task, code, text string) reason {
	if t.Stop {
		return reason{"cancelled_by_cashier", "The cashier cancelled; nothing was taken."}
	}
	return reason{code, text}
}

// endStatus is how a payment without money ends: a QR that nobody paid in time has expired, all else was cancelled.
func endStatus(t Task, now int64) pos.Status {
	if t.Kind != Code && !t.Stop && t.QR+t.Reference != "" && now >= t.Expires {
		return pos.Expired
	}
	return pos.Cancelled
}

func endReason(t Task, now int64) reason {
	switch {
	case endStatus(t, now) == pos.Expired:
		return reason{"expired", "Nobody paid the QR in time; nothing was taken."}
	case t.Kind == Code && now >= t.Expires:
		return reasonOf(t, "customer_timeout", "The customer did not confirm in time; nothing was taken.")
	case t.Kind == QR && t.QR == "":
		return reasonOf(t, "no_qr", "The acquirer gave no QR; nothing was taken.")
	}
	return reasonOf(t, "closed_by_acquirer", "The acquirer closed the payment; nothing was taken.")
}

// paid is the proof that the customer's money is ours. It is kept when the payment is still open and wanted, else it goes back.
func (r rules) paid(t Task, now int64) (Task, []Result) {
	switch {
	case t.Stage == Refunding:
		t.later(now, r.MaxBackoff)
		return t, nil
	case t.Status == pos.Pending && !t.Unwanted:
		t.to(Done, 0)
		t, approved := t.result(pos.Approved, reason{t.Code, t.Text}, now)
		return t, []Result{approved}
	}
	t, results := r.due(t, now)
	t.giveBack(now)
	return t, results
}

// giveBack starts the refund of what was paid, under a name that stays the same for every try.
func (t *Task) giveBack(now int64) {
	t.RefundID = t.Ref() + "-1"
	t.to(Refunding, now)
}

// returned is the proof that money came and went back.
func (r rules) returned(t Task, now int64) (Task, []Result) {
	var results []Result
	if t.Stage != Refunding {
		t, results = r.due(t, now)
	}
	t.to(Done, 0)
	t, refunded := t.result(pos.Refunded, reason{"refunded", "The customer has the money back."}, now)
	return t, append(results, refunded)
}

// due tells of money that came to a payment which is not to be paid: first its end, if the till does not know it, then
// refund_due.
func (r rules) due(t Task, now int64) (Task, []Result) {
	var results []Result
	if t.Status == pos.Pending {
		var ended Result
		t.Ended = now
		t, ended = t.result(endStatus(t, now), endReason(t, now), now)
		results = append(results, ended)
	}
	why := reason{"paid_after_end", "The customer paid although the payment had ended; the money goes back."}
	t, due := t.result(pos.RefundDue, why, now)
	return t, append(results, due)
}

// end closes a payment without money and begins to watch it.
func (r rules) end(t Task, status pos.Status, why reason, now int64) (Task, []Result) {
	t.Ended = now
	t.Step = 0
	t.to(Watched, 0)
	t = r.watch(t, now)
	t, ended := t.result(status, why, now)
	return t, []Result{ended}
}

// looked ends one look for late money.
func (r rules) looked(t Task, now int64) Task {
	t.Step++
	return r.watch(t, now)
}

// watch sets the next look that is still to come; looks that an outage has swallowed are made good by the one that answered.
func (r rules) watch(t Task, now int64) Task {
	for ; t.Step < len(r.Watch); t.Step++ {
		if at := t.Ended + ms(r.Watch[t.Step]); at > now {
			t.Next, t.Tries = at, 0
			return t
		}
	}
	t.to(Done, 0)
	return t
}

// result makes the news that changes the status.
func (t Task) result(status pos.Status, why reason, now int64) (Task, Result) {
	t.Status = status
	return t, t.news(status, why, now)
}

// news tells of a task as it stands. Money is named when it moved.
func (t Task) news(status pos.Status, why reason, now int64) Result {
	amount := pos.Money{Currency: t.Amount.Currency}
	switch status {
	case pos.Approved, pos.Captured, pos.RefundDue, pos.Refunded:
		amount = t.Paid
	}
	return Result{Payment: t.Payment, Status: status, Amount: amount, Scheme: t.Scheme, Code: why.code, Text: why.text,
		Transaction: t.Transaction, At: now}
}
