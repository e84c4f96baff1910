package reconcile

import (
	"cmp"
	"slices"

	"github.com/tillproof/tillproof/pos"
)

// stated is what the acquirer's statements must say of a payment so far, in minor units of its currency: what was taken, less what went back through the
// acquirer by the day until, "" for no end.
func (p *Payment) stated(given pos.Minor, until string) pos.Minor {
	if p.Tender == pos.Cash || p.Tender == pos.None || p.Status == pos.ForwardDeclined || p.Status == pos.WrittenOff || p.Booked == 0 {
		return 0
	}
	held := p.Booked - p.Returned - given
	for i := range p.Returns {
		if r := &p.Returns[i]; !r.Open && (r.Tender == pos.Cash || until != "" && r.Day > until) {
			held += r.Amount
		}
	}
	return held
}

// uncertain says whether a statement may hold the payment's money or not: nobody here can say which is right.
func (p *Payment) uncertain() bool {
	return p.Status.Open() || p.Status == pos.ApprovedOffline || p.Status == pos.RefundDue
}

// told is what the statements say of one payment.
type told struct {
	of                 *Payment
	paid, back, charge pos.Minor
	foreign            *Row // in another currency
	first              *Row
}

// statementAgainstBook: every line names a payment of ours that holds that money, and every payment of the days that the statements cover has its line.
func statementAgainstBook(c *Columns) []Difference {
	var list []Difference
	sums := map[*Payment]*told{}
	for i := range c.Statement {
		r := &c.Statement[i]
		if !r.Kind.moves() {
			continue
		}
		if r.of == nil {
			list = append(list, nobodys(r))
			continue
		}
		if sums[r.of] == nil {
			sums[r.of] = &told{of: r.of, first: r}
		}
		sums[r.of].add(r)
	}
	given := givenOf(c)
	for i := range c.Journal {
		p := &c.Journal[i]
		t := sums[p]
		switch {
		case t != nil:
			list = append(list, t.against(c, given[p.ID])...)
		case c.covers(p) && !p.uncertain() && p.stated(given[p.ID], "") > 0:
			list = append(list, difference("acquirer_missing", &p.ID, "The statements of %s cover %s and say nothing of this payment of %s.",
				"Look for it in the statement of the next day; if it is not there, ask the acquirer with the payment's id: the shop has not got this money.",
				p.Acquirer, p.Day, p.booked()))
		}
	}
	return list
}

// nobodys is a line that names no payment.
func nobodys(r *Row) Difference {
	name := cmp.Or(r.Transaction, r.Reference, r.Trace)
	switch r.Kind {
	case RowRefund:
		return difference("refund_missing", nil, "Line %d of %s's statement gives back %s (transaction %s), and it names no payment here.",
			"Find out who gave it back: it was done outside the tills, or its payment is in a till that has not delivered yet.", r.Line, r.Acquirer, r.Money, name)
	case RowChargeback:
		return difference("chargeback", nil, "Line %d of %s's statement takes back %s (transaction %s), and it names no payment here.",
			"Ask the acquirer which payment the customer's bank disputes.", r.Line, r.Acquirer, r.Money, name)
	}
	return difference("acquirer_only", nil, "Line %d of %s's statement holds %s (transaction %s), and it names no payment here.",
		"Wait for tills that have not delivered yet; otherwise find out from the acquirer who paid, and give it back or book it.", r.Line, r.Acquirer, r.Money, name)
}

func (t *told) add(r *Row) {
	switch {
	case r.Money.Currency != t.of.Money.Currency:
		t.foreign = r
	case r.Kind == RowPayment:
		t.paid += r.Money.Amount
	case r.Kind == RowRefund:
		t.back += r.Money.Amount
	default:
		t.charge += r.Money.Amount
	}
}

// against holds what the statements say of a payment against what it holds.
func (t *told) against(c *Columns, given pos.Minor) []Difference {
	var list []Difference
	p := t.of
	if t.charge > 0 {
		list = append(list, difference("chargeback", &p.ID, "The customer's bank has taken %s of this payment back.",
			"Answer the dispute at the acquirer with the receipt, or write the money off.", pos.Money{Amount: t.charge, Currency: p.Money.Currency}))
	}
	if t.foreign != nil {
		return append(list, difference("acquirer_differs", &p.ID, "The statement says %s, the payment is in %s.",
			"Ask the acquirer: the shop's number there is set up for another currency, or it was converted.", t.foreign.Money, p.Money.Currency))
	}
	return append(list, t.amounts(p.stated(given, c.until(t.first.Acquirer)))...)
}

func (t *told) amounts(want pos.Minor) []Difference {
	p, net := t.of, t.paid-t.back
	money := func(m pos.Minor) pos.Money { return pos.Money{Amount: m, Currency: p.Money.Currency} }
	switch {
	case p.Status == pos.RefundDue || p.Status == pos.ApprovedOffline && (net == 0 || net == want) || !p.uncertain() && net == want:
		return nil
	case p.Status.Open() && net > 0:
		return []Difference{difference("acquirer_only", &p.ID, "The statement says that %s was taken, and here the payment is %s.",
			"The statement is evidence: resolve the payment on the till as approved, or have it given back.", money(net), p.Status)}
	case p.Status.Open():
		return nil
	case want <= 0 && net > 0 && p.Returned == 0:
		return []Difference{difference("acquirer_only", &p.ID, "The statement says that the acquirer holds %s of a payment that is %s here.",
			"If the till has news to fetch, wait for it; otherwise give the money back.", money(net), p.Status)}
	case net > want && p.Returned > 0 && t.paid == p.Booked:
		return []Difference{difference("refund_missing", &p.ID, "The statement leaves %s of the payment, and after what went back it must be %s.",
			"A refund that is done here is not in the statement: ask the acquirer with the payment's id; the customer may not have the money.", money(net), money(want))}
	}
	return []Difference{difference("acquirer_differs", &p.ID, "The statement says %s, the payment says %s.",
		"Correct the difference with the customer or the acquirer.", money(net), money(want))}
}

// until is the last day that the statements of an acquirer cover, "" where there is none.
func (c *Columns) until(acquirer string) string {
	last := ""
	for i := range c.Covered {
		if c.Covered[i].Acquirer == acquirer {
			last = max(last, c.Covered[i].To)
		}
	}
	return last
}

// own says whether a till's journal is among the columns.
func (c *Columns) own(p *Payment) bool {
	return c.Journals == nil || slices.Contains(c.Journals, p.Till)
}
