package view

import (
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// Operation is what the records say of one void, refund, reversal or capture of a payment. Times are as in [Payment].
type Operation struct {
	Request  record.Operation   `cbor:"1,keyasint"`
	State    pos.OperationState `cbor:"2,keyasint"`
	Decision *record.Decision   `cbor:"3,keyasint,omitempty"` // the last result, confirmed or not
	Reason   Reason             `cbor:"4,keyasint"`
	Evidence record.Evidence    `cbor:"5,keyasint,omitempty"`
	Receipts []record.Receipt   `cbor:"6,keyasint,omitempty"`
	Created  int64              `cbor:"7,keyasint"`
	Updated  int64              `cbor:"8,keyasint"`
	Epoch    pos.Epoch          `cbor:"9,keyasint"`  // of the record that requested it
	Seq      pos.Seq            `cbor:"10,keyasint"` // of the record that requested it
}

// Open says whether the outcome is still to come.
func (o *Operation) Open() bool {
	return o.State == pos.OperationRequested || o.State == pos.OperationUnknown
}

// Operation finds an operation by its key, nil when there is none. It is the payment's own: not to be changed.
func (p *Payment) Operation(key pos.OperationKey) *Operation {
	i := slices.IndexFunc(p.Operations, func(o Operation) bool { return o.Request.Key == key })
	if i < 0 {
		return nil
	}
	return &p.Operations[i]
}

// Unfinished says whether an operation on the payment has no outcome yet.
func (p *Payment) Unfinished() bool {
	return slices.ContainsFunc(p.Operations, func(o Operation) bool { return o.Open() })
}

// Awaits says whether somebody has to come back to the payment soon: it has no outcome, an operation on it has none, or its amount is only held.
func (p *Payment) Awaits() bool { return p.Status.Open() || p.Unfinished() || p.Status == pos.Reserved }

// Returnable is the most that a new operation may give back: what was booked, less what went back or may be on its way back. It is 0 for a payment
// that holds no money.
func (p *Payment) Returnable() pos.Minor {
	if p.Decision == nil || !p.Status.Taken() && p.Status != pos.RefundDue && p.Status != pos.Foreign {
		return 0
	}
	rest := p.Decision.Amount - p.Returned
	for i := range p.Operations {
		if o := &p.Operations[i]; o.Open() && o.Request.What != pos.Capture {
			rest -= o.Request.Amount
		}
	}
	return max(0, rest)
}

// requested begins an operation. A void takes the whole payment back, refunds never sum above it.
func (p *Payment) requested(r *record.Record, b *record.Operation) error {
	p.askedAgain(b)
	switch {
	case p.Operation(b.Key) != nil:
		return fmt.Errorf("a second operation %s", b.Key)
	case p.Status == pos.Reserved:
		if err := p.mayEndReservation(b); err != nil {
			return err
		}
	case b.What == pos.Capture:
		if err := p.mayCapture(b); err != nil {
			return err
		}
	case b.Amount <= 0 || b.Currency != p.Intent.Currency || b.Amount > p.Returnable():
		return fmt.Errorf("operation %s over %d, of which %d can go back", b.Key, b.Amount, p.Returnable())
	case b.What == pos.Refund && !p.Status.Can(pos.Refunded) && p.Status != pos.Foreign:
		return fmt.Errorf("a refund of a payment that is %s", p.Status)
	case b.What != pos.Refund && (!p.Status.Can(pos.Voided) || p.Returned > 0 || b.Amount != p.Decision.Amount):
		return fmt.Errorf("a %s of a payment that is %s", b.What, p.Status)
	}
	p.Operations = append(slices.Clone(p.Operations), Operation{Request: *b, State: pos.OperationRequested, Created: r.Times.Wall,
		Updated: r.Times.Wall, Epoch: r.Epoch, Seq: r.Seq})
	return nil
}

// change gives a copy of the operation to edit; the payment's list is copied first, since others may hold it.
func (p *Payment) change(r *record.Record, key pos.OperationKey) (*Operation, error) {
	p.Operations = slices.Clone(p.Operations)
	o := p.Operation(key)
	if o == nil {
		return nil, fmt.Errorf("no operation %s", key)
	}
	o.Updated = r.Times.Wall
	return o, nil
}

// operationResult keeps what the device said; it does not end the operation (law 2).
func (p *Payment) operationResult(r *record.Record, b *record.OperationResult) error {
	o, err := p.change(r, b.Key)
	if err != nil {
		return err
	}
	if !o.Open() {
		return fmt.Errorf("a result for operation %s that is %s", b.Key, o.State)
	}
	decision := b.Decision
	o.Decision = &decision
	return nil
}

func (p *Payment) operationEnd(r *record.Record, b *record.OperationEnd) error {
	o, err := p.change(r, b.Key)
	if err != nil {
		return err
	}
	abandoned := o.State == pos.OperationUnknown && b.State == pos.OperationUnknown && b.Evidence == record.Abandoned
	if !o.State.Can(b.State) && !abandoned {
		return fmt.Errorf("operation %s cannot go from %s to %s", b.Key, o.State, b.State)
	}
	if b.Found != nil {
		found := *b.Found
		o.Decision = &found
	}
	o.State, o.Evidence, o.Receipts, o.Reason = b.State, b.Evidence, b.Receipts, Reason{Code: b.Reason, Text: b.Text}
	return p.settle(o)
}

// settle lets an operation that is done change the payment.
func (p *Payment) settle(o *Operation) error {
	switch {
	case o.State != pos.OperationDone:
		return nil
	case o.Request.What == pos.Void || o.Request.What == pos.Reversal:
		return p.become(pos.Voided)
	case o.Request.What == pos.Capture:
		if p.Status == pos.Reserved {
			p.Decision = booked(p.Decision, o)
		}
		return p.become(pos.Captured)
	}
	p.Returned += o.Request.Amount
	switch {
	case p.Status == pos.Foreign:
		return nil // its own till's books say what is left of it
	case p.Returned >= p.Decision.Amount:
		return p.become(pos.Refunded)
	case p.Status == pos.RefundDue:
		return nil
	}
	return p.become(pos.PartlyRefunded)
}

// toldOfOperation ends an operation by the platform's word: refunded is done, whatever holds no money is a refusal.
func (p *Payment) toldOfOperation(r *record.Record, b *record.PlatformResult) error {
	end := &record.OperationEnd{Payment: b.Payment, Key: b.Operation, State: pos.OperationRefused, Evidence: record.ByPlatform, Found: b.Decision,
		Reason: b.Decision.Code, Text: b.Decision.Text}
	if b.Decision.Status == pos.Refunded || b.Decision.Status == pos.Voided || b.Decision.Status == pos.Captured {
		end.State = pos.OperationDone
	}
	if b.Decision.Again != nil {
		p.Again = b.Decision.Again
	}
	return p.operationEnd(r, end)
}
