package hypercom

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/hypercom/codec"
	"github.com/tillproof/tillproof/drivers/stx"
)

// run is one command that was handed over, until its result is acknowledged.
type run struct {
	t     *terminal
	task  task
	until time.Time // when it is given up

	blind   bool // nothing shows yet that what the terminal says is said of this command
	acks    int  // that were heard when it was handed over
	wished  bool // the cashier's wish was dealt with
	stopped bool // the terminal says that it ended the command at our wish
	odd     [sha256.Size]byte
	parts   []codec.Field // of an answer in several messages
	cut     error         // what could not be read of those

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
		case err == nil:
			r.take(in)
		case !errors.Is(err, drivers.ErrQuiet):
			r.fault = err
		}
		if r.open() {
			r.look(ctx) // between frames, too: some terminals make no pause
		}
	}
}

// early deals with the answers that came instead of the ACK to the command, and says whether there were any.
func (r *run) early() (found bool) {
	ended, end := context.WithCancel(context.Background())
	end() // no byte is read for this
	for {
		in, err := r.t.next(ended, time.Time{})
		if err != nil {
			return found
		}
		r.take(in)
		found = true
	}
}

func (r *run) open() bool { return !r.done && r.unclear == "" && r.commit == nil && r.fault == nil }

// look deals with the cashier's wish, and with the end of the time.
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
		if r.stopped = in.message.Response == approvedCode; r.stopped {
			r.until = earlier(r.until, time.Now().Add(answerTime)) // nobody is at it any more
		} else {
			r.tellToStop()
		}
		r.fault = r.t.line.Accept(&in.event)
		return
	}
	r.blind = r.blind && r.t.acks == r.acks
	reply := readReply(in, r.t.currency)
	if r.blind || code != r.task.request.Code || !r.ours(in, reply) {
		r.fault = r.t.stray(in)
		r.t.setAside()
		return
	}
	defer in.event.Wipe()
	if r.collect(in) {
		return
	}
	if r.doubtful(in, reply) {
		r.fault = r.t.line.Refuse()
		return
	}
	r.result(in, reply)
}

// ours says whether a result with the right code is that of this command: by the till's own name of it, where both have one. Otherwise an older result that
// is told again shows itself as the one that was acknowledged last, or that came when nobody waited.
func (r *run) ours(in *incoming, got reply) bool {
	if got.id != "" && r.task.wish.id != "" {
		return got.id == r.task.wish.id
	}
	return !r.t.toldBefore(in, got)
}

// collect keeps a part of an end of day that another message follows, and lets that come; it puts the parts before the last one.
func (r *run) collect(in *incoming) (unfinished bool) {
	if r.task.deed != closing {
		return false
	}
	r.cut = cmp.Or(r.cut, in.cut)
	if !in.message.More {
		in.message.Fields, in.cut = append(r.parts, in.message.Fields...), r.cut
		return false
	}
	for _, f := range in.message.Fields {
		if f.Code != fieldCard && !isPersonal(f) {
			r.parts = append(r.parts, codec.Field{Code: f.Code, Data: bytes.Clone(f.Data)})
		}
	}
	r.fault = r.t.line.Accept(&in.event)
	return true
}

// doubtful says whether an approval names another amount than the one that was asked for, or a refusal an approval code, and is to be sent again: the check
// byte does not see each damage. It is believed when it comes again in the same words.
func (r *run) doubtful(in *incoming, got reply) bool {
	contradicts := got.response != approvedCode && strings.Trim(got.result.AuthCode, "0") != ""
	if !r.otherAmount(got) && !contradicts {
		return false
	}
	sum := sha256.Sum256(in.event.Payload)
	again := sum == r.odd
	r.odd = sum
	return !again
}

func (r *run) otherAmount(got reply) bool {
	switch {
	case got.response != approvedCode || r.task.deed == closing:
		return false
	case got.garbled:
		return r.task.deed != voiding // of a void the whole amount is known
	}
	return got.priced && got.result.Amount.Amount != r.task.wish.amount
}

// result makes a result durable and only then acknowledges it. One that cannot be stored is not acknowledged, and neither is one that may be another's, or
// whose amount nobody can tell.
func (r *run) result(in *incoming, got reply) {
	switch other := r.otherAmount(got); {
	case other && got.garbled:
		r.unclear = "The terminal approved an amount that cannot be read."
		return
	case other && (got.id == "" || r.task.wish.id == ""):
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
		r.fault = r.t.acknowledge(in, got)
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
