package hypercom

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/drivers"
)

// Recover finds out what became of a sale, void or refund: by what the terminal said when nobody waited, by the question for the till's own name of it, or
// by the one for the number that its answer had told. It sends nothing that moves money. An error means that the terminal could not be asked.
func (t *terminal) Recover(ctx context.Context, p drivers.Pending) (drivers.Recovery, error) {
	if p.Stored != nil && p.Stored.Decision != drivers.Approved {
		return verdict(drivers.NotCharged, "The terminal had told already that it did not approve this %s.", deedOf(p.What)), nil
	}
	if err := t.drain(ctx, stillness); err != nil {
		return drivers.Recovery{}, t.unasked(p, err)
	}
	if r, decided := t.judgeLate(p); decided {
		return r, nil
	}
	profile := t.options.profile
	switch held := charging(p.Stored); {
	case profile.named && profile.byID.code != "":
		return t.byID(ctx, p)
	case held != nil && isNumber(held.Trace) && profile.byTrace.code != "":
		return t.byTrace(ctx, p, held)
	case held == nil && t.waits(p) > 0:
		r := t.undecided(p, "The terminal cannot be asked for this, but its answer may still come.")
		r.Again = t.waits(p)
		return r, nil
	}
	return t.undecided(p, "The terminal cannot be asked for this."), nil
}

// byID asks for a command by the till's own name of it.
func (t *terminal) byID(ctx context.Context, p drivers.Pending) (drivers.Recovery, error) {
	w := wish{id: drivers.Ticket(p.Ref, idLength)}
	told, err := t.find(ctx, t.options.profile.byID, w)
	if err != nil {
		return drivers.Recovery{}, t.unasked(p, err)
	}
	if r, decided := t.judgeLate(p); decided {
		return r, nil
	}
	r := t.judge(p, told, w.id)
	if wait := t.waits(p); r.Verdict == drivers.NotCharged && wait > 0 {
		r = verdict(drivers.Undecided, "The terminal does not hold this %s, but may still be busy with it: it is asked again.", deedOf(p.What))
		r.Again = wait
	}
	return r, nil
}

// byTrace asks for a command by the terminal's number, which its answer had told.
func (t *terminal) byTrace(ctx context.Context, p drivers.Pending, held *drivers.Result) (drivers.Recovery, error) {
	told, err := t.find(ctx, t.options.profile.byTrace, wish{of: drivers.Last{Trace: held.Trace}})
	if err != nil {
		return drivers.Recovery{}, t.unasked(p, err)
	}
	return t.judgeTrace(p, held, told), nil
}

// find asks for a transaction, with patience for a terminal that serves a customer.
func (t *terminal) find(ctx context.Context, c codes, w wish) (told reply, err error) {
	err = t.patiently(ctx, func() error {
		in, err := t.ask(ctx, t.options.request(c, w))
		if err != nil {
			return err
		}
		told = readReply(in, t.currency)
		in.event.Wipe()
		return nil
	})
	return told, err
}

func (t *terminal) unasked(p drivers.Pending, err error) error {
	if other := t.stranger(); other != nil {
		err = errors.Join(other, err)
	}
	return unknown(deedOf(p.What), "The terminal could not be asked for the outcome.", err)
}

// sighting is the first time on this wire that a command was missed at the terminal.
type sighting struct {
	ref string
	at  time.Time
}

// waits is how long it is still possible that the terminal is busy with a command whose till it has lost, and tells it later: no question says that.
func (t *terminal) waits(p drivers.Pending) time.Duration {
	if p.Quiet >= t.options.running {
		return 0
	}
	if t.absent.at.IsZero() || t.absent.ref != p.Ref {
		t.absent = sighting{p.Ref, time.Now()}
	}
	return max(0, t.options.running-time.Since(t.absent.at))
}

func verdict(v drivers.Verdict, format string, args ...any) drivers.Recovery {
	return drivers.Recovery{Verdict: v, Text: fmt.Sprintf(format, args...), Last: drivers.Last{Untold: true}}
}
