package wallet

import (
	"context"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
)

// idle is how long the dispatcher sleeps at most, and pause how long a fault of the Store keeps a task off.
const (
	idle  = time.Minute
	pause = time.Second
)

// Run does what is due until the context ends, and returns nil then; it owns all goroutines of the loop. Calls that are on
// their way are abandoned and asked for at the next start. Errors of the Store are logged and tried again: no call leaves
// without its mark.
func (l *Loop) Run(ctx context.Context) error {
	var group sync.WaitGroup
	defer group.Wait()
	places := make(chan struct{}, l.rules.Workers)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-l.wake:
		case <-timer.C:
		}
		timer.Reset(l.dispatch(ctx, &group, places))
	}
}

// dispatch starts what is due, as far as there are places, and returns how long it may sleep. Whoever gives a place back rouses
// it.
func (l *Loop) dispatch(ctx context.Context, group *sync.WaitGroup, places chan struct{}) time.Duration {
	due, err := l.store.Due(ctx, 2*cap(places)+1) // as many may be busy as there are places
	if err != nil {
		if ctx.Err() == nil {
			l.opts.Log.Error("wallet: what is due cannot be read; payments wait", "error", err)
		}
		return pause
	}
	for _, d := range due {
		wait := d.Next - now()
		switch {
		case l.isBusy(d.Payment):
			continue
		case wait > 0:
			return min(idle, time.Duration(wait)*time.Millisecond)
		case !l.start(ctx, d.Payment, group, places):
			return idle
		}
	}
	return idle
}

// start acts on a task on a goroutine of its own; false says that all places are taken.
func (l *Loop) start(ctx context.Context, payment pos.PaymentID, group *sync.WaitGroup, places chan struct{}) bool {
	select {
	case places <- struct{}{}:
	default:
		return false
	}
	l.setBusy(payment, true)
	group.Go(func() {
		if err := l.act(ctx, payment); err != nil && ctx.Err() == nil {
			l.opts.Log.Error("wallet: a step was not stored; it is taken up again from its mark", "payment", payment.String(), "error", err)
			hold(ctx)
		}
		l.setBusy(payment, false)
		<-places
		l.rouse()
	})
	return true
}

// hold keeps a task whose step failed from being taken up at once.
func hold(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(pause):
	}
}

func (l *Loop) isBusy(payment pos.PaymentID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.busy[payment]
}

func (l *Loop) setBusy(payment pos.PaymentID, busy bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if busy {
		l.busy[payment] = true
	} else {
		delete(l.busy, payment)
	}
}

func (l *Loop) keepCode(payment pos.PaymentID, code string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.codes[payment] = code
}

func (l *Loop) code(payment pos.PaymentID) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.codes[payment]
}

func (l *Loop) dropCode(payment pos.PaymentID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.codes, payment)
}
