package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/wire"
)

// RefundRequest asks for money to go back. Its key makes it one refund, however often it is asked for.
type RefundRequest struct {
	Key     pos.OperationKey
	Amount  *pos.Minor // nil for all that is left
	Reason  string     // for the books, at most 200 characters
	Tender  pos.Tender // cash, or "" for the way the money came
	Cashier pos.PersonID
}

// Void takes a whole payment back: by card at the terminal that took it, before its settlement, or out of the drawer. The same key again gives the same
// answer, also after a restart and when the void has ended; begun says that it is new. After an error no money moves through this call.
func (e *Engine) Void(id pos.PaymentID, key pos.OperationKey, cashier pos.PersonID) (p *view.Payment, begun bool, err error) {
	return e.operate(id, &record.Operation{Payment: id, Key: key, What: pos.Void, Cashier: cashier}, nil)
}

// Refund gives money of a payment back: by card, out of the drawer, or through the platform. Keys and errors are as in [Engine.Void]. A payment that
// another till took is asked for at the platform.
func (e *Engine) Refund(id pos.PaymentID, r RefundRequest) (p *view.Payment, begun bool, err error) {
	if len(r.Reason) > maxReason {
		return nil, false, errRequest(fmt.Sprintf("The reason is longer than %d bytes.", maxReason), "Shorten it.")
	}
	return e.operate(id, &record.Operation{Payment: id, Key: r.Key, What: pos.Refund, Reason: r.Reason, Tender: r.Tender, Cashier: r.Cashier}, r.Amount)
}

// maxReason is the longest reason of a refund, in bytes.
const maxReason = 200

// operate begins an operation or finds the one that its key names. asked is nil for all that is left.
func (e *Engine) operate(id pos.PaymentID, o *record.Operation, asked *pos.Minor) (*view.Payment, bool, error) {
	if _, err := pos.ParseOperationKey(string(o.Key)); err != nil {
		return nil, false, errRequest(err.Error(), "Give each void and refund a key of its own, and the same one when you ask again.")
	}
	p, err := e.subject(id, o)
	if err != nil {
		return nil, false, err
	}
	defer e.orders.lock(p.Intent.Order)()
	if known, err := e.journal.Views().Payment(id); err != nil {
		return nil, false, err
	} else if known != nil {
		p = known
	}
	if o.Tender == "" {
		o.Tender = p.Intent.Tender
	}
	if known := p.Operation(o.Key); known != nil {
		if !sameOperation(p, known, o, asked) {
			return nil, false, errOperationConflict(o.Key)
		}
		return p, false, nil
	}
	if err := e.prepare(p, o, asked); err != nil {
		return nil, false, err
	}
	if err := e.carryOut(p, o); err != nil {
		return nil, false, err
	}
	p, err = e.Payment(id)
	return p, true, err
}

// prepare fills in what the operation gives back and says whether it may.
func (e *Engine) prepare(p *view.Payment, o *record.Operation, asked *pos.Minor) error {
	o.Mode, o.Currency = e.mode(), p.Intent.Currency
	if o.Cashier == "" {
		o.Cashier = e.cashier()
	}
	switch {
	case p.Status == pos.Reserved:
		return e.prepareEnd(p, o, asked)
	case o.What == pos.Capture:
		return e.prepareCapture(p, o, asked)
	}
	if err := mayGiveBack(p, o); err != nil {
		return err
	}
	if err := measure(p, o, asked); err != nil {
		return err
	}
	if o.Of != nil {
		if err := e.mayGiveForeign(o); err != nil {
			return err
		}
	}
	if err := e.mayNow(p, o); err != nil {
		return err
	}
	return e.journal.MaySell()
}

// measure fills in how much goes back: what is asked for, or all that is left.
func measure(p *view.Payment, o *record.Operation, asked *pos.Minor) error {
	rest := p.Returnable()
	if o.Of != nil {
		rest = o.Of.Amount
	}
	o.Amount = rest
	if asked != nil {
		o.Amount = *asked
	}
	switch {
	case o.Amount <= 0 && asked != nil:
		return errAmount(fmt.Sprintf("A refund of %d gives nothing back.", o.Amount), "Send the minor units to give back, 1 or more.")
	case rest == 0:
		return errNotRefundable(p.Status, "Nothing of this payment is left to give back.", "Look at its operations: what is under way may still end.")
	case o.Amount > rest:
		most := pos.Money{Amount: rest, Currency: o.Currency}
		return pos.NewError("refund_exceeds", pos.Permanent, pos.NoneMoved,
			fmt.Sprintf("%s are more than can still go back: %s.", pos.Money{Amount: o.Amount, Currency: o.Currency}, most),
			"Give back no more than the rest.").With("returnable", rest)
	case o.What == pos.Void && (p.Returned > 0 || rest != p.Decision.Amount):
		return errNotRefundable(p.Status, "A part of this payment went back already, or is on its way.", "Refund the rest instead.")
	}
	return nil
}

// carryOut sends the operation on its way. It is durable before anything moves (law 1).
func (e *Engine) carryOut(p *view.Payment, o *record.Operation) error {
	op := wire.OpRefund
	switch {
	case p.Status == pos.Reserved:
		return e.beginGiving(p, o)
	case o.What == pos.Capture:
		op = wire.OpCapture
	case o.Of != nil: // the platform sets the sum aside first, whichever way it goes back
	case o.Tender == pos.Cash:
		back := e.handBack(p, o.Amount)
		_, err := e.journal.Append(o, &record.OperationEnd{Payment: o.Payment, Key: o.Key, State: pos.OperationDone, Found: &back, Cashier: o.Cashier})
		return err
	case o.Tender == pos.Card && p.Intent.ByReader() && o.What == pos.Void:
		_, err := e.journal.Append(o, &record.OperationEnd{Payment: o.Payment, Key: o.Key, State: pos.OperationDone, Cashier: o.Cashier})
		return err
	case o.Tender == pos.Card && !p.Intent.ByReader():
		return e.beginGiving(p, o)
	}
	records, err := e.journal.Append(o)
	if err != nil {
		return err
	}
	return e.handOver(ask{payment: o.Payment, operation: o.Key, op: op, intent: records[0].Raw, first: true})
}

// beginGiving reserves the device first, so that a record is only written for an operation that can start.
func (e *Engine) beginGiving(p *view.Payment, o *record.Operation) error {
	device := p.Intent.Device
	if o.What == pos.Refund && e.station(device) == nil {
		device = "" // any terminal can give back to a card; only the one that took a sale can take it back
	}
	if o.What == pos.Refund {
		if err := e.canRefund(device); err != nil {
			return err
		}
	}
	s, lease, err := e.reserve(device)
	if err != nil {
		return err
	}
	o.Device, o.Before = s.name, s.before()
	if _, err := e.journal.Append(o); err != nil {
		s.release()
		return err
	}
	j := e.taskJob(giving{in: p.Intent.Order, request: o, of: numbersOf(p), held: p.Status == pos.Reserved})
	return e.start(s, lease, j)
}

// sameOperation compares what was asked then and now. Who asks is not part of the question.
func sameOperation(p *view.Payment, known *view.Operation, o *record.Operation, asked *pos.Minor) bool {
	was := &known.Request
	if was.What != o.What || was.Tender != o.Tender || was.Reason != o.Reason {
		return false
	}
	return asked != nil && *asked == was.Amount || asked == nil && was.Amount == leftBefore(p, known)
}

// leftBefore is what could go back when an operation was asked for: all but what earlier ones had given back or were about to.
func leftBefore(p *view.Payment, o *view.Operation) pos.Minor {
	switch {
	case o.Request.Of != nil:
		return o.Request.Of.Amount
	case p.Intent.Reserve && o.Request.What == pos.Capture:
		return p.Held
	case p.Intent.Reserve && o.Request.What == pos.Void:
		return o.Request.Amount // always all that there was
	case p.Decision == nil:
		return 0
	}
	left := p.Decision.Amount
	for i := range p.Operations {
		earlier := &p.Operations[i]
		if earlier.Request.Key == o.Request.Key {
			break
		}
		refusedBy := earlier.State == pos.OperationRefused && earlier.Updated <= o.Created
		if earlier.Request.What != pos.Capture && !refusedBy {
			left -= earlier.Request.Amount
		}
	}
	return left
}

// WaitOperations returns the payment as soon as none of its operations is on its way, or as it is when ctx ends.
func (e *Engine) WaitOperations(ctx context.Context, id pos.PaymentID) (*view.Payment, error) {
	return e.waitFor(ctx, id, func(p *view.Payment) bool {
		return !slices.ContainsFunc(p.Operations, func(o view.Operation) bool { return o.State == pos.OperationRequested })
	})
}
