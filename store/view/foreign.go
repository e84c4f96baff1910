package view

import (
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// Foreign says whether a record with this body begins the page of a payment that another till has taken: a refund that names it. Such a page is in no totals of sales
// and stands under no order of this till; what was given back of it is in Payment.Returned.
func Foreign(r *record.Record, body record.Body) bool {
	b, is := body.(*record.Operation)
	return is && b.Of != nil && b.Of.Till != r.Till && b.Of.Amount > 0 && b.What == pos.Refund
}

// BeginForeign makes the page of another till's payment from the first operation that names it. The operation itself is still to be applied. The
// page's Decision holds the most that could go back when the platform was asked; the platform alone knows what is left now.
func BeginForeign(r *record.Record, b *record.Operation) *Payment {
	p := Begin(r, &record.Intent{Payment: b.Payment, Order: b.Of.Order, Attempt: b.Of.Attempt, Amount: b.Of.Amount, Currency: b.Of.Currency,
		Tender: b.Of.Tender, Mode: b.Mode})
	p.Status, p.Foreign = pos.Foreign, b.Of.Till
	p.Decision = &record.Decision{Status: pos.Approved, Amount: b.Of.Amount, Currency: b.Of.Currency}
	return p
}

// askedAgain takes over what the platform told lately of another till's payment: what can still go back, beside what this till has given back already.
func (p *Payment) askedAgain(b *record.Operation) {
	if p.Status != pos.Foreign || b.Of == nil {
		return
	}
	d := *p.Decision
	d.Amount = p.Returned + b.Of.Amount
	for i := range p.Operations {
		if o := &p.Operations[i]; o.Open() {
			d.Amount += o.Request.Amount
		}
	}
	p.Decision = &d
}
