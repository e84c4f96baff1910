package reconcile

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/pos"
)

// sums catches what no single rule names: equal payments give equal sums, so this is red only together with another rule or by a rule's mistake.
func sums(c *Columns, t *Totals) []Difference {
	var list []Difference
	if book, err := booked(c); err == nil && !book.Equal(t.Ledger) {
		list = append(list, Difference{Check: "sums", Cause: "The sums of journal and ledger differ.", Next: "See the differences of single payments."})
	}
	attached, held, err := expected(c)
	if err != nil {
		return list // totals has said so
	}
	if !attached.Equal(t.Terminal) {
		list = append(list, Difference{Check: "sums", Cause: "The sums of terminal and journal differ.", Next: "See the differences of single payments."})
	}
	own := pos.Totals{}
	for _, x := range c.Acquirer {
		err = errors.Join(err, own.Add(x.Tender, x.Money))
	}
	if err == nil && !held.Equal(own) {
		list = append(list, Difference{Check: "sums", Cause: "The sums of acquirer and journal differ.", Next: "See the differences of single payments."})
	}
	return list
}

// booked is what journals, and records in custody where a journal is not there, say that was taken.
func booked(c *Columns) (pos.Totals, error) {
	t := pos.Totals{}
	var err error
	for i := range c.Journal {
		err = errors.Join(err, count(t, &c.Journal[i]))
	}
	return t, err
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
				err = errors.Join(err, less(attached, pos.Card, pos.Money{Amount: r.Amount, Currency: c.Journal[i].Money.Currency}))
			}
		}
	}
	return attached, booked, err
}

// terminalTotals: what a card terminal said at the end of a day must be what the till had counted.
func terminalTotals(c *Columns) []Difference {
	var list []Difference
	for i := range c.TerminalTotals {
		t := &c.TerminalTotals[i]
		switch {
		case t.Lost:
			list = append(list, difference("terminal_totals", nil, "Card terminal %s of till %s was settled on %s and its totals were lost; the till had counted %s.",
				"Ask the terminal to print its last end of day again, and compare by hand.", t.Device, t.Till, t.Day,
				pos.Money{Amount: t.Journal, Currency: t.Currency}))
		case t.Terminal != t.Journal:
			list = append(list, difference("terminal_totals", nil, "Card terminal %s of till %s counted %s on %s, the till %s.",
				"See the settlement on the till: it names the payments.", t.Device, t.Till, pos.Money{Amount: t.Terminal, Currency: t.Currency}, t.Day,
				pos.Money{Amount: t.Journal, Currency: t.Currency}))
		}
	}
	return list
}

// group is what statement and books are added up by.
type group struct {
	acquirer, day, brand string
	tender               pos.Tender
	currency             pos.Currency
}

// statementSums: by acquirer, day, tender, brand and currency the statement must add up to what the payments say. Like sums it is red only together with
// another rule, or where several faults hide each other.
func statementSums(c *Columns) []Difference {
	want, have := map[group]pos.Minor{}, map[group]pos.Minor{}
	given := givenOf(c)
	for i := range c.Journal {
		if p := &c.Journal[i]; c.covers(p) && !p.uncertain() {
			want[p.group()] += p.stated(given[p.ID], c.until(p.Acquirer))
		}
	}
	for i := range c.Statement {
		r := &c.Statement[i]
		if r.Kind.moves() && (r.of == nil || c.covers(r.of) && !r.of.uncertain()) {
			have[r.group()] += r.signed()
		}
	}
	groups := map[group]bool{}
	for _, m := range []map[group]pos.Minor{want, have} {
		for g := range m {
			groups[g] = true
		}
	}
	var list []Difference
	for _, g := range slices.SortedFunc(maps.Keys(groups), group.compare) {
		if want[g] != have[g] {
			list = append(list, difference("statement_sums", nil, "The statement of %s says %s for %s, the payments %s.", "See the differences of single payments.",
				g.acquirer, pos.Money{Amount: have[g], Currency: g.currency}, g, pos.Money{Amount: want[g], Currency: g.currency}))
		}
	}
	return list
}

// String names a group for people.
func (g group) String() string {
	return strings.Join(slices.DeleteFunc([]string{g.day, string(g.tender), g.brand}, func(s string) bool { return s == "" }), " ")
}

func (g group) compare(o group) int {
	return cmp.Or(cmp.Compare(g.acquirer, o.acquirer), cmp.Compare(g.day, o.day), cmp.Compare(g.tender, o.tender), cmp.Compare(g.brand, o.brand),
		cmp.Compare(g.currency, o.currency))
}

// group is where a payment is added up.
func (p *Payment) group() group {
	return group{p.Acquirer, p.Day, p.Brand, p.Tender, p.Money.Currency}
}
