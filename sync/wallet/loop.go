package wallet

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/acquirer"
)

// ErrNoTask says that no task of this payment was ever begun: as far as this loop knows, no money can have moved.
var ErrNoTask = errors.New("wallet: no such payment")

// ErrConflict says that the payment was begun with other data (amount, scheme, kind, till, order or reference). Nothing was
// changed.
var ErrConflict = errors.New("wallet: the payment was begun with other data")

// ErrInvalid says that a task lacks what its kind needs. Nothing was begun.
var ErrInvalid = errors.New("wallet: the task cannot be begun")

// errNoRefund says that there was nothing to give back; no call was made.
var errNoRefund = errors.New("wallet: no refund is open")

// Options of a [Loop].
type Options struct {
	Settings Settings     // zero values mean those of Defaults
	Log      *slog.Logger // nil for none; it is never told a code

	// Notify is called after a commit that the till should hear of: new results, or (with none) new words of the wallet in
	// Task.Text. It is called on the goroutine that committed, in the order of one task's commits, and must not block or call the
	// loop. It is only a hint: after a crash it may be missing. May be nil.
	Notify func(Task, []Result)
}

// Loop carries payments to their end. Begin, Cancel, Tombstone and Look may be called by many goroutines, also when Run does
// not run: what they accept is durable, and done when Run runs again. One loop at a time works on a Store.
type Loop struct {
	acquirer acquirer.Acquirer
	store    Store
	opts     Options
	rules    rules
	wake     chan struct{}  // has room for one: something may be due earlier than the dispatcher thinks
	stripes  [64]sync.Mutex // held from reading a task to committing it, never during a call
	mu       sync.Mutex
	codes    map[pos.PaymentID]string // customers' codes until their call leaves, guarded by mu
	busy     map[pos.PaymentID]bool   // tasks with a call on its way, guarded by mu
}

// New makes a loop. It starts nothing; see [Loop.Run].
func New(a acquirer.Acquirer, store Store, o Options) *Loop {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Loop{acquirer: a, store: store, opts: o, rules: rules{o.Settings.filled()}, wake: make(chan struct{}, 1),
		codes: map[pos.PaymentID]string{}, busy: map[pos.PaymentID]bool{}}
}

// Begin makes a task durable and returns; the payment call follows as soon as Run gets to it. Nothing moves money before Begin
// has returned nil. On another error than [ErrInvalid] and [ErrConflict] it may have been begun: begin it again, or Tombstone
// it. To begin a payment again changes nothing, except that a task whose code was lost in a restart before its call left gets
// it again. An ended task, also a tombstone, stays ended: see Look. code is the customer's, for the kind code only.
func (l *Loop) Begin(ctx context.Context, task Task, code string) error {
	if err := check(task, code); err != nil {
		return err
	}
	defer l.lock(task.Payment)()
	old, found, err := l.store.Task(ctx, task.Payment)
	switch {
	case err != nil:
		return err
	case found && !same(old, task):
		return ErrConflict
	case !found:
		old = l.rules.begin(task, now())
		if err := l.store.Commit(ctx, old, nil); err != nil {
			return err
		}
	}
	if old.Stage == Accepted && code != "" {
		l.keepCode(task.Payment, code)
	}
	l.rouse()
	return nil
}

// Cancel makes the cashier's wish to stop durable and returns; the end comes as a result. A code is queried and cancelled, a QR
// closed, a local one looked for once more. Found paid, it is approved, unless unwanted is set: then the order is free again,
// and the money goes back, even when it was approved already. To cancel again, or an ended one, changes nothing else.
// [ErrNoTask] when nothing was begun.
func (l *Loop) Cancel(ctx context.Context, payment pos.PaymentID, unwanted bool) error {
	defer l.lock(payment)()
	task, err := l.task(ctx, payment)
	if err != nil {
		return err
	}
	old := task
	task.Stop = true
	task.Unwanted = task.Unwanted || unwanted
	switch {
	case task.Stop == old.Stop && task.Unwanted == old.Unwanted:
		return nil
	case task.Stage == Accepted || task.Stage == Asked || task.Stage == Waiting:
		task.Next = now()
	case task.Stage == Done && task.refundable() && task.Unwanted:
		task.giveBack(now())
	}
	if err := l.store.Commit(ctx, task, nil); err != nil {
		return err
	}
	l.rouse()
	return nil
}

// Tombstone refuses a payment for good that the platform was asked about and never saw: a task that is cancelled already, with
// that result. A Begin that arrives later finds it ended. Payment and Till of the task are needed, the rest is kept. A payment
// that was begun stays as it is.
func (l *Loop) Tombstone(ctx context.Context, task Task) error {
	return l.Refuse(ctx, task, "never_begun", "The platform never saw this payment; nothing was taken.")
}

// Refuse is [Loop.Tombstone] with a reason of the caller's, for machines and for the cashier.
func (l *Loop) Refuse(ctx context.Context, task Task, code, text string) error {
	if task.Payment.IsZero() || task.Till == "" {
		return ErrInvalid
	}
	defer l.lock(task.Payment)()
	_, found, err := l.store.Task(ctx, task.Payment)
	if err != nil || found {
		return err
	}
	at := now()
	task = l.rules.begin(task, at)
	task.Kind = ""
	task.Ended = at
	task.to(Done, 0)
	task, ended := task.result(pos.Cancelled, reason{code, text}, at)
	return l.commit(ctx, Task{}, task, []Result{ended})
}

// Look reads a task and its results in their order. [ErrNoTask] when nothing was begun.
func (l *Loop) Look(ctx context.Context, payment pos.PaymentID) (Task, []Result, error) {
	defer l.lock(payment)()
	task, err := l.task(ctx, payment)
	if err != nil {
		return Task{}, nil, err
	}
	results, err := l.store.Results(ctx, payment)
	return task, results, err
}

func (l *Loop) task(ctx context.Context, payment pos.PaymentID) (Task, error) {
	task, found, err := l.store.Task(ctx, payment)
	if err == nil && !found {
		err = ErrNoTask
	}
	return task, err
}

// check says whether a task may be begun.
func check(t Task, code string) error {
	ok := !t.Payment.IsZero() && t.Till != "" && t.Amount.Amount > 0 && t.Amount.CheckPayable() == nil
	switch t.Kind {
	case Code:
		ok = ok && code != ""
	case QR:
	case Local:
		ok = ok && t.Reference != "" && t.Expires > 0
	default:
		ok = false
	}
	if !ok {
		return ErrInvalid
	}
	return nil
}

// same says whether a task may be the one that was begun as old. A tombstone is of no kind and stands for any.
func same(old, t Task) bool {
	return old.Till == t.Till && (old.Kind == "" || old.Kind == t.Kind && old.Scheme == t.Scheme && old.Amount == t.Amount &&
		old.Order == t.Order && old.Reference == t.Reference)
}

// lock keeps others from a payment until the returned function is called.
func (l *Loop) lock(payment pos.PaymentID) (unlock func()) {
	stripe := &l.stripes[int(payment[len(payment)-1])%len(l.stripes)]
	stripe.Lock()
	return stripe.Unlock
}

// rouse makes the dispatcher look again.
func (l *Loop) rouse() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func now() int64 { return time.Now().UnixMilli() }
