package reconcile

import (
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// Settled is an order in the acquirer's own books, with what is left of its money after refunds and reversals.
type Settled struct {
	Payment pos.PaymentID // zero for money that came with a reference which nobody expects
	Tender  pos.Tender    // code, qr, or card of a reader
	Money   pos.Money     // above 0: orders that nothing is left of are no money
}

// atAcquirer is what the acquirer must hold of a payment: what was taken, less what went back through it. What went back out of a drawer is still
// there. given is what other tills have given back through the acquirer.
func (p *Payment) atAcquirer(given pos.Minor) pos.Money {
	held := pos.Money{Currency: p.Money.Currency}
	if !p.byAcquirer() {
		return held
	}
	held.Amount = p.Booked - p.Returned - given
	for _, r := range p.Returns {
		if r.Tender == pos.Cash && !r.Open {
			held.Amount += r.Amount
		}
	}
	return held
}

// byAcquirer says whether a payment's money is in the acquirer's own books: of cards only what a reader has told, and not before it was collected.
func (p *Payment) byAcquirer() bool {
	switch p.Tender {
	case pos.Code, pos.QR:
		return true
	case pos.Card:
		return p.Scheme == record.CardReader && p.Status != pos.ApprovedOffline && p.Status != pos.ForwardDeclined && p.Status != pos.WrittenOff
	}
	return false
}

// givenOf sums what other tills have given back of each payment.
func givenOf(c *Columns) map[pos.PaymentID]pos.Minor {
	sums := map[pos.PaymentID]pos.Minor{}
	for _, g := range c.Given {
		sums[g.Payment] += g.Acquirer
	}
	return sums
}

// acquirerAgainstJournal: what the acquirer would pay out must be approved here, and the other way round. What is to go back is said by refundsDone.
func acquirerAgainstJournal(c *Columns) []Difference {
	if !c.Books {
		return nil
	}
	var list []Difference
	payments, held, given := map[pos.PaymentID]*Payment{}, map[pos.PaymentID]bool{}, givenOf(c)
	for i := range c.Journal {
		payments[c.Journal[i].ID] = &c.Journal[i]
	}
	for i := range c.Acquirer {
		x := &c.Acquirer[i]
		list = append(list, compareSettled(x, payments[x.Payment], given[x.Payment])...)
		held[x.Payment] = true
	}
	for i := range c.Journal {
		p := &c.Journal[i]
		if want := p.atAcquirer(given[p.ID]); want.Amount > 0 && !held[p.ID] {
			list = append(list, difference("acquirer_missing", &p.ID, "The acquirer must hold %s of the payment and holds nothing of it.",
				"Ask the acquirer with the payment's id: it has given the money back, or never had it.", want))
		}
	}
	return list
}

// compareSettled holds one order of the acquirer against the payment that it names, nil when the journal has none.
func compareSettled(x *Settled, p *Payment, given pos.Minor) []Difference {
	want := pos.Money{}
	if p != nil {
		want = p.atAcquirer(given)
	}
	switch {
	case p == nil:
		return []Difference{difference("acquirer_only", nil, "The acquirer holds %s (%s) that no payment of the journal names.",
			"Find out from the acquirer who paid, and give it back or book it.", x.Money, x.Tender)}
	case p.Status == pos.RefundDue:
		return nil
	case want.Amount > 0 && x.Money.Currency == want.Currency && x.Money.Amount > want.Amount && p.Returned+given > 0:
		return []Difference{difference("refund_missing", &p.ID, "The acquirer holds %s, and after what went back it must be %s.",
			"A refund that the journal calls done has not happened: ask the acquirer with the payment's id.", x.Money, want)}
	case want.Amount <= 0:
		return []Difference{difference("acquirer_only", &p.ID, "The acquirer holds %s of a payment that is %s here.",
			"If the till has news to fetch, wait for it; otherwise give the money back.", x.Money, p.Status)}
	case x.Money != want || x.Tender != p.Tender:
		return []Difference{difference("acquirer_differs", &p.ID, "The acquirer holds %s (%s), the journal says %s (%s).",
			"Correct the difference with the customer.", x.Money, x.Tender, want, p.Tender)}
	}
	return nil
}
