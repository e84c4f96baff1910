package view

import (
	"slices"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// Booking is what one record did to the money of a payment. The bookings of all payments over a range of records are what a report of that range
// counts; their amounts over the whole journal add up to its totals.
type Booking struct {
	Place     record.Place     `cbor:"1,keyasint"`
	Amount    pos.Minor        `cbor:"2,keyasint,omitempty"` // added to [Payment.Taken]; below 0 for what went back
	Status    pos.Status       `cbor:"3,keyasint"`           // of the payment, from this record on
	Operation pos.OperationKey `cbor:"4,keyasint,omitempty"` // that was done, when it was one
}

// Count is what the booking adds to the number of payments that are taken: 1, 0 or -1. before is the booking in front of it, nil for the first.
func (b *Booking) Count(before *Booking) int {
	count := 0
	if b.Status.Taken() {
		count++
	}
	if before != nil && before.Status.Taken() {
		count--
	}
	return count
}

// book notes what a record did to the money, if anything: p was before as given. The list is copied, since others may hold it.
func (p *Payment) book(before *Payment, r *record.Record, body record.Subject) {
	b := Booking{Place: r.Place(), Amount: p.Taken().Amount - before.Taken().Amount, Status: p.Status, Operation: p.ended(before, body)}
	if b.Amount == 0 && b.Operation == "" && p.Status.Taken() == before.Status.Taken() {
		return
	}
	p.Bookings = append(slices.Clip(p.Bookings), b)
}

// ended is the key of the operation that the record has brought to its end with money gone back, "" when it has none.
func (p *Payment) ended(before *Payment, body record.Subject) pos.OperationKey {
	var key pos.OperationKey
	switch b := body.(type) {
	case *record.OperationEnd:
		key = b.Key
	case *record.PlatformResult:
		key = b.Operation
	}
	if was, is := before.Operation(key), p.Operation(key); is == nil || is.State != pos.OperationDone || was != nil && was.State == pos.OperationDone {
		return ""
	}
	return key
}
