package reconcile

import (
	"errors"

	"github.com/tillproof/tillproof/pos"
)

// rule is one check. It changes nothing and keeps nothing.
type rule struct {
	kind  Kind
	check func(*Columns) []Difference
}

// rules are all checks, in the order in which their differences are told.
func rules() []rule {
	return []rule{
		{Consistency, func(c *Columns) []Difference { return c.Proof }}, {Consistency, records}, {Consistency, ledgerAgainstJournal},
		{Consistency, terminalAgainstJournal}, {Consistency, refundsAgainstJournal}, {Consistency, acquirerAgainstJournal},
		{Consistency, statementAgainstBook},
		{Idempotency, chargedOnce}, {Idempotency, terminalShared}, {Idempotency, transactionShared}, {Idempotency, statementOnce}, {Idempotency, neverExceeded},
		{Order, stepsInOrder}, {Order, statementInOrder},
		{Timeliness, decided}, {Timeliness, refundsDone}, {Timeliness, delivered}, {Timeliness, forwarded}, {Timeliness, statedInTime},
		{Configuration, tillsKnown}, {Configuration, terminalsKnown}, {Configuration, currenciesAgreed}, {Configuration, feesAgreed},
	}
}

// Run compares the columns by all rules. It fails only when a sum leaves int64.
func Run(c Columns) (Report, error) {
	r := Report{Differences: []Difference{}}
	c.Match()
	for _, rule := range rules() {
		r.add(rule.kind, rule.check(&c))
	}
	var err error
	r.Totals, err = totals(&c)
	if err != nil {
		return r, err
	}
	r.add(Sums, sums(&c, &r.Totals))
	r.add(Sums, terminalTotals(&c))
	r.add(Sums, statementSums(&c))
	r.OK = len(r.Differences) == 0
	return r, nil
}

// add takes differences in, under their kind unless they have one.
func (r *Report) add(kind Kind, list []Difference) {
	for _, d := range list {
		if d.Kind == "" {
			d.Kind = kind
		}
		r.Differences = append(r.Differences, d)
	}
}

func totals(c *Columns) (t Totals, err error) {
	t = Totals{Terminal: pos.Totals{}, Journal: pos.Totals{}, Ledger: pos.Totals{}, Acquirer: pos.Totals{}}
	for _, x := range c.Terminal {
		if x.Refund {
			err = errors.Join(err, less(t.Terminal, pos.Card, x.Money))
			continue
		}
		err = errors.Join(err, t.Terminal.Add(pos.Card, x.Money))
	}
	for _, x := range c.Acquirer {
		err = errors.Join(err, t.Acquirer.Add(x.Tender, x.Money))
	}
	for i := range c.Statement {
		err = errors.Join(err, c.Statement[i].count(t.Acquirer))
	}
	for _, p := range c.Journal {
		if !p.Folded {
			err = errors.Join(err, count(t.Journal, &p))
		}
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

// less takes what went back off a sum, without counting it. The sum may fall below 0.
func less(t pos.Totals, tender pos.Tender, m pos.Money) error {
	sum := t[tender][m.Currency]
	rest, err := pos.Money{Amount: sum.Amount, Currency: m.Currency}.Sub(m)
	if err != nil {
		return err
	}
	if t[tender] == nil {
		t[tender] = map[pos.Currency]pos.Sum{}
	}
	t[tender][m.Currency] = pos.Sum{Count: sum.Count, Amount: rest.Amount}
	return nil
}
