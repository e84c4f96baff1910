package reconcile

import (
	"slices"

	"github.com/tillproof/tillproof/pos"
)

// Only leaves of the columns what belongs to one business date, YYYY-MM-DD: its payments, and of the other sides what names those payments or none at all.
// Records and the proof of the ledger stay whole: a chain has no days.
func (c *Columns) Only(day string) {
	c.Match()
	other := map[pos.PaymentID]bool{}
	traces := map[[2]string]bool{}
	for i := range c.Journal {
		p := &c.Journal[i]
		if p.Business == day {
			continue
		}
		other[p.ID] = true
		traces[[2]string{p.TerminalID, p.Trace}] = true
		for _, r := range p.Returns {
			traces[[2]string{r.TerminalID, r.Trace}] = true
		}
	}
	c.Statement = slices.DeleteFunc(c.Statement, func(r Row) bool { return other[r.Payment] || r.of == nil && r.Day != day })
	c.Journal = slices.DeleteFunc(c.Journal, func(p Payment) bool { return other[p.ID] })
	c.Ledger = slices.DeleteFunc(c.Ledger, func(p Payment) bool { return other[p.ID] })
	c.Given = slices.DeleteFunc(c.Given, func(g Given) bool { return other[g.Payment] })
	c.Acquirer = slices.DeleteFunc(c.Acquirer, func(s Settled) bool { return other[s.Payment] })
	c.Terminal = slices.DeleteFunc(c.Terminal, func(t Transaction) bool { return traces[[2]string{t.TerminalID, t.Trace}] })
	c.TerminalTotals = slices.DeleteFunc(c.TerminalTotals, func(t TerminalTotal) bool { return t.Day != day })
}
