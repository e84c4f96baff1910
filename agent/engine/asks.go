package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/calls"
	"github.com/tillproof/tillproof/sync/wire"
)

// askQueue is how many calls wait for [Engine.Run]; a cashier makes one at a time.
const askQueue = 64

// ask is a call about a payment that is to leave.
type ask struct {
	payment   pos.PaymentID
	operation pos.OperationKey // of a refund
	op        wire.Op
	intent    []byte // of a refund: of its operation
	scheme    string
	code      string // a secret: it lives here and in the call only
	opaque    []byte // a sealed swipe: the same
	deadline  time.Duration
	unwanted  bool
	first     bool // nothing of the kind has left before
}

// handOver gives a call to Run. If there is no room nothing has left, and the payment ends.
func (e *Engine) handOver(a ask) error {
	select {
	case e.asks <- a:
		return nil
	default:
	}
	switch {
	case a.op == wire.OpCancel && a.unwanted:
		return nil // the records tell the platform
	case a.op == wire.OpCancel:
		return e.giveUp(a.payment, "The payment was given up because the till is too busy to ask the platform.")
	case a.operation != "":
		return e.refundNeverLeft(a)
	}
	return e.neverLeft(a.payment)
}

// neverLeft ends a payment whose call is proven not to have left.
func (e *Engine) neverLeft(id pos.PaymentID) error {
	_, err := e.journal.Append(&record.Resolution{Payment: id, Status: pos.Cancelled, Evidence: record.ByNotSent, Reason: "platform_away",
		Text: "The platform could not be reached; the payment was never sent to it."})
	return err
}

// Run talks to the platform until ctx ends: it carries calls out, pulls results, and asks for payments that it is unsure about.
func (e *Engine) Run(ctx context.Context) {
	if e.opts.Platform == nil {
		<-ctx.Done()
		return
	}
	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() { e.keepResults(ctx) })
	if len(e.readers) > 0 || e.opts.Vault != nil {
		group.Go(func() { e.keepReaders(ctx) })
	}
	for {
		select {
		case <-ctx.Done():
			return
		case a := <-e.asks:
			group.Go(func() { e.carry(ctx, a) })
		}
	}
}

// carry sends one call. What leaves it open marks the payment as unknown; nothing is sent again.
func (e *Engine) carry(ctx context.Context, a ask) {
	if a.operation != "" {
		e.carryRefund(ctx, a)
		return
	}
	defer clear(a.opaque)
	reply, err := e.opts.Platform.Ask(ctx, &wire.Call{ID: pos.NewUUID(time.Now()), Op: a.op, Payment: a.payment, Intent: a.intent, Scheme: a.scheme,
		Code: a.code, Opaque: a.opaque, DeadlineMS: a.deadline.Milliseconds(), Unwanted: a.unwanted})
	switch {
	case err == nil:
		e.heard(reply)
		return
	case a.op == wire.OpQuery || a.op == wire.OpCancel && a.unwanted:
		return // asked again later
	case a.op == wire.OpCancel:
		err = e.giveUp(a.payment, "The cashier gave the payment up and the platform did not answer; what comes after all is given back.")
	case errors.Is(err, calls.ErrAway):
		err = e.neverLeft(a.payment)
	default:
		e.setUnsure(a.payment)
		err = e.doubt(a.payment)
	}
	if err != nil {
		e.log.Warn("a payment moved on while its call was ending", "payment", a.payment, "error", err)
	}
}

// doubt marks a payment as unknown because the platform is silent.
func (e *Engine) doubt(id pos.PaymentID) error {
	_, err := e.journal.Append(&record.Resolution{Payment: id, Status: pos.Unknown, Evidence: record.BySilence, Reason: "platform_silent",
		Text: "The platform did not answer in time; it may have taken the payment."})
	return err
}

// intentOf reads the bytes of a payment's intent record: it stands at the record that began the payment.
func (e *Engine) intentOf(p *view.Payment) ([]byte, error) {
	list, err := e.journal.Read(p.Epoch, p.Seq, 1)
	if err != nil || len(list) == 0 {
		return nil, errors.Join(journal.ErrNotFound, err)
	}
	return list[0].Raw, nil
}
