package view

import (
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// Payment is what the records say of one payment. Times are milliseconds since 1970-01-01 UTC of the till's wall clock.
type Payment struct {
	Intent   record.Intent    `cbor:"1,keyasint"`
	Status   pos.Status       `cbor:"2,keyasint"`
	Decision *record.Decision `cbor:"3,keyasint,omitempty"` // the last result, confirmed or not
	Receipts []record.Receipt `cbor:"4,keyasint,omitempty"`
	Reason   Reason           `cbor:"5,keyasint"`
	Unwanted bool             `cbor:"6,keyasint,omitempty"` // the order was freed; a later proof of payment is to be reversed
	Created  int64            `cbor:"7,keyasint"`
	Updated  int64            `cbor:"8,keyasint"`
	Epoch    pos.Epoch        `cbor:"9,keyasint"`  // of the record that changed it last
	Seq      pos.Seq          `cbor:"10,keyasint"` // of the record that changed it last
	Evidence record.Evidence  `cbor:"11,keyasint,omitempty"`

	Presented *record.Presented `cbor:"12,keyasint,omitempty"` // what the customer can pay by; nil while there is nothing
	N         uint64            `cbor:"13,keyasint,omitempty"` // the last of the platform's results for it, 0 when there is none
	Returned  pos.Minor         `cbor:"14,keyasint,omitempty"` // given back to the customer

	Operations []Operation `cbor:"15,keyasint,omitempty"` // in the order in which they were requested
	Foreign    pos.TillID  `cbor:"16,keyasint,omitempty"` // the till that has taken it; "": this one
	Bookings   []Booking   `cbor:"17,keyasint,omitempty"` // each record that changed what the shop holds, in their order

	Again *record.Again `cbor:"18,keyasint,omitempty"` // whether a refused offline approval may be collected again; nil when nobody has said
	Held  pos.Minor     `cbor:"19,keyasint,omitempty"` // of a reservation: what was held on the card, however much of it was taken since
}

// Reason says why a payment is not simply approved.
type Reason struct {
	Code string `cbor:"1,keyasint,omitempty"`
	Text string `cbor:"2,keyasint,omitempty"`
}

// Key is the payment's key: order and attempt.
func (p *Payment) Key() pos.OrderKey {
	return pos.OrderKey{Order: p.Intent.Order, Attempt: p.Intent.Attempt}
}

// Asked is the amount of the intent.
func (p *Payment) Asked() pos.Money {
	return pos.Money{Amount: p.Intent.Amount, Currency: p.Intent.Currency}
}

// Taken is what the shop holds of the payment: what was booked, which may differ from what was asked, less what was given back. It is 0 while
// nothing is taken.
func (p *Payment) Taken() pos.Money {
	if !p.Status.Taken() || p.Decision == nil {
		return pos.Money{Currency: p.Intent.Currency}
	}
	return pos.Money{Amount: p.Decision.Amount - p.Returned, Currency: p.Decision.Currency}
}

// Begin makes the payment of an intent.
func Begin(r *record.Record, intent *record.Intent) *Payment {
	return &Payment{Intent: *intent, Status: pos.Pending, Created: r.Times.Wall, Updated: r.Times.Wall, Epoch: r.Epoch, Seq: r.Seq}
}

// Apply changes the payment by a record that follows its intent. It refuses what the table of states does not allow, and then changes nothing.
func (p *Payment) Apply(r *record.Record, body record.Subject) error {
	next := *p
	var err error
	switch b := body.(type) {
	case *record.Presented:
		err = next.presented(b)
	case *record.PlatformResult:
		err = next.told(r, b)
	case *record.Result:
		err = next.result(b)
	case *record.Confirmed:
		err = next.confirmed(b)
	case *record.Resolution:
		err = next.resolution(b)
	case *record.Operation:
		err = next.requested(r, b)
	case *record.OperationResult:
		err = next.operationResult(r, b)
	case *record.OperationEnd:
		err = next.operationEnd(r, b)
	default:
		err = fmt.Errorf("a second %s", body.Kind())
	}
	if err != nil {
		return fmt.Errorf("payment %s: %w", p.Intent.Payment, err)
	}
	next.Updated, next.Epoch, next.Seq = r.Times.Wall, r.Epoch, r.Seq
	next.book(p, r, body)
	*p = next
	return nil
}

// result keeps what the device said; it does not decide the payment (law 2).
func (p *Payment) result(b *record.Result) error {
	if !p.Status.Open() {
		return fmt.Errorf("a result for a payment that is %s", p.Status)
	}
	decision := b.Decision
	p.Decision = &decision
	return nil
}

func (p *Payment) presented(b *record.Presented) error {
	if !p.Status.Open() || p.Presented != nil {
		return fmt.Errorf("presented for a payment that is %s", p.Status)
	}
	shown := *b
	p.Presented, p.N = &shown, max(p.N, b.N)
	return nil
}

// told takes what the platform says. It needs no confirmation: the platform keeps its results until they are in its custody again.
func (p *Payment) told(r *record.Record, b *record.PlatformResult) error {
	p.N = max(p.N, b.N)
	switch {
	case b.Decision == nil:
		return nil
	case b.Operation != "":
		return p.toldOfOperation(r, b)
	}
	decision := *b.Decision
	if decision.Status == pos.Captured || decision.Status == pos.ForwardDeclined || decision.Status == pos.WrittenOff {
		return p.forwarded(&decision)
	}
	p.Decision, p.Evidence, p.Reason = &decision, record.ByPlatform, Reason{}
	switch {
	case decision.Status == pos.Refunded:
		p.Returned = decision.Amount
	case !decision.Status.Taken():
		p.Reason = Reason{Code: decision.Code, Text: decision.Text}
	}
	return p.become(decision.Status)
}

func (p *Payment) confirmed(b *record.Confirmed) error {
	if p.Decision == nil {
		return fmt.Errorf("confirmed without a result")
	}
	p.Receipts = b.Receipts
	p.Reason = Reason{}
	if !p.Decision.Status.Granted() {
		p.Reason = Reason{Code: p.Decision.Code, Text: p.Decision.Text}
	}
	return p.become(p.Decision.Status)
}

func (p *Payment) resolution(b *record.Resolution) error {
	p.Evidence = b.Evidence
	p.Unwanted = p.Unwanted || b.Unwanted
	if b.Found != nil {
		found := *b.Found
		p.Decision = &found
	}
	p.Reason = Reason{Code: b.Reason, Text: b.Text}
	if b.Status == p.Status && (b.Unwanted || b.Evidence == record.Abandoned) {
		return nil
	}
	if b.Status.Granted() {
		if p.Decision == nil {
			return fmt.Errorf("%s without a decision", b.Status)
		}
		p.Reason = Reason{}
	}
	return p.become(b.Status)
}

func (p *Payment) become(to pos.Status) error {
	if !p.Status.Can(to) {
		return fmt.Errorf("cannot go from %s to %s", p.Status, to)
	}
	if p.Status = to; to == pos.Reserved {
		p.Held = p.Decision.Amount
	}
	return nil
}
