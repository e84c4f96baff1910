package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/wire"
)

// foreignPatience is how long the platform is asked about a payment of another till.
const foreignPatience = 5 * time.Second

// subject finds the payment that an operation is about: one of this till, or for a refund one of another till of the merchant, that the platform tells.
func (e *Engine) subject(id pos.PaymentID, o *record.Operation) (*view.Payment, error) {
	p, err := e.journal.Views().Payment(id)
	switch {
	case err != nil:
		return nil, err
	case p != nil && (p.Status != pos.Foreign || p.Operation(o.Key) != nil):
		return p, nil
	case o.What != pos.Refund || e.opts.Platform == nil:
		return nil, errNotFound(id.String())
	case !e.opts.Platform.Answering():
		return nil, errRefundOffline()
	}
	if err := e.askElsewhere(id, o); err != nil {
		return nil, err
	}
	if p != nil {
		return p, nil
	}
	return view.BeginForeign(&record.Record{}, o), nil
}

// askElsewhere asks the platform what may still go back of another till's payment, and names it in the operation.
func (e *Engine) askElsewhere(id pos.PaymentID, o *record.Operation) error {
	ctx, stop := context.WithTimeout(context.Background(), foreignPatience)
	defer stop()
	reply, err := e.opts.Platform.Ask(ctx, &wire.Call{ID: pos.NewUUID(time.Now()), Op: wire.OpQuery, Payment: id, Foreign: true})
	if err != nil {
		return errRefundOffline().Because(err)
	}
	told := reply.Outcome
	if told == nil || told.Of == nil {
		return errNotFound(id.String())
	}
	if told.Of.Till == e.opts.Till {
		return errNotRefundable(told.Status, "This till has taken the payment, and its journal does not hold it any more.", "Give it back at the platform.")
	}
	if told.Of.Returnable <= 0 {
		return errNotRefundable(told.Status, fmt.Sprintf("Nothing of this payment of till %s can go back now.", told.Of.Till),
			"Look at what went back at its own till.")
	}
	o.Of = &record.Foreign{Till: told.Of.Till, Order: told.Of.Order, Attempt: told.Of.Attempt, Tender: told.Of.Tender, Currency: told.Currency,
		Amount: told.Of.Returnable}
	return nil
}

// mayGiveForeign says by which ways another till's money may go back here: through the platform as it came, or out of this till's drawer when the
// platform has set the sum aside. A card goes back to its own terminal.
func (e *Engine) mayGiveForeign(o *record.Operation) error {
	switch {
	case o.Tender == pos.Card:
		return errNotSupported("The money of another till's card payment cannot go back to the card here.", "Take it to that till, or give cash back.")
	case o.Tender == pos.Cash && o.Amount%e.cashStep(o.Currency) != 0:
		return errAmount(fmt.Sprintf("%s cannot be paid in coins.", pos.Money{Amount: o.Amount, Currency: o.Currency}), "Give back a sum that can.")
	}
	return nil
}

func errRefundOffline() *pos.Error {
	return pos.NewError("offline_refused", pos.Transient, pos.NoneMoved, "Only the platform can say what may still go back, and it cannot be reached now.",
		"Give cash back for payments of this till, or try again when the till is online.").With("rule", "refund_online_only")
}
