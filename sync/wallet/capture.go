package wallet

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/acquirer"
)

// Capture is one more try to collect an offline approval that was refused when it was brought to its acquirer.
type Capture struct {
	Key     pos.OperationKey   `json:"key"`
	State   pos.OperationState `json:"state"`             // requested, done or refused
	Office  bool               `json:"office,omitempty"`  // asked for by the back office: the till hears of the payment, and of no key
	Untried bool               `json:"untried,omitempty"` // refused without asking the acquirer: it counts for nothing
}

// Asks is how often the acquirer was asked for the money of an offline approval, the try under way included. Each try counts once, whoever asked for it.
func (t *Task) Asks() int { return 1 + t.again() }

// again counts the tries that somebody has asked for.
func (t *Task) again() (n int) {
	for i := range t.Captures {
		if !t.Captures[i].Untried {
			n++
		}
	}
	return n
}

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
	_, err := l.collect(ctx, payment, Capture{Key: key, State: pos.OperationRequested})
	return err
}

// Retry is [Loop.Capture] for the back office: its outcome is told to the till as one of the payment. refused says, for people, why there is no try now; then
// nothing was changed.
func (l *Loop) Retry(ctx context.Context, payment pos.PaymentID, key pos.OperationKey) (refused string, err error) {
	return l.collect(ctx, payment, Capture{Key: key, State: pos.OperationRequested, Office: true})
}

// ErrUnderWay says that the acquirer is being asked: what comes of it is to be waited for.
var ErrUnderWay = errors.New("wallet: the acquirer is being asked for the money")

// WriteOff ends an offline approval that was refused: it is never asked for again, and its till is told. refused says why it cannot be written off; one that
// is written off already stays so. [ErrUnderWay] when the money may still come.
func (l *Loop) WriteOff(ctx context.Context, payment pos.PaymentID, why string) (refused string, err error) {
	defer l.lock(payment)()
	old, err := l.task(ctx, payment)
	switch {
	case err != nil:
		return "", err
	case old.Kind == Card && old.Status == pos.WrittenOff:
		return "", nil
	case old.Kind == Card && old.Stage == Capturing:
		return "", ErrUnderWay
	case old.Kind != Card || old.Status != pos.ForwardDeclined:
		return "Only money that was refused can be written off.", nil
	}
	task, told := old.result(pos.WrittenOff, reason{"written_off", why}, now())
	return "", l.commit(ctx, old, task, []Result{told})
}

// collect begins a try, or refuses it.
func (l *Loop) collect(ctx context.Context, payment pos.PaymentID, c Capture) (refused string, err error) {
	defer l.lock(payment)()
	old, err := l.task(ctx, payment)
	switch {
	case err != nil:
		return "", err
	case old.Kind != Card:
		return "", ErrNoTask
	case slices.ContainsFunc(old.Captures, func(o Capture) bool { return o.Key == c.Key && o.Office == c.Office }):
		return "", nil
	}
	task := old
	var results []Result
	why := l.rules.mayCollect(&old, now())
	switch c.Untried = why.code != ""; {
	case c.Untried && c.Office:
		return why.text, nil
	default:
		task.Captures = append(slices.Clip(task.Captures), c)
	}
	if c.Untried {
		task, results = task.tried(len(old.Captures), pos.ForwardDeclined, why, now())
	} else {
		task.to(Capturing, now())
	}
	if err := l.commit(ctx, old, task, results); err != nil {
		return "", err
	}
	l.rouse()
	return "", nil
}

// mayCollect says why the money may not be asked for again, with an empty code when it may. Issuers fine shops that try without end.
func (r rules) mayCollect(t *Task, now int64) reason {
	switch {
	case t.Status != pos.ForwardDeclined || t.Stage != Done:
		return reason{"not_capturable", "This money cannot be asked for again now."}
	case t.again() >= r.CollectTries:
		return reason{"too_many_tries", "The money was asked for too often: write it off, or collect it otherwise."}
	case t.Deadline > 0 && now >= t.Deadline:
		return reason{"too_late", "The time to ask for the money again is over: write it off, or collect it otherwise."}
	}
	return reason{}
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
		if !c.Office {
			told.Operation, told.Till = c.Key, t.Till
		}
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
	if status == pos.ForwardDeclined && t.Deadline == 0 {
		t.Deadline = now + ms(r.CollectFor)
	}
	t, results := t.tried(i, status, reason{got.answer.Code, got.answer.Text}, now)
	if status == pos.ForwardDeclined {
		results[0].TriesLeft, results[0].Deadline = max(0, r.CollectTries-t.again()), t.Deadline
	}
	return t, results
}
