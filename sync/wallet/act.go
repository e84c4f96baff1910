package wallet

import (
	"context"
	"errors"
	"time"

	"github.com/tillproof/tillproof/pos"
)

// stuck is the number of tries after which somebody is told.
const stuck = 10

// act makes one call for a due task: mark, call, result. An error is one of the Store; the task is as its last commit left it.
func (l *Loop) act(ctx context.Context, payment pos.PaymentID) error {
	task, did, code, err := l.prepare(ctx, payment)
	if err != nil || did == nothing {
		return err
	}
	got := l.call(ctx, task, did, code)
	if got.err != nil && ctx.Err() != nil {
		return nil // abandoned: the mark says what may have happened
	}
	if got.err != nil {
		l.opts.Log.Warn("wallet: the acquirer gave no clear answer", "payment", payment.String(), "call", string(did), "error", got.err)
	}
	return l.settle(context.WithoutCancel(ctx), payment, did, got) // what is known is kept, also at the very end
}

// prepare makes the mark durable and hands out the code, once. Nothing has left when it fails.
func (l *Loop) prepare(ctx context.Context, payment pos.PaymentID) (Task, action, string, error) {
	defer l.lock(payment)()
	old, err := l.task(ctx, payment)
	if err != nil || old.Next == 0 || old.Next > now() {
		return old, nothing, "", err
	}
	code := l.code(payment)
	task, did, results, changed := l.rules.prepare(old, code != "", now())
	if changed {
		if err := l.commit(ctx, old, task, results); err != nil {
			return task, nothing, "", err
		}
	}
	l.dropCode(payment)
	return task, did, code, nil
}

// settle makes what a reply means durable, on the task as it is now.
func (l *Loop) settle(ctx context.Context, payment pos.PaymentID, did action, got reply) error {
	defer l.lock(payment)()
	old, err := l.task(ctx, payment)
	if err != nil {
		return err
	}
	task, results := l.rules.settle(old, did, got, now())
	if task.Tries == stuck {
		l.opts.Log.Error("wallet: the acquirer does not settle a payment; it is asked on and on, and a person should ask too",
			"payment", payment.String(), "stage", string(task.Stage), "call", string(did), "answer", string(got.answer.State))
	}
	return l.commit(ctx, old, task, results)
}

// commit stores a step and tells of it. The payment is locked.
func (l *Loop) commit(ctx context.Context, old, task Task, results []Result) error {
	if err := l.store.Commit(ctx, task, results); err != nil {
		return err
	}
	if l.opts.Notify != nil && (len(results) > 0 || task.Text != old.Text) {
		l.opts.Notify(task, results)
	}
	return nil
}

// call makes a call and bounds its time.
func (l *Loop) call(ctx context.Context, t Task, did action, code string) (got reply) {
	ctx, cancelCall := context.WithTimeout(ctx, l.rules.CallTimeout)
	defer cancelCall()
	switch did {
	case authorise:
		got.answer, got.err = l.acquirer.Authorise(ctx, t.order(), code)
	case issue:
		got.issued, got.err = l.acquirer.Issue(ctx, t.order(), time.Duration(max(t.Expires-now(), 1000))*time.Millisecond)
	case expect:
		got.err = l.acquirer.Expect(ctx, t.order(), t.Reference)
	case query:
		got.answer, got.err = l.acquirer.Query(ctx, t.Ref())
	case cancel:
		got.answer, got.err = l.acquirer.Cancel(ctx, t.Ref())
	case refund:
		got.answer, got.err = l.acquirer.Refund(ctx, t.Ref(), t.RefundID, t.rest())
	case capture:
		got.answer, got.err = l.acquirer.Capture(ctx, t.order(), t.captureID())
	case giveBack:
		got.answer, got.err = l.refundNext(ctx, &t)
	default:
		got.err = errors.New("wallet: no call " + string(did))
	}
	return got
}
