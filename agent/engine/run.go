package engine

import (
	"context"
	"errors"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// drain is how long a task may go on after the agent was asked to stop. What is not decided by then is unknown, and asked for at the next start.
const drain = 20 * time.Second

// lasting gives a context that ends a while after ctx.
func lasting(ctx context.Context) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-longer.Done():
		case <-time.After(drain):
			cancel()
		}
	})
	return longer, func() { stop(); cancel() }
}

// taskJob is a sale, a void or a refund on its way through a device.
func (e *Engine) taskJob(t task) *job {
	return &job{payment: t.payment(),
		run: func(ctx context.Context, s *station, terminal drivers.CardTerminal, j *job) error {
			return e.run(ctx, s, terminal, j, t)
		},
		unsent: func(j *job, cause error) error { return e.notSent(j, t, cause) }}
}

// run carries one task through the terminal. An error means that the wire or the journal cannot be used any more. Where the terminal is free, the device
// is released before the outcome can be seen: whoever sees it may sell again at once, and his sale waits for this goroutine.
func (e *Engine) run(ctx context.Context, s *station, terminal drivers.CardTerminal, j *job, t task) error {
	defer e.forget(j)
	taskCtx, cancel := lasting(ctx)
	defer cancel()
	outcome, err := t.command(taskCtx, terminal, drivers.Sale{
		Cancel:   j.cancel,
		Progress: func(p drivers.Progress) { e.setProgress(j, p.Text) },
		Commit: func(r drivers.Result) error {
			_, err := e.journal.Append(t.told(decision(r)))
			return err
		},
	})
	var refused *pos.Error
	switch {
	case err == nil:
		return e.confirm(s, t, outcome)
	case errors.As(err, &refused) && refused.Retry != pos.OutcomeUnknown && refused.Money == pos.NoneMoved:
		s.release()
		if err := e.notSent(j, t, err); err != nil || refused.Retry == pos.Permanent {
			return err
		}
		return look(ctx, terminal) // a wire that took nothing may be dead, and then has to be opened anew
	}
	e.log.Warn("outcome unknown", "payment", t.payment(), "operation", t.operation(), "device", s.name, "error", err)
	s.doubt(t.payment())
	why := reason{"outcome_unknown", "The card terminal did not tell the outcome: " + words(err)}
	if _, err := e.journal.Append(t.doubted(record.ByLink, why)); err != nil {
		return err
	}
	return e.settle(ctx, s, terminal)
}

// confirm writes mark 3: the terminal is known to hold the result too.
func (e *Engine) confirm(s *station, t task, outcome drivers.Outcome) error {
	switch {
	case outcome.Last != (drivers.Last{}):
		s.setLast(outcome.Last)
	case outcome.Result.Decision.Status().Taken():
		s.setLast(drivers.Last{Trace: outcome.Result.Trace, ReceiptNo: outcome.Result.ReceiptNo})
	}
	s.release()
	_, err := e.journal.Append(t.confirmed(outcome))
	return err
}

// notSent ends a task that the terminal never took: nothing moved.
func (e *Engine) notSent(j *job, t task, cause error) error {
	defer e.forget(j)
	_, err := e.journal.Append(t.unsent(cause))
	return err
}

func (e *Engine) setProgress(j *job, text string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	j.progress = text
}

func (e *Engine) forget(j *job) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.running[j.payment] == j {
		delete(e.running, j.payment)
	}
}
