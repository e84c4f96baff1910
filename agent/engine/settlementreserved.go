package engine

import (
	"errors"
	"fmt"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// openReservations names the till's own payments that keep a card terminal from settling, when that is why it refused.
func (p *settling) openReservations(cause error) []record.DayDifference {
	var refused *pos.Error
	if !errors.As(cause, &refused) || refused.Code != drivers.ReservationsOpen {
		return nil
	}
	held, err := p.engine.journal.Views().Reserved()
	if err != nil {
		p.engine.log.Error("the reservations cannot be listed", "device", p.device, "error", err)
		return nil
	}
	var list []record.DayDifference
	for _, r := range held {
		if r.Intent.Device == p.device && len(list) < mostDifferences-1 {
			list = append(list, record.DayDifference{Payment: r.Intent.Payment, Code: "reserved",
				Cause: fmt.Sprintf("Order %s still holds %s on a card.", r.Intent.Order, pos.Money{Amount: r.Held, Currency: r.Intent.Currency}),
				Next:  "Book it by a capture, or release it by a void; then settle."})
		}
	}
	return list
}

// endingGoneWrong lists the ways in which terminal and journal may have parted over what ended a reservation, or over the void of its booking.
func (s slip) endingGoneWrong() []suspect {
	o := s.operation
	c := suspect{slip: s, rank: 4, code: string(o.Request.What) + "_not_counted", next: "Look for it on the terminal's slip; if it is not there, do it again at the terminal."}
	amount, count := s.counts()
	switch {
	case count != 0:
		c.amount, c.count = -amount, -count
		c.cause = fmt.Sprintf("The journal holds the %s of %s as done; the card terminal does not count it.", o.Request.What, s.words())
		return []suspect{c}
	case o.Request.What != pos.Capture || o.State == pos.OperationDone:
		return nil // a release counts nowhere
	}
	c.amount, c.count, c.code = o.Request.Amount, 1, "capture_counted"
	c.cause = fmt.Sprintf("The journal holds the capture of %s as %s; the card terminal counts it.", s.words(), o.State)
	c.next = "Look for it on the terminal's slip. If it is there, the customer has paid: do not book it again."
	if o.State == pos.OperationUnknown {
		c.rank, c.next = 0, c.next+" Resolve it as done with the slip as evidence."
	}
	return []suspect{c}
}
