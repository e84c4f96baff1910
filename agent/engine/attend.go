package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// idleLook is how often an idle card terminal is asked whether it is still there, so that the cashier learns of a pulled cable before a customer does.
const idleLook = 30 * time.Second

// Attend serves a card terminal that was just opened: it settles what an earlier life left open, then runs sales. It uses the caller's goroutine and
// returns nil when ctx ends, or an error when the wire has to be opened anew. last is the answer of the terminal's Open.
func (e *Engine) Attend(ctx context.Context, name pos.DeviceName, terminal drivers.CardTerminal, last drivers.Last) error {
	s := e.station(name)
	if s == nil {
		return fmt.Errorf("no device %s", name)
	}
	s.setLast(last)
	defer e.abandon(s)
	if err := e.settle(ctx, s, terminal); err != nil {
		return err
	}
	s.release()
	for {
		select {
		case <-ctx.Done():
			return nil
		case j := <-s.jobs:
			if err := j.run(ctx, s, terminal, j); err != nil {
				return err
			}
		case <-time.After(idleLook):
			if err := look(ctx, terminal); err != nil {
				return err
			}
		}
	}
}

// look asks whether the card terminal still answers; what it answers is not of interest here. The end of ctx is no fault of the wire.
func look(ctx context.Context, terminal drivers.CardTerminal) error {
	if _, err := terminal.Status(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// abandon closes the station. A job that was handed over and not begun has not reached the terminal.
func (e *Engine) abandon(s *station) {
	if j := s.giveUp(); j != nil {
		_ = j.unsent(j, errDevice(s.name, "its wire failed.")) // if the journal has stopped, the payment is doubted at the next start
	}
}

// drain is how long a sale may go on after the agent was asked to stop. What is not decided by then is unknown, and asked for at the next start.
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

// run carries one sale through the terminal. An error means that the wire or the journal cannot be used any more. Where the terminal is free, the device
// is released before the outcome can be seen: whoever sees it may sell again at once, and his sale waits for this goroutine.
func (e *Engine) run(ctx context.Context, s *station, terminal drivers.CardTerminal, j *job) error {
	defer e.forget(j)
	saleCtx, cancel := lasting(ctx)
	defer cancel()
	outcome, err := terminal.Sale(saleCtx, drivers.Sale{
		Amount:   j.amount,
		Cancel:   j.cancel,
		Progress: func(p drivers.Progress) { e.setProgress(j, p.Text) },
		Commit: func(r drivers.Result) error {
			_, err := e.journal.Append(&record.Result{Payment: j.payment, Decision: decision(r)})
			return err
		},
	})
	var refused *pos.Error
	switch {
	case err == nil:
		return e.confirm(s, j, outcome)
	case errors.As(err, &refused) && refused.Retry != pos.OutcomeUnknown && refused.Money == pos.NoneMoved:
		s.release()
		if err := e.notSent(j, err); err != nil || refused.Retry == pos.Permanent {
			return err
		}
		return look(ctx, terminal) // a wire that took nothing may be dead, and then has to be opened anew
	}
	e.log.Warn("outcome unknown", "payment", j.payment, "device", s.name, "error", err)
	s.setUnresolved(j.payment)
	_, err = e.journal.Append(&record.Resolution{Payment: j.payment, Status: pos.Unknown, Evidence: record.ByLink,
		Reason: "outcome_unknown", Text: "The card terminal did not tell the outcome: " + words(err)})
	if err != nil {
		return err
	}
	if err := e.settle(ctx, s, terminal); err != nil {
		return err
	}
	s.release()
	return nil
}

// confirm writes mark 3: the terminal is known to hold the result too.
func (e *Engine) confirm(s *station, j *job, outcome drivers.Outcome) error {
	if outcome.Result.Decision.Status().Taken() {
		s.setLast(drivers.Last{Trace: outcome.Result.Trace, ReceiptNo: outcome.Result.ReceiptNo})
	}
	s.release()
	_, err := e.journal.Append(&record.Confirmed{Payment: j.payment, Receipts: receipts(outcome.Receipts)})
	return err
}

// notSent ends a payment that the terminal never took: nothing moved. A transient cause, or his own wish, leaves the next try to the cashier.
func (e *Engine) notSent(j *job, cause error) error {
	defer e.forget(j)
	r := &record.Resolution{Payment: j.payment, Status: pos.Cancelled, Evidence: record.ByNotSent, Reason: "not_sent", Text: words(cause)}
	var known *pos.Error
	if errors.As(cause, &known) {
		r.Reason = string(known.Code)
		if known.Retry == pos.Permanent && known.Code != "cancelled" {
			r.Status = pos.Declined
		}
	}
	_, err := e.journal.Append(r)
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
	delete(e.running, j.payment)
}

// words is the part of an error that a cashier can read.
func words(err error) string {
	var known *pos.Error
	switch {
	case errors.As(err, &known):
		return known.Text
	case err != nil:
		return err.Error()
	}
	return "the wire failed"
}
