package concert

import (
	"context"
	"errors"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// queryTime is how long an answer to a question that needs no customer may take.
const queryTime = 60 * time.Second

// query asks something that moves no money and returns the terminal's answer to it. Other answers that come meanwhile are kept.
func (t *terminal) query(ctx context.Context, payload []byte, action string, patience time.Duration) (*answer, error) {
	if err := t.link.request(ctx, payload); err != nil {
		return nil, err
	}
	for until := time.Now().Add(patience); ; {
		a, err := t.link.answer(ctx, until)
		if err != nil {
			return nil, err
		}
		if err := t.link.accept(); err != nil {
			return nil, err
		}
		t.link.finish(ctx)
		if a.answers(action) {
			return a, nil
		}
		t.keep(a)
	}
}

// answers says whether a message can be the answer to a question. One that does not say to what and has a name belongs to the command of that
// name, unless the question is about a name, too.
func (a *answer) answers(action string) bool {
	untold := a.action == "" && (a.private == "" || action == actionStatus)
	return a.strange == nil && (a.action == action || untold)
}

// ask asks a terminal of PayXpert what became of an order (CD=T). That it does not know it is believed only when its customer cannot be
// busy with it any more. Which tags the question needs is not public: version, register, currency and the name of the transaction are
// sent.
func (t *terminal) ask(ctx context.Context, o order, quiet time.Duration) (drivers.Recovery, error) {
	if _, err := t.link.probe(ctx, t.options.answerWait); err != nil {
		return drivers.Recovery{}, err
	}
	if r, found := t.lateAnswer(o); found {
		return r, nil
	}
	a, err := t.query(ctx, t.named(t.head(actionStatus), o), actionStatus, queryTime)
	if r, found := t.lateAnswer(o); found {
		return r, nil
	}
	if errors.Is(err, drivers.ErrQuiet) {
		return t.undecided(o), nil
	}
	if err != nil {
		return drivers.Recovery{}, err
	}
	return t.weighStatus(o, a, t.options.answerWait-quiet), nil
}

// statusRest is the time between two questions about a transaction that still runs.
const statusRest = 30 * time.Second

// weighStatus judges the answer to CD=T. left is how long a customer can still be busy with the order.
func (t *terminal) weighStatus(o order, a *answer, left time.Duration) drivers.Recovery {
	unknownThere := o.fits(a) == exact && a.state == refused && !a.sum
	switch {
	case a.notBegun:
		r := t.undecided(o)
		r.Text = "The terminal does not understand the question (" + a.text + "). " + r.Text
		return r
	case unknownThere && left > 0:
		r := verdict(drivers.Undecided, "The terminal does not know the %s %s; it is asked again when no customer can be busy with it.", o.noun(), o.private)
		r.Again = left
		return r
	case unknownThere:
		return verdict(drivers.NotCharged, "The terminal does not know the %s %s, and no customer can be busy with it any more.", o.noun(), o.private)
	case a.state == under && left > 0:
		r := verdict(drivers.Undecided, "The terminal is still busy with the %s; it is asked again.", o.noun())
		r.Again = min(left, statusRest)
		return r
	}
	if r, proof := t.proves(o, a); proof {
		return r
	}
	return t.undecided(o)
}

// Reprint lets the terminal print its last ticket again (CD=3). It gives the text where the terminal sends it along.
func (t tagged) Reprint(ctx context.Context, _ func(drivers.Progress)) ([]drivers.Receipt, error) {
	a, err := t.query(ctx, t.head(actionDuplicate), actionDuplicate, queryTime)
	if err != nil {
		return nil, t.unavailable(err)
	}
	if a.state != done && a.state != under {
		return nil, refusedQuery(a, "The card terminal does not print its last ticket again: "+a.text+".")
	}
	return a.receipts, nil
}

// refusedQuery is the error of a question that the terminal refuses.
func refusedQuery(a *answer, text string) error {
	code := terminalRefused
	if a.notBegun {
		code = notPossible
	}
	return pos.NewError(code, pos.Permanent, pos.NoneMoved, text, "Do it at the terminal itself.").With("result", a.code)
}

var (
	_ drivers.CardTerminal = (*terminal)(nil)
	_ drivers.Reprinter    = tagged{}
	_ drivers.Servicer     = tagged{}
)
