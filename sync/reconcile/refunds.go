package reconcile

import (
	"github.com/tillproof/tillproof/pos"
)

// booked is what was taken before anything went back.
func (p *Payment) booked() pos.Money {
	return pos.Money{Amount: p.Booked, Currency: p.Money.Currency}
}

// atTerminal says whether an attached card terminal must remember the payment as one that counts. A refund stands beside it there and does not change
// it; a void takes it away.
func (p *Payment) atTerminal(c *Columns) bool {
	kept := p.Status.Taken() || p.Status == pos.Refunded || p.Status == pos.ForwardDeclined || p.Status == pos.WrittenOff
	return p.Tender == pos.Card && c.Attached[p.Device] && kept && p.Booked > 0
}

// refundsAgainstJournal: what a card terminal has given back must be a refund here that is done, and the other way round.
func refundsAgainstJournal(c *Columns) []Difference {
	type key struct{ terminal, trace string }
	type refund struct {
		of *Payment
		r  *Return
	}
	var list []Difference
	done := map[key]refund{}
	for i := range c.Journal {
		p := &c.Journal[i]
		for n := range p.Returns {
			if r := &p.Returns[n]; r.Tender == pos.Card && !r.Open && c.Attached[r.Device] {
				done[key{r.TerminalID, r.Trace}] = refund{p, r}
			}
		}
	}
	for _, x := range c.Terminal {
		k := key{x.TerminalID, x.Trace}
		back, known := done[k]
		switch {
		case !x.Refund:
			continue
		case !known:
			list = append(list, difference("refund_missing", nil, "Card terminal %s has given back %s (trace %s) that no refund of the journal names.",
				"Find out who gave it back: it was done outside the till, or its answer was lost.", x.Device, x.Money, x.Trace))
		case x.Money != pos.Money{Amount: back.r.Amount, Currency: back.of.Money.Currency}:
			list = append(list, difference("refund_missing", &back.of.ID, "The card terminal has given back %s, refund %s says %d.",
				"Correct the difference with the customer.", x.Money, back.r.Operation, back.r.Amount))
		}
		delete(done, k)
	}
	for i := range c.Journal {
		for n := range c.Journal[i].Returns {
			p, r := &c.Journal[i], &c.Journal[i].Returns[n]
			if done[key{r.TerminalID, r.Trace}].r == r {
				list = append(list, difference("refund_missing", &p.ID, "Refund %s of %d is done here and the card terminal does not hold it.",
					"The card terminal has reversed it or was reset: the customer did not get the money back.", r.Operation, r.Amount))
			}
		}
	}
	return list
}
