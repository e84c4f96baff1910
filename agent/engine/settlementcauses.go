package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// mostSuspects bounds the search for what explains a gap together: pairs and triples of so many are tried.
const mostSuspects = 60

// suspect is a transaction that would explain a gap, or a part of one.
type suspect struct {
	slip
	amount pos.Minor // what it would have added to the gap
	count  int
	rank   int // how likely it is by itself, 0 first
	code   string
	cause  string
	next   string
}

// explainer looks for the transactions behind the gap of one brand.
type explainer struct {
	brand    string
	terminal *record.TerminalTotals
	slips    slips
}

// explain names the transactions that make up the gap: the fewest, the most likely first. What none explains is named as a sum.
func (e *explainer) explain(g gap) []record.DayDifference {
	suspects := e.suspects()
	if away := slices.DeleteFunc(slices.Clone(suspects), func(s suspect) bool { return s.code != "outside_batch" }); len(away) > 0 && g.made(away) {
		return named(away)
	}
	suspects = suspects[:min(len(suspects), mostSuspects)]
	for size := 1; size <= 3; size++ {
		if found := search(g, suspects, size); found != nil {
			return named(found)
		}
	}
	if only := e.only(); only != nil && (g.count == 0 || g.full) {
		return named([]suspect{{slip: *only, code: "amount", cause: fmt.Sprintf("The card terminal counts %s with another amount (%+d minor units).", only.words(), g.amount),
			next: "Compare the terminal's slip, and correct the order by hand."}})
	}
	return []record.DayDifference{e.unnamed(g)}
}

// only is the one transaction that the journal counts of the brand, nil when there are none or several.
func (e *explainer) only() *slip {
	var found *slip
	for i := range e.slips {
		if amount, _ := e.slips[i].counts(); amount == 0 {
			continue
		}
		if found != nil {
			return nil
		}
		found = &e.slips[i]
	}
	return found
}

// moved names the payment that the terminal counts under another brand, nil when no single one is it.
func (e *explainer) moved(g gap, to string) *record.DayDifference {
	for _, s := range e.slips {
		if booked, count := s.counts(); booked > 0 && g.with(gap{amount: booked, count: count}).none() {
			return &record.DayDifference{Payment: s.payment.Intent.Payment, Code: "other_brand",
				Cause: fmt.Sprintf("The card terminal counts %s under %s, not %s.", s.words(), to, e.brand),
				Next:  "No money is missing. Compare the terminal's slip if the fees of the brands differ."}
		}
	}
	return nil
}

// made says whether these transactions together are the gap.
func (g gap) made(of []suspect) bool {
	for _, s := range of {
		g.amount, g.count = g.amount-s.amount, g.count-s.count
	}
	return g.none()
}

// search tries every group of a size, the most likely ones first. A payment stands in a group once.
func search(g gap, suspects []suspect, size int) []suspect {
	if size == 0 {
		if g.none() {
			return []suspect{}
		}
		return nil
	}
	for i, s := range suspects {
		rest := gap{amount: g.amount - s.amount, count: g.count - s.count, full: g.full, back: g.back}
		others := suspects[i+1:]
		if size > 1 {
			others = slices.DeleteFunc(slices.Clone(others), func(o suspect) bool { return o.slip == s.slip })
		}
		if found := search(rest, others, size-1); found != nil {
			return append([]suspect{s}, found...)
		}
	}
	return nil
}

func named(list []suspect) []record.DayDifference {
	var out []record.DayDifference
	for _, s := range list {
		out = append(out, record.DayDifference{Payment: s.payment.Intent.Payment, Code: s.code, Cause: s.cause, Next: s.next})
	}
	return out
}

// unnamed is a gap that no transaction of the till explains.
func (e *explainer) unnamed(g gap) record.DayDifference {
	where, amount := "more", pos.Money{Amount: max(g.amount, -g.amount), Currency: e.terminal.Currency}
	if g.amount < 0 || g.amount == 0 && g.count < 0 {
		where = "less"
	}
	cause := fmt.Sprintf("The card terminal counts %s %s than the journal", amount, where)
	if !g.full {
		cause += fmt.Sprintf(" (%+d payments)", g.count)
	}
	if e.brand != "" {
		cause += " of " + e.brand
	}
	cause += ", and no payment of this till explains it."
	if gone := e.missing(); len(gone) > 0 && where == "more" {
		cause += " The journal does not know the terminal's receipts " + strings.Join(gone, ", ") + "."
	}
	return record.DayDifference{Code: "unexplained", Cause: cause,
		Next: "Compare the slip of the end of day with the payments of this range; somebody may have sold at the card terminal itself."}
}

// missing lists receipt numbers of the batch that no transaction of the till has, the first few.
func (e *explainer) missing() []string {
	first, last, told := e.batch()
	if !told || last < first || last-first > 9999 {
		return nil
	}
	known := map[int]bool{}
	for _, s := range e.slips {
		known[receiptNo(s.decision().ReceiptNo)] = true
	}
	if e.brand != "" && len(e.terminal.Brands) > 1 {
		return nil // the others are of other brands
	}
	var gone []string
	for n := first; n <= last && len(gone) < 5; n++ {
		if !known[n] {
			gone = append(gone, fmt.Sprintf("%04d", n))
		}
	}
	return gone
}

// batch are the first and the last receipt number of the terminal's batch, where it tells them.
func (e *explainer) batch() (first, last int, told bool) {
	first, last = receiptNo(e.terminal.First), receiptNo(e.terminal.Last)
	return first, last, first > 0 && last > 0
}

// outside says whether the terminal's batch has no place for a receipt number. Numbers begin anew after the last one.
func (e *explainer) outside(number string) bool {
	first, last, told := e.batch()
	n := receiptNo(number)
	if !told || n == 0 {
		return false
	}
	if first <= last {
		return n < first || n > last
	}
	return n < first && n > last
}

// receiptNo reads a receipt number, 0 when it is none.
func receiptNo(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}

// suspects lists what could have gone wrong with each transaction, the most likely first.
func (e *explainer) suspects() []suspect {
	var list []suspect
	for _, s := range e.slips {
		if s.operation != nil {
			list = append(list, s.givingGoneWrong()...)
		} else {
			list = append(list, e.saleGoneWrong(s)...)
		}
	}
	slices.SortStableFunc(list, func(a, b suspect) int { return cmp.Compare(a.rank, b.rank) })
	return list
}
