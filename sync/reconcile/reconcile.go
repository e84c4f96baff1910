package reconcile

import (
	"errors"

	"github.com/tillproof/tillproof/pos"
)

// Run compares the columns by all rules. It fails only when a sum leaves int64.
func Run(c Columns) (Report, error) {
	r := Report{Differences: []Difference{}}
	for _, rule := range []func(*Columns) []Difference{records, ledgerAgainstJournal, terminalAgainstJournal,
		acquirerAgainstJournal, chargedOnce, decided, refundsDone} {
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
	attached, booked := pos.Totals{}, pos.Totals{}
	for _, p := range c.Journal {
		var err error
		switch {
		case p.Tender == pos.Card && c.Attached[p.Device]:
			err = count(attached, &p)
		case p.atAcquirer() && c.Books:
			err = count(booked, &p)
		}
		if err != nil {
			return list // totals has said so
		}
	}
	if !attached.Equal(t.Terminal) {
		list = append(list, Difference{Check: "sums", Cause: "The sums of terminal and journal differ.", Next: "See the differences of single payments."})
	}
	if !booked.Equal(t.Acquirer) {
		list = append(list, Difference{Check: "sums", Cause: "The sums of acquirer and journal differ.", Next: "See the differences of single payments."})
	}
	return list
}
