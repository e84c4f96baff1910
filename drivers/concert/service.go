package concert

import (
	"context"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// Settle is not supported: V3 can only ask for a collection (see Service), whose answer tells no totals, and E+ not even that.
func (t *terminal) Settle(context.Context, func(drivers.Progress), func(drivers.Totals) error) (drivers.Totals, error) {
	return drivers.Totals{}, pos.NewError(notPossible, pos.Permanent, pos.NoneMoved,
		"A Concert terminal does not close its day for the till.", "It hands over its transactions by itself, or at its own menu (Telecollecte).")
}

// Chores implements [drivers.Servicer].
func (t tagged) Chores() []drivers.Chore { return []drivers.Chore{drivers.HandOver} }

// Service lets the terminal call its acquirer and hand over what it took (CD=B, "telecollecte"). What it came to, the terminal prints.
func (t tagged) Service(ctx context.Context, chore drivers.Chore, progress func(drivers.Progress)) (string, error) {
	if chore != drivers.HandOver {
		return "", pos.NewError(notPossible, pos.Permanent, pos.NoneMoved, "A Concert terminal cannot do that for the till.", "Do it at the terminal itself.")
	}
	progress(drivers.Progress{Code: actionCollection, Text: "The terminal calls its acquirer."})
	a, err := t.query(ctx, t.head(actionCollection), actionCollection, t.options.answerWait)
	switch {
	case err != nil:
		return "", t.unavailable(err)
	case a.state == done:
		return "The terminal has handed its transactions over; its slip tells the totals.", nil
	case a.state == under:
		return "The terminal hands its transactions over now; its slip will tell how that went.", nil
	}
	return "", refusedQuery(a, "The terminal did not hand its transactions over: "+a.text+".")
}
