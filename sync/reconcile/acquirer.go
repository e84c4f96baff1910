package reconcile

import (
	"github.com/tillproof/tillproof/pos"
)

// Settled is an order in the acquirer's own books, with what is left of its money after refunds and reversals.
type Settled struct {
	Payment pos.PaymentID // zero for money that came with a reference which nobody expects
	Tender  pos.Tender    // code or qr
	Money   pos.Money     // above 0: orders that nothing is left of are no money
}

// atAcquirer says whether the acquirer must hold the money of a payment.
func (p *Payment) atAcquirer() bool {
	return (p.Tender == pos.Code || p.Tender == pos.QR) && p.Status.Taken()
}

// acquirerAgainstJournal: what the acquirer would pay out must be approved here, and the other way round. What is to go back is said by refundsDone.
func acquirerAgainstJournal(c *Columns) []Difference {
	if !c.Books {
		return nil
	}
	var list []Difference
	payments, held := map[pos.PaymentID]*Payment{}, map[pos.PaymentID]bool{}
	for i := range c.Journal {
		payments[c.Journal[i].ID] = &c.Journal[i]
	}
	for i := range c.Acquirer {
		x := &c.Acquirer[i]
		list = append(list, compareSettled(x, payments[x.Payment])...)
		held[x.Payment] = true
	}
	for i := range c.Journal {
		if p := &c.Journal[i]; p.atAcquirer() && !held[p.ID] {
			list = append(list, difference("acquirer_missing", &p.ID, "The payment of %s is approved here and the acquirer holds nothing of it.",
				"Ask the acquirer with the payment's id: it has given the money back, or never had it.", p.Money))
		}
	}
	return list
}

// compareSettled holds one order of the acquirer against the payment that it names, nil when the journal has none.
func compareSettled(x *Settled, p *Payment) []Difference {
	switch {
	case p == nil:
		return []Difference{difference("acquirer_only", nil, "The acquirer holds %s (%s) that no payment of the journal names.",
			"Find out from the acquirer who paid, and give it back or book it.", x.Money, x.Tender)}
	case p.Status == pos.RefundDue:
		return nil
	case !p.atAcquirer():
		return []Difference{difference("acquirer_only", &p.ID, "The acquirer holds %s of a payment that is %s here.",
			"If the till has news to fetch, wait for it; otherwise give the money back.", x.Money, p.Status)}
	case x.Money != p.Money || x.Tender != p.Tender:
		return []Difference{difference("acquirer_differs", &p.ID, "The acquirer holds %s (%s), the journal says %s (%s).",
			"Correct the difference with the customer.", x.Money, x.Tender, p.Money, p.Tender)}
	}
	return nil
}

// refundsDone: at the end of a day no money may still have to go back.
func refundsDone(c *Columns) []Difference {
	var list []Difference
	for i := range c.Journal {
		if p := &c.Journal[i]; p.Status == pos.RefundDue {
			list = append(list, difference("refund_open", &p.ID, "Money of %s came after the payment had ended, and has not gone back yet.",
				"The platform gives it back by itself; if it does not, give it back at the acquirer.", p.Money))
		}
	}
	return list
}
