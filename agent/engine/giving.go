package engine

import (
	"context"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// giving is a void or a refund by card, money on its way back through a card terminal; or what ends a reservation there.
type giving struct {
	in      pos.OrderRef
	request *record.Operation
	of      drivers.Last     // the sale or reservation by the terminal's own numbers; a void names it
	stored  *record.Decision // the result that was durable and not confirmed, nil when none came
	begun   time.Time        // when the request was made durable, zero before that is asked for
	held    bool             // the payment is a reservation: it is booked or released
}

func givingOf(p *view.Payment, o *view.Operation) giving {
	request := o.Request
	return giving{in: p.Intent.Order, request: &request, of: numbersOf(p), stored: o.Decision, begun: time.UnixMilli(o.Created),
		held: p.Status == pos.Reserved}
}

// numbersOf names a sale or a reservation as the terminal numbered it.
func numbersOf(p *view.Payment) drivers.Last {
	d := p.Decision
	if d == nil {
		return drivers.Last{}
	}
	of := drivers.Last{Trace: d.Trace, ReceiptNo: d.ReceiptNo}
	if p.Status == pos.Reserved {
		of.Held = p.Held
	}
	return of
}

func (g giving) order() pos.OrderRef         { return g.in }
func (g giving) payment() pos.PaymentID      { return g.request.Payment }
func (g giving) operation() pos.OperationKey { return g.request.Key }
func (g giving) amount() pos.Money {
	return pos.Money{Amount: g.request.Amount, Currency: g.request.Currency}
}

func (g giving) unknown(p *view.Payment) bool {
	o := p.Operation(g.request.Key)
	return o != nil && o.State == pos.OperationUnknown && o.Evidence != record.Abandoned
}

func (g giving) command(ctx context.Context, terminal drivers.CardTerminal, command drivers.Sale) (drivers.Outcome, error) {
	command.Amount, command.Ref = g.amount(), g.ref()
	if g.held {
		return g.endReservation(ctx, terminal, command)
	}
	if g.request.What == pos.Void {
		return terminal.Void(ctx, command, g.of)
	}
	return terminal.Refund(ctx, command)
}

// ref is how a void or refund is called at a card terminal that takes the till's names: operation keys are the caller's, and unique in a payment only.
func (g giving) ref() string { return g.request.Payment.String() + "/" + string(g.request.Key) }

func (g giving) pending() drivers.Pending {
	q := drivers.Pending{What: drivers.RefundOf, Ref: g.ref(), Amount: g.amount(), Before: last(g.request.Before), Stored: stored(g.stored), Begun: g.begun}
	switch {
	case g.request.What == pos.Capture:
		q.What, q.Of = drivers.BookingOf, g.of
	case g.request.What == pos.Void && g.held:
		q.What, q.Of = drivers.ReleaseOf, g.of
	case g.request.What == pos.Void:
		q.What, q.Of = drivers.VoidOf, g.of
	}
	return q
}

func (g giving) told(d record.Decision) record.Body {
	return &record.OperationResult{Payment: g.request.Payment, Key: g.request.Key, Decision: d}
}

// end is the record that ends the operation, or says that nobody knows.
func (g giving) end(state pos.OperationState, e record.Evidence, why reason) *record.OperationEnd {
	return &record.OperationEnd{Payment: g.request.Payment, Key: g.request.Key, State: state, Evidence: e, Reason: why.code, Text: why.text}
}

func (g giving) confirmed(o drivers.Outcome) record.Body {
	end := g.end(pos.OperationDone, "", reason{})
	if r := o.Result; !r.Decision.Status().Taken() {
		end = g.end(pos.OperationRefused, "", reason{r.Code, r.Text})
	}
	end.Receipts = receipts(o.Receipts)
	return end
}

func (g giving) unsent(cause error) record.Body {
	why, _ := refusal(cause)
	return g.end(pos.OperationRefused, record.ByNotSent, why)
}

func (g giving) doubted(e record.Evidence, why reason) record.Body {
	return g.end(pos.OperationUnknown, e, why)
}

func (g giving) proven(found drivers.Recovery) record.Body {
	if found.Verdict == drivers.Charged {
		end, d := g.end(pos.OperationDone, record.ByTerminal, reason{text: found.Text}), decision(found.Result)
		end.Found = &d
		return end
	}
	why := reason{"not_charged", found.Text}
	if d := g.stored; d != nil && d.Status.Uncharged() {
		why = reason{d.Code, d.Text}
	}
	return g.end(pos.OperationRefused, record.ByTerminal, why)
}
