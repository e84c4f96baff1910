package zvt

import (
	"context"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/drivers"
)

// Recover waits until the terminal is free, registers, asks for the last transaction and judges it. It sends nothing
// that moves money. An error means that the terminal could not be asked: the outcome stays unknown.
func (t *terminal) Recover(ctx context.Context, pending drivers.Pending) (drivers.Recovery, error) {
	if err := t.makeReady(ctx); err != nil {
		return drivers.Recovery{}, unknown(deedOf(pending.What), "The terminal could not be asked for the outcome.", err)
	}
	f, err := t.lastTransaction(ctx)
	if err != nil {
		return drivers.Recovery{}, unknown(deedOf(pending.What), "The terminal could not be asked for the outcome.", err)
	}
	r, err := t.judgeRelease(ctx, pending, f)
	if err != nil {
		return drivers.Recovery{}, unknown(deedOf(pending.What), "The terminal could not be asked for the outcome.", err)
	}
	if wait := t.doubted(pending); r.Verdict == drivers.Charged && wait > 0 {
		r = verdict(drivers.Undecided, "The terminal's last transaction, %s, fits this %s, but without the till's answers the terminal may "+
			"still take it back by itself: it is asked again.", name(f.last()), noun(pending))
		r.Again = wait
	}
	r.Last = f.last()
	return r, nil
}

// answerTime is how long a terminal waits for the answer to a result before it takes the money back, unless BMP 01 says otherwise (PA00P015, 06 01).
const answerTime = 30 * time.Second

// customerTime is more than a terminal can be busy with one customer, with or without a till.
const customerTime = 15 * time.Minute

// sighting is the first time that the terminal told a transaction as its last one, on this wire.
type sighting struct {
	last drivers.Last
	at   time.Time
}

// sight notes that the terminal tells a transaction.
func (t *terminal) sight(last drivers.Last) {
	if t.seen.last != last || t.seen.at.IsZero() {
		t.seen = sighting{last, time.Now()}
	}
}

// doubted is how long a booked transaction is still not to be believed, 0 when it is. A terminal that misses the answer to its result or to a print
// command takes the money back by itself, and there are such that meanwhile tell the transaction as if it stood. What was told that long ago and is
// told still, stands. So does what is told now when the till lost the terminal so long ago that its customer cannot have come to an end since.
func (t *terminal) doubted(p drivers.Pending) time.Duration {
	patience := t.patience(p.What)
	if p.Quiet >= customerTime+patience {
		return 0
	}
	return max(0, patience-time.Since(t.seen.at))
}

// patience is how long the terminal waits for an answer of the till, and half as much again for its repeats and for taking the money back. BMP 01
// is known to hold for payments only.
func (t *terminal) patience(what drivers.Transaction) time.Duration {
	wait := answerTime
	if n := t.options.resultTimeout; n > 0 && deedOf(what) == paying {
		wait = time.Duration(n) * time.Second
	}
	return wait + wait/2
}

func verdict(v drivers.Verdict, format string, args ...any) drivers.Recovery {
	return drivers.Recovery{Verdict: v, Text: fmt.Sprintf(format, args...)}
}

// name is how the evidence calls a transaction.
func name(l drivers.Last) string {
	switch {
	case l.Trace != "":
		return "trace " + l.Trace
	case l.ReceiptNo != "":
		return "receipt " + l.ReceiptNo
	}
	return "without a number"
}

// noun is how the evidence calls what is asked for.
func noun(p drivers.Pending) string {
	switch p.What {
	case drivers.VoidOf:
		return "reversal"
	case drivers.RefundOf:
		return "refund"
	case drivers.ReservationOf:
		return "reservation"
	case drivers.BookingOf:
		return "booking"
	case drivers.ReleaseOf:
		return "release"
	}
	return "sale"
}
