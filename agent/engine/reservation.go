package engine

import (
	"context"
	"fmt"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// canReserve picks the card terminal that is to hold an amount, the first that can where the request names none, and refuses what none can.
func (e *Engine) canReserve(r *Request) error {
	if r.Device == "" {
		for _, s := range e.stations {
			if e.can(s.name, drivers.Reserving) {
				r.Device = s.name
				return nil
			}
		}
		return errNotSupported("No card terminal of this till can hold an amount on a card; nothing was begun.", "Take the payment as a sale when the amount is known.")
	}
	if e.reader(r.Device) != nil || !e.can(r.Device, drivers.Reserving) {
		return errLacks(r.Device, "hold an amount on a card", "Take the payment as a sale when the amount is known.")
	}
	return nil
}

// reserverOf is the part of a card terminal that holds amounts.
func reserverOf(terminal drivers.CardTerminal, device pos.DeviceName) (drivers.Reserver, error) {
	if r, able := terminal.(drivers.Reserver); able {
		return r, nil
	}
	return nil, errLacks(device, "hold an amount on a card", "Take the payment as a sale when the amount is known.")
}

// means is what a terminal's yes leads to: money that is taken, or an amount that is held.
func (s sale) means(d record.Decision) record.Decision {
	if s.intent.Reserve && d.Status.Taken() {
		d.Status = pos.Reserved
	}
	return d
}

// endReservation books or releases at the terminal that holds the amount.
func (g giving) endReservation(ctx context.Context, terminal drivers.CardTerminal, command drivers.Sale) (drivers.Outcome, error) {
	reserver, err := reserverOf(terminal, g.request.Device)
	switch {
	case err != nil:
		return drivers.Outcome{}, err
	case g.request.What == pos.Capture:
		return reserver.Book(ctx, command, g.of)
	}
	return reserver.Release(ctx, command, g.of)
}

// prepareEnd is prepare for what ends a reservation: a capture books some or all of it, a void frees it. The terminal that holds the amount does it, with or
// without the platform.
func (e *Engine) prepareEnd(p *view.Payment, o *record.Operation, asked *pos.Minor) error {
	switch {
	case o.What == pos.Refund:
		return stateAllows(p, o)
	case o.Tender != pos.Card:
		return errNotSupported("A reservation ends on the card that it is held on.", "Leave the tender out.")
	case p.Unfinished():
		return errNotCapturable(p, pos.Transient, "It is being booked or released already.", "Wait for the answer.")
	}
	if o.Amount = p.Held; asked != nil {
		o.Amount = *asked
	}
	if o.Amount <= 0 || o.Amount > p.Held {
		held := pos.Money{Amount: p.Held, Currency: o.Currency}
		return errAmount(fmt.Sprintf("%s cannot be booked of %s that are held.", pos.Money{Amount: o.Amount, Currency: o.Currency}, held),
			"Book between 1 minor unit and what is held; take the rest as a payment of its own.").With("held", p.Held)
	}
	return e.journal.MaySell()
}
