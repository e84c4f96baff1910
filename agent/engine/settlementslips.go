package engine

import (
	"cmp"
	"slices"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// mostReceipts bounds what is kept of the terminal's slip, in bytes: a record holds the differences too.
const mostReceipts = 6 << 10

// slip is one transaction of a card terminal as the journal knows it: a sale, or an operation that goes through the terminal.
type slip struct {
	payment   *view.Payment
	operation *view.Operation // nil for the sale
}

// slips are the transactions that a card terminal was asked for in a range of records: by where they were asked for, since that is when the terminal
// counted them. What was learned later does not move them.
type slips []slip

// slipsOf finds the transactions of a device.
func (e *Engine) slipsOf(device pos.DeviceName, after, through record.Place) (slips, error) {
	var asked []record.Subject
	err := e.walk(after, through, func(_ *record.Record, body record.Body) {
		switch b := body.(type) {
		case *record.Intent:
			if b.Device == device {
				asked = append(asked, b)
			}
		case *record.Operation:
			if b.Device == device && b.Tender == pos.Card {
				asked = append(asked, b)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	var list slips
	for _, s := range asked {
		p, err := e.journal.Views().Payment(s.PaymentID())
		if err != nil {
			return nil, err
		}
		if p != nil {
			list = append(list, slipOf(p, s))
		}
	}
	return list, nil
}

func slipOf(p *view.Payment, asked record.Subject) slip {
	if b, is := asked.(*record.Operation); is {
		return slip{p, p.Operation(b.Key)}
	}
	return slip{p, nil}
}

// counts is what the journal thinks that the transaction adds to the terminal's totals.
func (s slip) counts() (amount pos.Minor, count int) {
	switch o := s.operation; {
	case o == nil:
		for _, b := range s.payment.Bookings {
			if b.Operation == "" && b.Amount > 0 {
				return b.Amount, 1
			}
		}
	case o.State != pos.OperationDone:
	case o.Request.What == pos.Refund:
		return -o.Request.Amount, 0
	case s.payment.Intent.Reserve:
		return s.ended()
	default:
		return -o.Request.Amount, -1
	}
	return 0, 0
}

// ended is what an operation on a reservation adds: a booking what it brought, a void after that the same less, and a release nothing.
func (s slip) ended() (amount pos.Minor, count int) {
	for i := range s.payment.Bookings {
		if b := &s.payment.Bookings[i]; b.Operation == s.operation.Request.Key && b.Amount > 0 {
			return b.Amount, 1
		} else if b.Operation == s.operation.Request.Key && b.Amount < 0 {
			return b.Amount, -1
		}
	}
	return 0, 0
}

// decision is what the terminal said of it, the zero Decision when nothing.
func (s slip) decision() record.Decision {
	d := s.payment.Decision
	if s.operation != nil && s.operation.Decision != nil {
		d = s.operation.Decision
	}
	if d == nil {
		return record.Decision{}
	}
	return *d
}

// brand is the card's, as the terminal named it; otherBrand for one without a name.
func (s slip) brand() string {
	brand := s.decision().Brand
	if d := s.payment.Decision; brand == "" && d != nil {
		brand = d.Brand
	}
	return cmp.Or(brand, otherBrand)
}

func (s slip) currency() pos.Currency { return s.payment.Intent.Currency }

// sums are the journal's own totals by brand and currency.
func (l slips) sums() []record.BrandSum {
	type key struct {
		brand    string
		currency pos.Currency
	}
	sums := map[key]record.BrandSum{}
	for _, s := range l {
		amount, count := s.counts()
		if amount == 0 && count == 0 {
			continue
		}
		k := key{s.brand(), s.currency()}
		sum := sums[k]
		sums[k] = record.BrandSum{Tender: pos.Card, Brand: k.brand, Currency: k.currency, Count: sum.Count + count, Amount: sum.Amount + amount}
	}
	var list []record.BrandSum
	for _, sum := range sums {
		list = append(list, sum)
	}
	sortSums(list)
	return list
}

func sortSums(list []record.BrandSum) {
	slices.SortFunc(list, func(a, b record.BrandSum) int {
		return cmp.Or(cmp.Compare(a.Tender, b.Tender), cmp.Compare(a.Brand, b.Brand), cmp.Compare(a.Currency, b.Currency))
	})
}

// ownPart is the settlement of what the till takes without a card terminal: the journal's own totals, done at once.
func (e *Engine) ownPart(c *closing, till view.Till) (*record.Settlement, error) {
	after := till.Devices[""].Settled
	report, err := e.report(after)
	part := &record.Settlement{ID: c.id, State: record.SettlementDone, Date: c.date, After: after, Through: report.Through, Cashier: c.cashier, Before: till.Settled}
	for _, sum := range report.Sums {
		if sum.What == record.SumTaken && sum.Tender != pos.Card && sum.Tender != pos.None {
			part.Journal = append(part.Journal, record.BrandSum{Tender: sum.Tender, Currency: sum.Currency, Count: sum.Count, Amount: sum.Amount})
		}
	}
	return part, err
}

// terminalTotals is what the journal keeps of a terminal's totals. The receipts come later.
func terminalTotals(t *drivers.Totals) *record.TerminalTotals {
	out := &record.TerminalTotals{Currency: t.Currency, Amount: t.Amount, First: t.First, Last: t.Last, Trace: t.Trace, Date: t.Date, Time: t.Time}
	for _, b := range t.Brands {
		out.Brands = append(out.Brands, record.BrandSum{Tender: pos.Card, Brand: cmp.Or(b.Brand, otherBrand), Currency: t.Currency, Count: b.Count,
			Amount: b.Amount, Full: b.Full})
	}
	return out
}

// withReceipts adds the terminal's slip, unless it is longer than any that a person would read.
func withReceipts(t *record.TerminalTotals, list []drivers.Receipt) *record.TerminalTotals {
	size := 0
	for _, r := range list {
		for _, line := range r.Lines {
			size += len(line) + 3
		}
	}
	if size > mostReceipts {
		return t
	}
	out := *t
	out.Receipts = receipts(list)
	return &out
}
