package reconcile

import (
	"errors"

	"github.com/tillproof/tillproof/pos"
)

// Run compares the columns by all rules. It fails only when a sum leaves int64.
func Run(c Columns) (Report, error) {
	r := Report{Differences: []Difference{}}
	for _, rule := range []func(*Columns) []Difference{records, ledgerAgainstJournal, terminalAgainstJournal,
		refundsAgainstJournal, acquirerAgainstJournal, chargedOnce, decided, refundsDone, neverExceeded} {
		r.Differences = append(r.Differences, rule(&c)...)
	}
	var err error
	r.Totals, err = totals(&c)
	if err != nil {
		return r, err
	}
	r.Differences = append(r.Differences, sums(&c, &r.Totals)...)
	r.OK = len(r.Differences) == 0
	return r, nil
}

func totals(c *Columns) (t Totals, err error) {
	t = Totals{Terminal: pos.Totals{}, Journal: pos.Totals{}, Ledger: pos.Totals{}, Acquirer: pos.Totals{}}
	for _, x := range c.Terminal {
		if x.Refund {
			less(t.Terminal, pos.Card, x.Money)
			continue
		}
		err = errors.Join(err, t.Terminal.Add(pos.Card, x.Money))
	}
	for _, x := range c.Acquirer {
		err = errors.Join(err, t.Acquirer.Add(x.Tender, x.Money))
	}
	for _, p := range c.Journal {
		err = errors.Join(err, count(t.Journal, &p))
	}
	for _, p := range c.Ledger {
		err = errors.Join(err, count(t.Ledger, &p))
	}
	return t, err
}

func count(t pos.Totals, p *Payment) error {
	if !p.Status.Taken() {
		return nil
	}
	return t.Add(p.Tender, p.Money)
}

// sums catches what no single rule names: equal payments give equal sums, so this is red only together with another rule or by a rule's mistake.
func sums(c *Columns, t *Totals) []Difference {
	var list []Difference
	if !t.Journal.Equal(t.Ledger) {
		list = append(list, Difference{Check: "sums", Cause: "The sums of journal and ledger differ.", Next: "See the differences of single payments."})
	}
	attached, booked, err := expected(c)
	if err != nil {
		return list // totals has said so
	}
	if !attached.Equal(t.Terminal) {
		list = append(list, Difference{Check: "sums", Cause: "The sums of terminal and journal differ.", Next: "See the differences of single payments."})
	}
	if !booked.Equal(t.Acquirer) {
		list = append(list, Difference{Check: "sums", Cause: "The sums of acquirer and journal differ.", Next: "See the differences of single payments."})
	}
	return list
}

// expected is what terminals and acquirer must hold if the journal is right. A terminal counts a payment and its refund apart.
func expected(c *Columns) (attached, booked pos.Totals, err error) {
	attached, booked = pos.Totals{}, pos.Totals{}
	given := givenOf(c)
	for i := range c.Journal {
		p := &c.Journal[i]
		if p.atTerminal(c) {
			err = errors.Join(err, attached.Add(pos.Card, p.booked()))
		}
		if held := p.atAcquirer(given[p.ID]); held.Amount > 0 && c.Books {
			err = errors.Join(err, booked.Add(p.Tender, held))
		}
	}
	for i := range c.Journal {
		for _, r := range c.Journal[i].Returns {
			if r.Tender == pos.Card && c.Attached[r.Device] && !r.Open {
				less(attached, pos.Card, pos.Money{Amount: r.Amount, Currency: c.Journal[i].Money.Currency})
			}
		}
	}
	return attached, booked, err
}

// less takes what went back off a sum, without counting it. The sum may fall below 0.
func less(t pos.Totals, tender pos.Tender, m pos.Money) {
	if t[tender] == nil {
		t[tender] = map[pos.Currency]pos.Sum{}
	}
	sum := t[tender][m.Currency]
	t[tender][m.Currency] = pos.Sum{Count: sum.Count, Amount: sum.Amount - m.Amount}
}
