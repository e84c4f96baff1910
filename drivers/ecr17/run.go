package ecr17

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/ecr17/codec"
	"github.com/tillproof/tillproof/drivers/stx"
)

// glance is the longest wait without a look at the cashier's wish.
const glance = 200 * time.Millisecond

// run is one command that was handed over, until its result is acknowledged.
type run struct {
	t     *terminal
	task  task
	until time.Time // when it is given up

	told     bool          // its receipts come as texts
	first    time.Duration // how long to wait for the first of them
	wished   bool          // the cashier was told where to stop
	done     bool          // the result is durable and was acknowledged
	uncoded  bool          // a result came whose code nobody knows
	commit   error
	fault    error
	text     []byte // of receipts, as it came
	receipts []drivers.Receipt
}

// follow takes what the terminal says until its result is dealt with, it falls silent, or the wire or ctx ends. Then it takes the receipts, whose loss
// changes nothing for the money.
func (r *run) follow(ctx context.Context) {
	for ; r.open(); r.look() {
		e, err := r.t.line.Next(ctx, earlier(r.until, time.Now().Add(glance)))
		switch {
		case errors.Is(err, drivers.ErrQuiet):
		case err != nil:
			r.fault = err
		default:
			r.take(&e)
		}
	}
	if r.done && r.told {
		r.text = r.t.collect(ctx, r.text, r.first)
		r.receipts = receiptsOf(r.text)
	}
	clear(r.text)
}

func (r *run) open() bool { return !r.done && !r.uncoded && r.commit == nil && r.fault == nil }

// look tells the cashier, once, that nobody can stop the terminal from here, and gives up what has been silent for too long.
func (r *run) look() {
	if !r.open() {
		return
	}
	if closed(r.task.cancel) && !r.wished {
		r.wished = true
		r.task.progress(drivers.Progress{Code: "stop_there", Text: "The card terminal cannot be stopped from here: press its red key."})
	}
	if !time.Now().Before(r.until) {
		r.fault = errLate
	}
}

func (r *run) take(e *stx.Event) {
	defer e.Wipe()
	switch {
	case e.Kind == stx.GotProgress:
		r.until = time.Now().Add(r.t.options.result)
		r.task.progress(drivers.Progress{Text: stx.SafeText(e.Payload)})
	case e.Kind != stx.GotFrame:
	case replies(e.Payload, r.task.answers) && r.t.doubtful(e, r.task.amount):
		r.fault = r.t.line.Refuse()
	case replies(e.Payload, r.task.answers):
		r.result(e)
	case replies(e.Payload, "S"):
		r.text = appendReceipt(r.text, e.Payload)
		r.fault = r.t.line.Accept(e)
	case replies(e.Payload, "sTU"):
		r.fault = r.t.line.Accept(e) // late answers to questions
	}
}

// result makes a result durable and only then acknowledges it. One that cannot be stored is not acknowledged, and neither is one that nobody
// understands: the terminal tells it again when it is asked.
func (r *run) result(e *stx.Event) {
	m := codec.Message(e.Payload)
	if sha256.Sum256(e.Payload) == r.t.given {
		r.fault = r.t.line.Accept(e) // the last approval, said again
		return
	}
	known, err := r.task.keep(m)
	switch {
	case err != nil:
		r.commit = err
	case !known:
		r.uncoded = true
	default:
		if r.first = firstReceipt; m.At(11, 12) != resultOK {
			r.first = firstRefusal
		}
		r.fault = r.t.acknowledge(e)
		r.done = r.fault == nil
	}
}

// approvedAs says whether a payload is the approval of a payment or reversal.
func approvedAs(m codec.Message) bool {
	return bytes.IndexByte([]byte("EV"), m.Code()) >= 0 && m.At(11, 12) == resultOK
}

// verdict says what the run means.
//
//	result                 stored  acknowledged   meaning
//	known                  yes     yes            it stands
//	known                  yes     no             unknown: the wire was lost, G tells it again
//	known                  no      no             unknown
//	of an unknown code     no      no             unknown
//	none                                          unknown
func (r *run) verdict() error {
	name := string(r.task.deed)
	switch {
	case r.done:
		return nil
	case r.commit != nil:
		return unknown(r.task.deed, "The result of the "+name+" could not be stored and was not acknowledged.", r.commit)
	case r.uncoded:
		return unknown(r.task.deed, "The terminal gave a result of the "+name+" that nobody knows.", nil)
	case errors.Is(r.fault, context.Canceled) || errors.Is(r.fault, context.DeadlineExceeded):
		return unknown(r.task.deed, "The wait was abandoned before the terminal told the result of the "+name+".", r.fault)
	}
	return unknown(r.task.deed, "The terminal gave no result of the "+name+".", r.fault)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
