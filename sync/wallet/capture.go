package wallet

import (
	"context"
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/acquirer"
)

// Capture is one more try to collect an offline approval that was refused when it was brought to its acquirer.
type Capture struct {
	Key   pos.OperationKey   `json:"key"`
	State pos.OperationState `json:"state"` // requested, done or refused
}

// mostCaptures is how often a till may ask again for the money of one offline approval: issuers fine shops that try without end.
const mostCaptures = 3

// Forwarded is the task that collects an offline approval. Only the platform makes it, from the till's own records, and puts it into its Store: it may be
// carried out whenever the loop finds it, since a try may be repeated under its name. now is milliseconds since 1970-01-01 UTC.
func Forwarded(payment pos.PaymentID, till pos.TillID, order pos.OrderRef, amount pos.Money, scheme string, now int64) Task {
	return Task{Payment: payment, Till: till, Order: order, Kind: Card, Scheme: scheme, Amount: amount, Stage: Accepted, Status: pos.ApprovedOffline,
		Began: now, Next: now}
}

// trying is the place of the try that the till has asked for and that has no outcome, -1 for the first one, which nobody asks for.
func (t *Task) trying() int {
	return slices.IndexFunc(t.Captures, func(c Capture) bool { return c.State == pos.OperationRequested })
}

// captureID is the name of the present try at the acquirer.
func (t *Task) captureID() string { return fmt.Sprintf("%s-c%d", t.Ref(), t.trying()+1) }

// Capture makes another try durable and returns; the acquirer's word comes as a result with the key. The same key again changes nothing. Where nothing
// may be tried (the money is here, or a try is under way, or there were too many) it is refused by such a result. [ErrNoTask] when the platform does not
// collect the payment.
func (l *Loop) Capture(ctx context.Context, payment pos.PaymentID, key pos.OperationKey) error {
	defer l.lock(payment)()
	old, err := l.task(ctx, payment)
	switch {
	case err != nil:
		return err
	case old.Kind != Card:
		return ErrNoTask
	case slices.ContainsFunc(old.Captures, func(c Capture) bool { return c.Key == key }):
		return nil
	}
	task := old
	task.Captures = append(slices.Clip(task.Captures), Capture{key, pos.OperationRequested})
	var results []Result
	switch last := len(old.Captures); {
	case old.Status != pos.ForwardDeclined || old.Stage != Done:
		task, results = task.tried(last, pos.ForwardDeclined, reason{"not_capturable", "This money cannot be asked for again now."}, now())
	case last >= mostCaptures:
		task, results = task.tried(last, pos.ForwardDeclined, reason{"too_many_tries", "The money was asked for too often: write it off, or collect it otherwise."}, now())
	default:
		task.to(Capturing, now())
	}
	if err := l.commit(ctx, old, task, results); err != nil {
		return err
	}
	l.rouse()
	return nil
}

// tried ends one try, by captured or forward_declined, and tells the till of it under its key; the first one, at -1, has none.
func (t Task) tried(i int, status pos.Status, why reason, now int64) (Task, []Result) {
	told := t.news(status, why, now)
	if i >= 0 {
		t.Captures = slices.Clone(t.Captures)
		c := &t.Captures[i]
		c.State = pos.OperationRefused
		if status == pos.Captured {
			c.State = pos.OperationDone
		}
		told.Operation, told.Till = c.Key, t.Till
	}
	return t, []Result{told}
}

// captured says what an answer makes of the present try: only paid and declined prove something, all else is tried again under the same name.
func (r rules) captured(t Task, got reply, now int64) (Task, []Result) {
	status := pos.ForwardDeclined
	switch {
	case got.err == nil && got.answer.State == acquirer.Paid && got.answer.Amount == t.Amount:
		status = pos.Captured
	case got.err != nil || got.answer.State != acquirer.Declined:
		t.Stage = Capturing
		t.later(now, r.MaxBackoff)
		return t, nil
	}
	t.note(got.answer)
	t.Status = status
	i := t.trying()
	t.to(Done, 0)
	return t.tried(i, status, reason{got.answer.Code, got.answer.Text}, now)
}
