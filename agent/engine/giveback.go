package engine

import (
	"context"
	"errors"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/calls"
	"github.com/tillproof/tillproof/sync/wire"
)

// given names an operation among all payments.
type given struct {
	payment   pos.PaymentID
	operation pos.OperationKey
}

// carryRefund asks the platform to give money back. The call is repeated until it is answered: for the platform the same operation is the same refund,
// so that nothing goes back twice.
func (e *Engine) carryRefund(ctx context.Context, a ask) {
	if !e.asking(a, true) {
		return
	}
	defer e.asking(a, false)
	reply, err := e.opts.Platform.Ask(ctx, &wire.Call{ID: pos.NewUUID(time.Now()), Op: a.op, Payment: a.payment, Operation: a.operation, Intent: a.intent})
	switch {
	case err == nil:
		if !neverReceived(reply) {
			e.setHeld(a)
		}
		e.heard(reply)
		return
	case errors.Is(err, calls.ErrAway) && a.first:
		err = e.refundNeverLeft(a)
	default:
		err = e.doubtRefund(a)
	}
	if err != nil {
		e.log.Warn("a refund moved on while its call was ending", "payment", a.payment, "operation", a.operation, "error", err)
	}
}

// neverReceived says whether the platform answered that it does not hold the payment yet: nothing was decided, and the call is to come again behind the
// payment's records.
func neverReceived(r *wire.Reply) bool {
	return r.Outcome != nil && r.Outcome.N == 0 && r.Outcome.Code == "never_received"
}

// refundNeverLeft ends a refund whose only call is proven not to have left.
func (e *Engine) refundNeverLeft(a ask) error {
	return e.endGiven(a, pos.OperationRefused, record.ByNotSent,
		reason{"platform_away", "The platform could not be reached; the call was never sent to it."})
}

// doubtRefund marks a refund as unknown because the platform is silent. It is asked for until the answer comes.
func (e *Engine) doubtRefund(a ask) error {
	p, err := e.Payment(a.payment)
	if err != nil {
		return err
	}
	if o := p.Operation(a.operation); o == nil || o.State != pos.OperationRequested {
		return nil // unknown already, or ended meanwhile
	}
	return e.endGiven(a, pos.OperationUnknown, record.BySilence,
		reason{"platform_silent", "The platform did not answer in time; it may have carried it out."})
}

func (e *Engine) endGiven(a ask, state pos.OperationState, evidence record.Evidence, why reason) error {
	_, err := e.journal.Append(&record.OperationEnd{Payment: a.payment, Key: a.operation, State: state, Evidence: evidence,
		Reason: why.code, Text: why.text})
	return err
}

// lookAtRefunds calls the platform again for the refunds that it has not answered for, and says whether one is on its way.
func (e *Engine) lookAtRefunds(ctx context.Context) (busy bool) {
	unfinished, err := e.journal.Views().Unfinished()
	if err != nil {
		return false
	}
	for _, p := range unfinished {
		for i := range p.Operations {
			if o := &p.Operations[i]; o.Open() && throughPlatform(p, o) {
				busy = true
				e.lookAtRefund(ctx, p, o)
			}
		}
	}
	return busy
}

func (e *Engine) lookAtRefund(ctx context.Context, p *view.Payment, o *view.Operation) {
	a := ask{payment: p.Intent.Payment, operation: o.Request.Key, op: wire.OpRefund}
	if o.Request.What == pos.Capture {
		a.op = wire.OpCapture
	}
	if !e.opts.Platform.Answering() || e.isHeld(a) {
		return
	}
	list, err := e.journal.Read(o.Epoch, o.Seq, 1)
	if err != nil || len(list) == 0 {
		e.log.Error("the record of a refund cannot be read", "payment", a.payment, "operation", a.operation, "error", errors.Join(journal.ErrNotFound, err))
		return
	}
	a.intent = list[0].Raw
	e.carryRefund(ctx, a)
}

// asking notes that a call about an operation is on its way, and refuses a second one beside it.
func (e *Engine) asking(a ask, on bool) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	key := given{a.payment, a.operation}
	if !on {
		delete(e.calling, key)
		return true
	}
	if e.calling[key] {
		return false
	}
	e.calling[key] = true
	return true
}

// isHeld says whether the platform is known to hold an operation, so that its result comes by itself.
func (e *Engine) isHeld(a ask) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.heldBack[given{a.payment, a.operation}]
}

func (e *Engine) setHeld(a ask) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heldBack[given{a.payment, a.operation}] = true
}

func (e *Engine) dropHeld(o *wire.Outcome) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.heldBack, given{o.Payment, o.Operation})
}

// bodyOfOperation is the record for the platform's result about an operation, or a note that it changes nothing.
func bodyOfOperation(o *wire.Outcome, p *view.Payment) *record.PlatformResult {
	r := &record.PlatformResult{Payment: o.Payment, N: o.N}
	known := p.Operation(o.Operation)
	switch {
	case known == nil:
		r.Note = "operation " + string(o.Operation) + " is not of this journal"
	case o.Status == pos.Pending:
		r.Note = "nothing new of operation " + string(o.Operation)
	case !known.Open():
		r.Note = "operation " + string(o.Operation) + " told " + string(o.Status) + ", is " + string(known.State)
	default:
		r.Operation = o.Operation
		r.Decision = &record.Decision{Status: o.Status, Amount: o.Amount, Currency: o.Currency, Code: o.Code, Text: o.Text,
			Trace: o.Transaction, Brand: o.Scheme, Again: again(o)}
		if r.Decision.Currency == "" {
			r.Decision.Currency = p.Intent.Currency
		}
	}
	return r
}
