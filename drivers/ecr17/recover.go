package ecr17

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/ecr17/codec"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
)

// Recover asks with G for the last result and judges it. It sends nothing that moves money.
func (t *terminal) Recover(ctx context.Context, pending drivers.Pending) (drivers.Recovery, error) {
	if err := t.check(ctx); err != nil { // for the terminal's clock, too
		return drivers.Recovery{}, t.unasked(pending, err)
	}
	last, err := t.lastResult(ctx)
	if err != nil {
		return drivers.Recovery{}, t.unasked(pending, err)
	}
	r, sure := t.judge(pending, last)
	if wait := t.doubted(pending); r.Verdict == drivers.NotCharged && !sure && wait > 0 {
		r = verdict(drivers.Undecided, "The terminal does not hold this %s, but may still be busy with it: it is asked again.", deedOf(pending.What))
		r.Again = wait
	}
	r.Last = last.last()
	return r, nil
}

func (t *terminal) unasked(p drivers.Pending, err error) error {
	if other := t.stranger(); other != nil {
		err = errors.Join(other, err)
	}
	return unknown(deedOf(p.What), "The terminal could not be asked for the outcome.", err)
}

// stored is the terminal's last result, nil when it tells none.
type stored struct{ *reply }

func (s stored) last() drivers.Last {
	if s.reply == nil {
		return drivers.Last{}
	}
	return s.reply.last()
}

// tellings is how often the last result is asked for at most, until it is told twice in the same words.
const tellings = 5

// lastResult asks with G until two answers are the same: everything else is compared with it, and the check byte does not see each damage. A terminal
// that says NAK, although it answers other questions, has none. An answer is not kept longer than needed.
func (t *terminal) lastResult(ctx context.Context) (stored, error) {
	var before [sha256.Size]byte
	for range tellings {
		e, err := t.tellLast(ctx)
		if passesNAK(err) {
			return stored{}, nil
		}
		if err != nil {
			return stored{}, err
		}
		sum := sha256.Sum256(e.Payload)
		got := readResult(codec.Message(e.Payload), pos.Money{Currency: t.currency}, time.Now())
		e.Wipe()
		if sum == before {
			t.heard(sum, got.outcome == resultOK && !got.foreign)
			t.sight(got)
			return stored{&got}, nil
		}
		before = sum
	}
	return stored{}, stx.ErrDamaged
}

// tellLast asks once with G, and once more where the answer is NAK and another question is answered.
func (t *terminal) tellLast(ctx context.Context) (e stx.Event, err error) {
	for range asks {
		if e, err = t.enquire(ctx, t.request('G', 22), lastResults); !passesNAK(err) {
			return e, err
		}
		if _, err := t.status(ctx); err != nil {
			return e, err
		}
	}
	return e, err
}

// passesNAK says whether the terminal refused a frame, and nothing worse happened.
func passesNAK(err error) bool { return errors.Is(err, stx.ErrNAK) }

// sighting is the first time on this wire that the terminal told what it tells now.
type sighting struct {
	stan, outcome string
	at            time.Time
}

func (t *terminal) sight(got reply) {
	t.stan = got.stan
	if t.seen.at.IsZero() || t.seen.stan != got.stan || t.seen.outcome != got.outcome {
		t.seen = sighting{got.stan, got.outcome, time.Now()}
	}
	if got.outcome == resultOK && !got.foreign && !got.reversal {
		t.paid = got.stan
	}
}

// busy notes that the terminal shows something to a customer.
func (t *terminal) busy() { t.seen = sighting{} }

// doubted is how long it is still possible that the terminal is busy with a command whose till it has lost, and holds it later: no message asks for that.
func (t *terminal) doubted(p drivers.Pending) time.Duration {
	if p.Quiet >= t.options.running {
		return 0
	}
	if t.seen.at.IsZero() {
		return t.options.running
	}
	return max(0, t.options.running-time.Since(t.seen.at))
}

func verdict(v drivers.Verdict, format string, args ...any) drivers.Recovery {
	return drivers.Recovery{Verdict: v, Text: fmt.Sprintf(format, args...)}
}
