package reconcile

import (
	"github.com/tillproof/tillproof/pos"
)

// chargedOnce: the payments of an order must not add up to more than the order, and without an order amount only one of them may be taken; whichever of a
// merchant's tills took them.
func chargedOnce(c *Columns) []Difference {
	type key struct {
		merchant pos.MerchantID
		order    pos.OrderRef
	}
	var list []Difference
	taken := map[key][]*Payment{}
	for i := range c.Journal {
		if p := &c.Journal[i]; p.Status.Taken() {
			taken[key{p.Merchant, p.Order}] = append(taken[key{p.Merchant, p.Order}], p)
		}
	}
	for _, p := range c.Journal {
		k := key{p.Merchant, p.Order}
		payments := taken[k]
		delete(taken, k)
		if len(payments) < 2 {
			continue
		}
		last := payments[len(payments)-1]
		if last.OrderAmount == nil || sum(payments) > *last.OrderAmount {
			list = append(list, difference("charged_twice", &last.ID, "Order %s was charged %d times.", "Refund what is too much.", last.Order, len(payments)))
		}
	}
	return list
}

func sum(payments []*Payment) (total pos.Minor) {
	for _, p := range payments {
		total += p.Money.Amount
	}
	return total
}

// terminalShared: a transaction of a card terminal is one payment.
func terminalShared(c *Columns) []Difference {
	type key struct{ terminal, trace string }
	var list []Difference
	taken := map[key]bool{}
	for i := range c.Journal {
		p := &c.Journal[i]
		k := key{p.TerminalID, p.Trace}
		if !p.atTerminal(c) {
			continue
		}
		if taken[k] {
			list = append(list, difference("terminal_shared", &p.ID, "Two approved payments name the same transaction %s of the card terminal.",
				"One of them was approved without money: find out which.", p.Trace))
		}
		taken[k] = true
	}
	return list
}

// transactionShared: a transaction of an acquirer is one payment, whoever names it.
func transactionShared(c *Columns) []Difference {
	var list []Difference
	taken, lines := map[string]*Payment{}, map[string]*Row{}
	for i := range c.Journal {
		p := &c.Journal[i]
		if p.Tender != pos.Code && p.Tender != pos.QR || p.Trace == "" || p.Booked == 0 {
			continue
		}
		k := p.Acquirer + "\x00" + p.Trace
		if first := taken[k]; first != nil && first.ID != p.ID {
			list = append(list, difference("transaction_shared", &p.ID, "Two payments name the same transaction %s of the acquirer; the other is %s.",
				"The customer paid once: find out which goods were handed over for it.", p.Trace, first.ID))
		}
		taken[k] = p
	}
	for i := range c.Statement {
		r := &c.Statement[i]
		k := r.Acquirer + "\x00" + r.Transaction
		if r.Kind != RowPayment || r.Transaction == "" || r.of == nil {
			continue
		}
		if first := lines[k]; first != nil && first.of != r.of {
			list = append(list, difference("transaction_shared", &r.of.ID, "Transaction %s of %s's statement belongs to two payments; the other is %s.",
				"The customer paid once: find out which goods were handed over for it.", r.Transaction, r.Acquirer, first.Payment))
		}
		lines[k] = r
	}
	return list
}

// statementOnce: no line comes twice, no payment is charged by two transactions, and no refund goes back twice.
func statementOnce(c *Columns) []Difference {
	type key struct {
		acquirer, transaction string
		kind                  RowKind
	}
	var list []Difference
	seen := map[key]*Row{}
	charged := map[*Payment]*Row{}
	for i := range c.Statement {
		r := &c.Statement[i]
		k := key{r.Acquirer, r.Transaction, r.Kind}
		switch first := seen[k]; {
		case r.Count > 1:
			list = append(list, doubled(r, "Line %d of %s's statement stands there %d times.", r.Line, r.Acquirer, r.Count))
		case r.Transaction != "" && first != nil && r.Kind.moves():
			list = append(list, doubled(r, "Transaction %s of %s is told by line %d and by line %d, which differ.", r.Transaction, r.Acquirer, first.Line, r.Line))
		case r.Kind == RowPayment && r.of != nil && charged[r.of] != nil:
			list = append(list, difference("acquirer_doubled", &r.of.ID, "The acquirer has charged this payment twice: transactions %s and %s.",
				"Have the second one given back: the customer has paid twice.", charged[r.of].Transaction, r.Transaction))
		}
		seen[k] = r
		if r.Kind == RowPayment && r.of != nil {
			charged[r.of] = r
		}
	}
	return append(list, refundedOnce(c)...)
}

func doubled(r *Row, cause string, args ...any) Difference {
	d := difference("statement_doubled", nil, cause, "Ask the acquirer which one counts; the payout tells.", args...)
	if r.of != nil {
		d.Payment = &r.of.ID
	}
	return d
}

// refundedOnce: more went back by the statement than the payment's refunds say.
func refundedOnce(c *Columns) []Difference {
	back := map[*Payment]pos.Minor{}
	rows := map[*Payment]int{}
	for i := range c.Statement {
		if r := &c.Statement[i]; r.Kind == RowRefund && r.of != nil {
			back[r.of] += r.Money.Amount
			rows[r.of]++
		}
	}
	var list []Difference
	given := givenOf(c)
	for i := range c.Journal {
		p := &c.Journal[i]
		if own := p.through() + given[p.ID]; rows[p] > 1 && back[p] > own && own > 0 {
			list = append(list, difference("refund_doubled", &p.ID, "The statement gives %s back in %d refunds, the payment's refunds say %d.",
				"The acquirer may have carried a refund out twice: ask it with the payment's id.", pos.Money{Amount: back[p], Currency: p.Money.Currency}, rows[p], own))
		}
	}
	return list
}

// through is what went back through the acquirer, or because the money came after the end.
func (p *Payment) through() pos.Minor {
	back := p.Returned
	for i := range p.Returns {
		if r := &p.Returns[i]; r.Tender == pos.Cash && !r.Open {
			back -= r.Amount
		}
	}
	return back
}

// neverExceeded: all tills together must not have given back more than was taken.
func neverExceeded(c *Columns) []Difference {
	var list []Difference
	given := map[pos.PaymentID]pos.Minor{}
	for _, g := range c.Given {
		given[g.Payment] += g.Amount
	}
	for i := range c.Journal {
		p := &c.Journal[i]
		if back := p.Returned + given[p.ID]; back > p.Booked && back > 0 {
			list = append(list, difference("refund_exceeds", &p.ID, "%d went back of a payment of %d, %d of it at other tills.",
				"A till gave cash back while it was offline and another one gave back the same: claim what is too much from the customer.", back, p.Booked, given[p.ID]))
		}
	}
	return list
}
