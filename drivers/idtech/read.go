package idtech

import (
	"context"
	"errors"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/idtech/codec"
	"github.com/tillproof/tillproof/pos"
)

// Read implements [drivers.CardReader]. What has come of a swipe when ctx ends is kept for the next call.
func (r *reader) Read(ctx context.Context, progress func(drivers.Progress)) (drivers.Swipe, error) {
	if !r.proven {
		return drivers.Swipe{}, unopened()
	}
	for told := false; ; {
		if err := ctx.Err(); err != nil {
			return drivers.Swipe{}, err
		}
		ev, err := r.listen(r.until(ctx))
		if err != nil && !errors.Is(err, drivers.ErrQuiet) {
			return drivers.Swipe{}, r.unavailable(err)
		}
		if !told && r.decoder.Reading() {
			told = true
			progress(drivers.Progress{Code: "reading", Text: "The card is being read"})
		}
		if ev.Kind == codec.Swipe || ev.Kind == codec.InClear || ev.Kind == codec.Bad {
			return r.card(ctx, &ev, progress)
		}
	}
}

// until is when a wait ends at the latest: a glance away, or with ctx.
func (h *head) until(ctx context.Context) time.Time {
	until := time.Now().Add(glance)
	if end, ok := ctx.Deadline(); ok && end.Before(until) {
		until = end.Add(time.Millisecond) // when ctx has noticed it
	}
	return until
}

// card judges what came of a card, and wipes it.
func (r *reader) card(ctx context.Context, ev *codec.Event, progress func(drivers.Progress)) (drivers.Swipe, error) {
	switch ev.Kind {
	case codec.InClear:
		return drivers.Swipe{}, inClear("The card reader has sent a card in clear.")
	case codec.Bad:
		r.damaged++
		return drivers.Swipe{}, r.unreadable("The card could not be read.", ev.Err)
	}
	defer r.decoder.Wipe()
	swipe, err := r.take(ev.Data)
	switch {
	case errors.Is(err, errNothing): // as a reader sends it whose keys have come to their end
		r.decoder.Wipe()
		return drivers.Swipe{}, r.whyNothing(ctx)
	case err != nil:
		return drivers.Swipe{}, err
	}
	warnOfKeys(swipe.KSN, progress)
	return swipe, nil
}

// warnOfKeys tells when the reader wants new keys soon.
func warnOfKeys(ksn []byte, progress func(drivers.Progress)) {
	if drivers.KSNCounter(ksn) > keysLow {
		progress(drivers.Progress{Code: "keys_low", Text: keysLowText})
	}
}

// whyNothing is the error of a swipe that has no tracks: the level tells whether the card or the reader is to blame.
func (r *reader) whyNothing(ctx context.Context) error {
	var known *pos.Error
	if _, err := r.level(ctx); errors.As(err, &known) {
		return known
	}
	return r.unreadable("The card could not be read.", errNothing)
}
