package engine

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/wire"
)

// The pauses between looks at the platform.
const (
	lookEvery  = time.Second      // at payments that are open
	probeEvery = time.Second      // a platform that did not answer is asked for results, to see it come back
	pullEvery  = 5 * time.Second  // for results while a customer is busy: hints may be lost
	idlePull   = 60 * time.Second // for results otherwise: money may come late
	overtime   = 15 * time.Second // after the end of the wallet's time a silent platform makes the payment unknown
)

// results is how far the platform's results are known.
type results struct {
	mu    sync.Mutex // one result is applied at a time
	known uint64     // also counts results that changed nothing here
}

// keepResults follows the platform until ctx ends.
func (e *Engine) keepResults(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var pulled time.Time
	for {
		var want bool
		select {
		case <-ctx.Done():
			return
		case o := <-e.opts.Platform.News():
			want = !e.deliver(&o)
		case <-e.opts.Platform.Changed():
			want = true
		case <-tick.C:
			want = e.look(ctx, time.Since(pulled))
		}
		if want && e.opts.Platform.Connected() {
			pulled = time.Now()
			e.pull(ctx)
		}
	}
}

// heard takes the answer to a call.
func (e *Engine) heard(r *wire.Reply) {
	if r.Outcome == nil {
		return
	}
	if r.Outcome.Operation == "" {
		e.setLive(r.Outcome)
	}
	if r.Outcome.N > 0 {
		e.deliver(r.Outcome)
	}
}

// deliver applies a result that is the next one. It returns false when others are missing before it, or when it only hints at some.
func (e *Engine) deliver(o *wire.Outcome) bool {
	e.results.mu.Lock()
	defer e.results.mu.Unlock()
	known := max(e.results.known, e.journal.Views().Results())
	switch {
	case o.N <= known:
		return true // old news, or no result yet
	case o.N != known+1 || o.Payment.IsZero():
		return false
	}
	if err := e.apply(o); err != nil {
		e.log.Error("a result of the platform was not journalled; it is asked for again", "payment", o.Payment, "n", o.N, "error", err)
		return true
	}
	e.results.known = o.N
	return true
}

// pull asks for the results behind the last known one until there are no more.
func (e *Engine) pull(ctx context.Context) {
	for ctx.Err() == nil {
		e.results.mu.Lock()
		after := max(e.results.known, e.journal.Views().Results())
		e.results.mu.Unlock()
		reply, err := e.opts.Platform.Ask(ctx, &wire.Call{ID: pos.NewUUID(time.Now()), Op: wire.OpResults, After: after})
		if err != nil {
			return
		}
		for i := range reply.Results {
			if !e.deliver(&reply.Results[i]) {
				return
			}
		}
		if !reply.More {
			return
		}
	}
}

// apply journals a result. One that does not fit what is known here changes nothing but the count, and is told to people.
func (e *Engine) apply(o *wire.Outcome) error {
	p, err := e.journal.Views().Payment(o.Payment)
	if err != nil {
		return err
	}
	body := e.bodyOf(o, p)
	if _, err := e.journal.Append(body); err != nil {
		return err
	}
	if o.Operation != "" {
		e.dropHeld(o)
		return nil
	}
	e.setLive(o)
	if p != nil && p.Unwanted && o.Status == pos.Approved {
		// The order was freed: the money must go back. The platform also learns it from the journal's records; this is the shorter way.
		return e.handOver(ask{payment: o.Payment, op: wire.OpCancel, unwanted: true})
	}
	return nil
}

// bodyOf is the record for a result.
func (e *Engine) bodyOf(o *wire.Outcome, p *view.Payment) record.Body {
	switch {
	case p == nil:
		e.log.Warn("the platform tells of a payment that this journal does not know", "payment", o.Payment, "status", o.Status)
		return &record.PlatformResult{N: o.N, Note: fmt.Sprintf("payment %s, %s, is not of this journal", o.Payment, o.Status)}
	case o.Operation != "":
		return bodyOfOperation(o, p)
	case o.Status == pos.Pending && o.QR != "" && p.Presented == nil && p.Status.Open():
		return &record.Presented{Payment: o.Payment, Scheme: o.Scheme, QR: o.QR, ExpiresAt: o.ExpiresAt, N: o.N}
	case o.Status == pos.Pending:
		return &record.PlatformResult{Payment: o.Payment, N: o.N, Note: "nothing new"}
	case !p.Status.Can(o.Status):
		if p.Status != o.Status {
			e.log.Warn("a result of the platform does not fit", "payment", o.Payment, "status", p.Status, "told", o.Status)
		}
		return &record.PlatformResult{Payment: o.Payment, N: o.N, Note: fmt.Sprintf("told %s, is %s", o.Status, p.Status)}
	}
	d := &record.Decision{Status: o.Status, Amount: o.Amount, Currency: o.Currency, Code: o.Code, Text: o.Text, Trace: o.Transaction, Brand: o.Scheme}
	if d.Currency == "" {
		d.Currency = p.Intent.Currency
	}
	if s := p.Presented; s != nil && p.Intent.ByReader() {
		d.Brand, d.Last4, d.Entry = s.Brand, s.Last4, s.Entry
	}
	d.Again = again(o)
	return &record.PlatformResult{Payment: o.Payment, N: o.N, Decision: d}
}

// look goes through the open payments, asks the platform about those that it is unsure of, and says whether results are to be pulled.
func (e *Engine) look(ctx context.Context, since time.Duration) (pull bool) {
	open, err := e.journal.Views().Open()
	if err != nil {
		return false
	}
	busy := e.lookAtRefunds(ctx)
	for _, p := range open {
		if !byPlatform(p) && p.Intent.Tender != pos.QR {
			continue
		}
		busy = true
		e.lookAt(ctx, p)
	}
	switch {
	case !e.opts.Platform.Answering():
		return since >= probeEvery
	case busy:
		return since >= pullEvery
	}
	return since >= idlePull
}

// lookAt settles one payment as far as the platform answers. What is asked here moves no money towards us.
func (e *Engine) lookAt(ctx context.Context, p *view.Payment) {
	id := p.Intent.Payment
	answering := e.opts.Platform.Answering()
	switch {
	case answering && p.Unwanted && (byPlatform(p) || e.heldByPlatform(p)) && !e.told(id):
		if e.carried(ctx, ask{payment: id, op: wire.OpCancel, unwanted: true}) {
			e.setTold(id)
		}
	case answering && e.isUnsure(id):
		e.carried(ctx, ask{payment: id, op: wire.OpQuery})
	case !answering && p.Status == pos.Pending && e.overdue(p):
		if err := e.doubt(id); err != nil {
			e.log.Warn("a payment moved on while it was doubted", "payment", id, "error", err)
		}
	}
}

// carried sends a question and says whether it was answered.
func (e *Engine) carried(ctx context.Context, a ask) bool {
	reply, err := e.opts.Platform.Ask(ctx, &wire.Call{ID: pos.NewUUID(time.Now()), Op: a.op, Payment: a.payment, Unwanted: a.unwanted})
	if err == nil {
		e.heard(reply)
	}
	return err == nil
}

// overdue says whether the wallet's own time is over by so much that only the platform's silence keeps the payment pending. A QR of the till's own
// is not: it stays presented until somebody knows.
func (e *Engine) overdue(p *view.Payment) bool {
	if p.Intent.Source == record.FromTill {
		return false
	}
	ends := e.Live(p.Intent.Payment).EndsAt
	if ends == 0 && p.Presented != nil {
		ends = p.Presented.ExpiresAt
	}
	if ends == 0 {
		ends = p.Updated + time.Minute.Milliseconds()
	}
	return time.Now().UnixMilli() > ends+overtime.Milliseconds()
}

// told says whether the platform knows already that a payment is unwanted.
func (e *Engine) told(id pos.PaymentID) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.givenUp[id]
}

func (e *Engine) setTold(id pos.PaymentID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.givenUp[id] = true
}
