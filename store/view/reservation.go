package view

import (
	"cmp"
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// mayEndReservation says whether an operation ends a reservation: a capture takes at most what is held, a void frees all of it, one at a time.
func (p *Payment) mayEndReservation(b *record.Operation) error {
	whole := b.What == pos.Void && b.Amount == p.Held
	part := b.What == pos.Capture && b.Amount > 0 && b.Amount <= p.Held
	if p.Unfinished() || b.Currency != p.Decision.Currency || !whole && !part {
		return fmt.Errorf("a %s of %d of a reservation over %d", b.What, b.Amount, p.Held)
	}
	return nil
}

// booked is what the shop got out of a reservation. The card terminal's own numbers of the booking name it from now on; what it does not tell of the card again
// is known from the reservation.
func booked(held *record.Decision, o *Operation) *record.Decision {
	d := *held
	d.Amount, d.Tip = o.Request.Amount, 0
	if told := o.Decision; told != nil {
		d = *told
		d.TerminalID, d.MerchantID = cmp.Or(d.TerminalID, held.TerminalID), cmp.Or(d.MerchantID, held.MerchantID)
		d.Brand, d.CardName, d.Last4 = cmp.Or(d.Brand, held.Brand), cmp.Or(d.CardName, held.CardName), cmp.Or(d.Last4, held.Last4)
		d.Entry, d.AuthCode = cmp.Or(d.Entry, held.Entry), cmp.Or(d.AuthCode, held.AuthCode)
	}
	d.Status = pos.Captured
	return &d
}
