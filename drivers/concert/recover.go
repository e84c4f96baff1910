package concert

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/drivers"
)

// parts is in how many pieces a recovery listens for a late answer: between them the till can look after other things.
const parts = 6

// pieceRest is the time between two pieces, short enough for the terminal's ENQ to wait.
const pieceRest = 50 * time.Millisecond

// Recover looks for what became of a command. It sends nothing that moves money. Proof is an answer that comes late and has the command's
// own private field, or, where the terminal can be asked (option status_query), its answer to that. Otherwise the payment stays unknown,
// and the text says what a person has to do.
func (t *terminal) Recover(ctx context.Context, p drivers.Pending) (drivers.Recovery, error) {
	o := t.order(orSale(p.What), p.Amount, p.Ref)
	t.begin(p.Ref)
	t.owed = time.Now().Add(t.options.answerWait)
	if r, found := t.lateAnswer(o); found {
		return t.beside(o, p.Stored, r), nil
	}
	if t.options.keeps && p.Stored != nil && p.Stored.Trace == o.private && p.Stored.Amount == p.Amount {
		return t.standing(o, *p.Stored), nil
	}
	r, err := t.search(ctx, o, max(p.Quiet, time.Since(t.since)))
	if err != nil {
		return drivers.Recovery{}, t.unknown(o, "The card terminal could not be asked for the outcome.", err)
	}
	return t.beside(o, p.Stored, r), nil
}

// beside lays what the terminal told before, and what was not known to be acknowledged, beside what is found now. Where they contradict
// each other a person decides.
func (t *terminal) beside(o order, stored *drivers.Result, r drivers.Recovery) drivers.Recovery {
	if stored == nil || r.Again > 0 {
		return r
	}
	contradicts := r.Verdict == drivers.Charged && stored.Decision != drivers.Approved || r.Verdict == drivers.NotCharged && stored.Decision == drivers.Approved
	if contradicts {
		text := r.Text
		r = t.undecided(o)
		r.Text = text + " " + r.Text
	}
	if r.Verdict == drivers.Undecided {
		r.Text = "The terminal told that it was " + string(stored.Decision) + " and may not have the till's acknowledgement. " + r.Text
	}
	return r
}

// begin notes since when a command is asked for on this wire.
func (t *terminal) begin(ref string) {
	if t.asked != ref || t.since.IsZero() {
		t.asked, t.since = ref, time.Now()
	}
}

func orSale(what drivers.Transaction) drivers.Transaction {
	if what == "" {
		return drivers.SaleOf
	}
	return what
}

// search asks the terminal where it can be asked, and listens otherwise. What was lost with a stream is not told on another.
func (t *terminal) search(ctx context.Context, o order, quiet time.Duration) (drivers.Recovery, error) {
	if t.options.asksStatus {
		return t.ask(ctx, o, quiet)
	}
	left := t.options.answerWait - quiet
	if left <= 0 || o.private == "" || t.stream && !t.lostHere {
		return t.undecided(o), nil
	}
	piece := t.options.answerWait / parts
	err := t.overhear(ctx, o, time.Now().Add(min(left, piece)))
	if r, found := t.lateAnswer(o); found || err != nil {
		return r, err
	}
	if left > piece {
		r := t.undecided(o)
		r.Text, r.Again = "The terminal may still tell it by itself and is listened to. Meanwhile: "+r.Text, pieceRest
		return r, nil
	}
	return t.undecided(o), nil
}

// overhear takes what the terminal says by itself until the deadline or until it is about the order.
func (t *terminal) overhear(ctx context.Context, o order, until time.Time) error {
	for {
		a, err := t.link.answer(ctx, until)
		switch {
		case errors.Is(err, drivers.ErrQuiet):
			return nil
		case err != nil:
			return err
		}
		if err := t.link.accept(); err != nil {
			return err
		}
		t.keep(a)
		t.link.finish(ctx)
		if o.fits(a) == exact {
			return nil
		}
	}
}

// lateAnswer looks for an answer with the order's own name. It is acknowledged: what the terminal said stands.
func (t *terminal) lateAnswer(o order) (drivers.Recovery, bool) {
	for _, a := range t.late {
		if r, proof := t.proves(o, a); proof {
			return r, true
		}
	}
	return drivers.Recovery{}, false
}

// proves says what an answer proves of an order.
func (t *terminal) proves(o order, a *answer) (drivers.Recovery, bool) {
	switch {
	case o.fits(a) != exact:
	case a.state == done && a.complete(t.options.generation):
		return t.standing(o, a.result(o)), true
	case a.state == refused && (a.sum || a.action != actionStatus): // without a sum it says that it does not know the command, which may be too early
		return verdict(drivers.NotCharged, "The terminal answered late that the %s %s over %s was not done: %s.", o.noun(), o.private, o.amount, a.text), true
	}
	return drivers.Recovery{}, false
}

// standing is the verdict over a result that the terminal told.
func (t *terminal) standing(o order, result drivers.Result) drivers.Recovery {
	if result.Decision != drivers.Approved {
		return verdict(drivers.NotCharged, "The terminal told that the %s %s over %s was not done.", o.noun(), o.private, o.amount)
	}
	r := verdict(drivers.Charged, "The terminal told that the %s %s over %s was done.", o.noun(), o.private, o.amount)
	r.Result, r.Last = result, drivers.Last{Trace: result.Trace}
	return r
}

// undecided is the verdict when only a person can tell, with what he has to do.
func (t *terminal) undecided(o order) drivers.Recovery {
	name := ""
	if o.private != "" {
		name = ", reference " + o.private + " where the terminal prints it"
	}
	again := "print its last ticket again (Duplicata) or its journal (Journal, Liste des transactions)"
	if t.options.generation == v3 {
		again = "let it print its last ticket again (the till's reprint, or Duplicata at the terminal) or its journal"
	}
	asked := "The terminal cannot be asked"
	if t.options.asksStatus {
		asked = "The terminal did not tell"
	}
	return verdict(drivers.Undecided, asked+" what became of the %s. 1. If it still shows the %s, let it end, or press its red key. "+
		"2. At the terminal, %s. 3. Look there for a %s over %s at that time%s. 4. If it is there, resolve the payment as done with the number of the ticket; "+
		"if it is not there, or is marked as refused or abandoned (REFUSE, ABANDON), resolve it as not done. Do not charge again before.",
		o.noun(), o.noun(), again, o.noun(), o.amount, name)
}

func verdict(v drivers.Verdict, format string, args ...any) drivers.Recovery {
	return drivers.Recovery{Verdict: v, Text: fmt.Sprintf(format, args...), Last: drivers.Last{Untold: true}}
}
