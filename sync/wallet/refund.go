package wallet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/acquirer"
)

// Refund is money that a till wants given back of a payment. It marshals with its task.
type Refund struct {
	Key    pos.OperationKey   `json:"key"`
	Till   pos.TillID         `json:"till"`   // that asks, and hears of it; keys are unique within it and the payment
	Amount pos.Minor          `json:"amount"` // above 0, of the payment's currency
	State  pos.OperationState `json:"state"`  // requested, done or refused
}

// refundID is a refund's name at the acquirer: the payment's ref and 16 bytes of SHA-256 over till, 00, key in hex. It is the same for every try.
func (t *Task) refundID(r *Refund) string {
	sum := sha256.Sum256([]byte(string(r.Till) + "\x00" + string(r.Key)))
	return t.Ref() + "-" + hex.EncodeToString(sum[:16])
}

// Refund makes a refund durable and returns; the acquirer's word comes as a result with the refund's key, to the till that asks. The same refund again
// changes nothing. One that cannot be, because so much is not left or the payment's money goes back anyway, is refused by such a result too. [ErrNoTask]
// when the payment was never begun here, [ErrConflict] when the key stands for another amount; nothing was changed then. On another error it may have been
// made durable: ask again.
func (l *Loop) Refund(ctx context.Context, payment pos.PaymentID, r Refund) error {
	if r.Key == "" || r.Till == "" || r.Amount <= 0 {
		return ErrInvalid
	}
	defer l.lock(payment)()
	old, err := l.task(ctx, payment)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(old.Refunds, func(o Refund) bool { return o.Key == r.Key && o.Till == r.Till }); i >= 0 {
		if old.Refunds[i].Amount != r.Amount {
			return ErrConflict
		}
		return nil
	}
	r.State = pos.OperationRequested
	task, results := old.asked(r, now())
	if err := l.commit(ctx, old, task, results); err != nil {
		return err
	}
	l.rouse()
	return nil
}

// asked puts a refund on the list, or refuses it.
func (t Task) asked(r Refund, now int64) (Task, []Result) {
	left := t.rest().Amount
	for _, o := range t.Refunds {
		if o.State == pos.OperationRequested {
			left -= o.Amount
		}
	}
	t.Refunds = append(slices.Clip(t.Refunds), r)
	switch last := len(t.Refunds) - 1; {
	case !t.refundable() || t.Unwanted || t.Stage != Done && t.Stage != Returning:
		return t.refuse(last, reason{"not_refundable", "The payment holds no money that could be given back."}, now)
	case r.Amount > left:
		return t.refuse(last, reason{"refund_exceeds", "More than is left of the payment cannot be given back."}, now)
	}
	if t.Stage == Done {
		t.to(Returning, now)
	}
	return t, nil
}

// refundable says whether the customer's money is here and is to stay, as far as nobody asks for it. Of captured cards only those are given back here that a
// reader has told: the others have a card terminal that does it.
func (t *Task) refundable() bool {
	return t.Status == pos.Approved || t.Status == pos.PartlyRefunded || t.Status == pos.Captured && t.Scheme == record.CardReader
}

// rest is what the acquirer still holds of the payment: what was paid, less the refunds that are done.
func (t *Task) rest() pos.Money {
	rest := t.Paid
	for _, r := range t.Refunds {
		if r.State == pos.OperationDone {
			rest.Amount -= r.Amount
		}
	}
	return rest
}

// next is the place of the oldest refund that has no outcome, -1 when there is none.
func (t *Task) next() int {
	return slices.IndexFunc(t.Refunds, func(r Refund) bool { return r.State == pos.OperationRequested })
}

// refundNext asks the acquirer for the oldest refund.
func (l *Loop) refundNext(ctx context.Context, t *Task) (acquirer.Answer, error) {
	i := t.next()
	if i < 0 {
		return acquirer.Answer{}, errNoRefund
	}
	r := &t.Refunds[i]
	return l.acquirer.Refund(ctx, t.Ref(), t.refundID(r), pos.Money{Amount: r.Amount, Currency: t.Paid.Currency})
}

// givenBack says what the acquirer's answer makes of the oldest refund. Only refunded (so much) and declined prove something: all else is asked again.
func (r rules) givenBack(t Task, got reply, now int64) (Task, []Result) {
	i := t.next()
	switch {
	case i < 0:
		return t.afterRefund(now), nil
	case got.err == nil && got.answer.State == acquirer.Declined:
		return t.refuse(i, reason{got.answer.Code, got.answer.Text}, now)
	case got.err != nil || got.answer.State != acquirer.Refunded || got.answer.Amount != (pos.Money{Amount: t.Refunds[i].Amount, Currency: t.Paid.Currency}):
		t.later(now, r.MaxBackoff)
		return t, nil
	}
	t.Refunds = slices.Clone(t.Refunds)
	t.Refunds[i].State = pos.OperationDone
	if t.Status = pos.PartlyRefunded; t.rest().Amount == 0 {
		t.Status = pos.Refunded
	}
	told := t.newsOf(i, pos.Refunded, reason{"refunded", "The customer has the money back."}, now)
	if got.answer.Transaction != "" {
		told.Transaction = got.answer.Transaction
	}
	return t.afterRefund(now), []Result{told}
}

// refuse ends a refund without money.
func (t Task) refuse(i int, why reason, now int64) (Task, []Result) {
	t.Refunds = slices.Clone(t.Refunds)
	t.Refunds[i].State = pos.OperationRefused
	results := []Result{t.newsOf(i, pos.Declined, why, now)}
	if t.Stage == Returning {
		t = t.afterRefund(now)
	}
	return t, results
}

// afterRefund goes on with the next refund, or gives back what is left of a payment that was given up meanwhile, or rests.
func (t Task) afterRefund(now int64) Task {
	switch {
	case t.next() >= 0:
		t.to(Returning, now)
	case t.Unwanted && t.rest().Amount > 0:
		t.giveBack(now)
	default:
		t.to(Done, 0)
	}
	return t
}

// newsOf tells the till that has asked for a refund what became of it.
func (t *Task) newsOf(i int, status pos.Status, why reason, now int64) Result {
	r := &t.Refunds[i]
	amount := pos.Money{Currency: t.Paid.Currency}
	if status == pos.Refunded {
		amount.Amount = r.Amount
	}
	return Result{Payment: t.Payment, Operation: r.Key, Till: r.Till, Status: status, Amount: amount, Scheme: t.Scheme, Code: why.code, Text: why.text,
		Transaction: t.Transaction, At: now}
}
