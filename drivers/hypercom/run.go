package hypercom

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/stx"
)

// run is one command that was handed over, until its result is acknowledged.
type run struct {
	t     *terminal
	task  task
	until time.Time // when it is given up

	wished  bool // the cashier's wish was dealt with
	stopped bool // the terminal says that it ended the command at our wish
	odd     [sha256.Size]byte

	done    bool // the result is durable and was acknowledged
	unclear string
	commit  error
	fault   error
}

// follow takes what the terminal says until its result is dealt with, time is over, or the wire or ctx ends.
func (r *run) follow(ctx context.Context) {
	for r.open() {
		in, err := r.t.next(ctx, earlier(r.until, time.Now().Add(glance)))
		switch {
		case errors.Is(err, drivers.ErrQuiet):
			r.look(ctx)
		case err != nil:
			r.fault = err
		default:
			r.take(in)
		}
	}
}

func (r *run) open() bool { return !r.done && r.unclear == "" && r.commit == nil && r.fault == nil }

// look uses a pause.
func (r *run) look(ctx context.Context) {
	if closed(r.task.cancel) && !r.wished {
		r.wished = true
		r.stop(ctx)
	}
	if r.fault == nil && !time.Now().Before(r.until) {
		r.fault = errLate
	}
}

// stop asks the terminal to end the command, which it does until the card is read. The outcome comes from its result in any case.
func (r *run) stop(ctx context.Context) {
	p := r.t.options.profile
	if p.cancel == "" {
		r.tellToStop()
		return
	}
	payload := p.form.Payload(r.t.options.request(codes{code: p.cancel}, wish{}))
	err := r.t.line.Send(ctx, payload, stx.Sending{Wait: r.t.options.ack, Sends: sends, Silent: 1})
	switch {
	case err == nil:
	case passes(err):
		r.tellToStop()
	default:
		r.fault = err
	}
}

func (r *run) tellToStop() {
	r.task.progress(drivers.Progress{Code: "stop_there", Text: "The card terminal cannot be stopped from here now: press its red key."})
}

// take deals with an answer.
func (r *run) take(in *incoming) {
	code := in.message.Code
	if code == r.t.options.profile.cancel && code != "" {
		defer in.event.Wipe()
		if r.stopped = in.message.Response == approvedCode; !r.stopped {
			r.tellToStop()
		}
		r.fault = r.t.line.Accept(&in.event)
		return
	}
	reply := readReply(in, r.t.currency)
	if code != r.task.request.Code || !r.ours(in, reply) {
		r.fault = r.t.stray(in)
		return
	}
	defer in.event.Wipe()
	if r.doubtful(in, reply) {
		r.fault = r.t.line.Refuse()
		return
	}
	r.result(in, reply)
}

// ours says whether a result with the right code is that of this command: by the till's own name of it, where both have one. Otherwise an older result that
// is told again shows itself as the one that was acknowledged last, or that came when nobody waited.
func (r *run) ours(in *incoming, got reply) bool {
	switch {
	case got.id != "" && r.task.wish.id != "":
		return got.id == r.task.wish.id
	case r.t.known(in) != "" || slices.Contains(r.t.late, got):
		return false
	}
	return got.result.Trace == "" || got.result.Trace != r.t.trace
}

// doubtful says whether an approval names another amount than the one that was asked for, and is to be sent again: the check byte does not see each damage.
// It is believed when it comes again in the same words.
func (r *run) doubtful(in *incoming, got reply) bool {
	if !r.otherAmount(got) {
		return false
	}
	sum := sha256.Sum256(in.event.Payload)
	again := sum == r.odd
	r.odd = sum
	return !again
}

func (r *run) otherAmount(got reply) bool {
	return got.response == approvedCode && got.priced && r.task.deed != closing && got.result.Amount.Amount != r.task.wish.amount
}

// result makes a result durable and only then acknowledges it. One that cannot be stored is not acknowledged, and neither is one that may be another's.
func (r *run) result(in *incoming, got reply) {
	if r.otherAmount(got) && (got.id == "" || r.task.wish.id == "") {
		r.unclear = "The terminal approved " + got.result.Amount.String() + ", which is not what it was asked for."
		return
	}
	known, err := r.task.keep(in, got, r.stopped)
	switch {
	case err != nil:
		r.commit = err
	case !known:
		r.unclear = "The terminal gave an answer that does not say what became of it."
	default:
		r.fault = r.t.acknowledge(in, got.result.Trace)
		r.done = r.fault == nil
	}
}

// verdict says what the run means.
//
//	result                   stored  acknowledged   meaning
//	known                    yes     yes            it stands
//	known                    yes     no             unknown: the wire was lost, and the terminal is asked for it by its number
//	known                    no      no             unknown
//	perhaps another's        no      no             unknown
//	none                                            unknown
func (r *run) verdict() error {
	name := string(r.task.deed)
	switch {
	case r.done:
		return nil
	case r.commit != nil:
		return unknown(r.task.deed, "The result of the "+name+" could not be stored and was not acknowledged.", r.commit)
	case r.unclear != "":
		return unknown(r.task.deed, r.unclear, nil)
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
