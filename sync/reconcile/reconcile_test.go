package reconcile_test

import (
	"slices"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/reconcile"
)

func payment(n byte, tender pos.Tender, amount pos.Minor) reconcile.Payment {
	p := reconcile.Payment{ID: pos.PaymentID{n}, Order: pos.OrderRef([]byte{'o', 'a' + n}), Attempt: 1, Tender: tender, Status: pos.Approved,
		Money: pos.Money{Amount: amount, Currency: "EUR"}, Booked: amount, Epoch: pos.Epoch{1}, Seq: pos.Seq(n)}
	if tender == pos.Card {
		p.Device, p.TerminalID, p.Trace = "terminal", "T1", string(rune('0'+n))
	}
	return p
}

// day is a day on which everything agrees.
func day() reconcile.Columns {
	cash, card, declined := payment(1, pos.Cash, 500), payment(2, pos.Card, 700), payment(3, pos.Card, 900)
	declined.Status, declined.Trace, declined.Booked = pos.Declined, "", 0
	code, qr, late := payment(6, pos.Code, 1100), payment(7, pos.QR, 1300), payment(8, pos.QR, 1700)
	late.Status, late.Returned = pos.Refunded, late.Booked
	records := []reconcile.Record{{Epoch: pos.Epoch{1}, Seq: 1, Hash: [32]byte{1}}, {Epoch: pos.Epoch{1}, Seq: 2, Hash: [32]byte{2}}}
	return reconcile.Columns{
		Terminal:       []reconcile.Transaction{{Device: "terminal", TerminalID: "T1", Trace: "2", Money: pos.Money{Amount: 700, Currency: "EUR"}}},
		Journal:        []reconcile.Payment{cash, card, declined, code, qr, late},
		Ledger:         []reconcile.Payment{cash, card, declined, code, qr, late},
		JournalRecords: records,
		LedgerRecords:  slices.Clone(records),
		Attached:       map[pos.DeviceName]bool{"terminal": true},
		Books:          true,
		Acquirer: []reconcile.Settled{{Payment: code.ID, Tender: pos.Code, Money: pos.Money{Amount: 1100, Currency: "EUR"}},
			{Payment: qr.ID, Tender: pos.QR, Money: pos.Money{Amount: 1300, Currency: "EUR"}}},
	}
}

func TestADayOnWhichEverythingAgrees(t *testing.T) {
	r, err := reconcile.Run(day())
	if err != nil || !r.OK || len(r.Differences) > 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	if r.Totals.Journal[pos.Cash]["EUR"] != (pos.Sum{Count: 1, Amount: 500}) || r.Totals.Terminal[pos.Card]["EUR"] != (pos.Sum{Count: 1, Amount: 700}) {
		t.Errorf("%+v", r.Totals)
	}
	if r.Totals.Acquirer[pos.Code]["EUR"] != (pos.Sum{Count: 1, Amount: 1100}) || r.Totals.Acquirer[pos.QR]["EUR"] != (pos.Sum{Count: 1, Amount: 1300}) {
		t.Errorf("%+v", r.Totals)
	}
}

func TestWithoutTheAcquirersBooksNothingIsSaidOfThem(t *testing.T) {
	columns := day()
	columns.Books, columns.Acquirer = false, nil
	if r, err := reconcile.Run(columns); err != nil || !r.OK {
		t.Errorf("%+v, %v", r.Differences, err)
	}
}

func TestEveryDifferenceIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*reconcile.Columns)
		checks []string
	}{
		"ledger row changed":    {func(c *reconcile.Columns) { c.Ledger[1].Money.Amount++ }, []string{"ledger_differs", "sums"}},
		"ledger status changed": {func(c *reconcile.Columns) { c.Ledger[2].Status = pos.Approved }, []string{"ledger_differs", "sums"}},
		"ledger tender changed": {func(c *reconcile.Columns) { c.Ledger[0].Tender = pos.Card }, []string{"ledger_differs", "sums"}},
		"ledger order changed":  {func(c *reconcile.Columns) { c.Ledger[0].Order = "x" }, []string{"ledger_differs"}},
		"ledger row doubled":    {func(c *reconcile.Columns) { c.Ledger = append(c.Ledger, c.Ledger[0]) }, []string{"ledger_doubled", "sums"}},
		"ledger row copied":     {func(c *reconcile.Columns) { p := c.Ledger[0]; p.ID[0] = 9; c.Ledger = append(c.Ledger, p) }, []string{"ledger_unknown", "sums"}},
		"ledger row deleted":    {func(c *reconcile.Columns) { c.Ledger = c.Ledger[1:] }, []string{"ledger_missing", "sums"}},
		"record deleted":        {func(c *reconcile.Columns) { c.LedgerRecords = c.LedgerRecords[1:] }, []string{"record_missing"}},
		"record changed":        {func(c *reconcile.Columns) { c.LedgerRecords[0].Hash[0]++ }, []string{"record_changed"}},
		"record doubled":        {func(c *reconcile.Columns) { c.LedgerRecords = append(c.LedgerRecords, c.LedgerRecords[0]) }, []string{"record_doubled"}},
		"record of nobody":      {func(c *reconcile.Columns) { c.JournalRecords = c.JournalRecords[:1] }, []string{"record_unknown"}},
		"taken, never approved": {func(c *reconcile.Columns) { c.Terminal = append(c.Terminal, c.Terminal[0]); c.Terminal[1].Trace = "9" }, []string{"terminal_only", "sums"}},
		"approved, never taken": {func(c *reconcile.Columns) { c.Terminal = nil }, []string{"journal_only", "sums"}},
		"another amount taken":  {func(c *reconcile.Columns) { c.Terminal[0].Money.Amount-- }, []string{"terminal_differs", "sums"}},
		"one transaction, two payments": {func(c *reconcile.Columns) {
			p := payment(5, pos.Card, 700)
			p.Trace = "2"
			c.Journal, c.Ledger = append(c.Journal, p), append(c.Ledger, p)
		}, []string{"terminal_shared", "sums"}},
		"an order charged twice": {func(c *reconcile.Columns) {
			p := payment(4, pos.Cash, 500)
			p.Order, p.Attempt = c.Journal[0].Order, 2
			c.Journal, c.Ledger = append(c.Journal, p), append(c.Ledger, p)
		}, []string{"charged_twice"}},
		"approved, never at the acquirer": {func(c *reconcile.Columns) { c.Acquirer = c.Acquirer[1:] }, []string{"acquirer_missing", "sums"}},
		"more at the acquirer":            {func(c *reconcile.Columns) { c.Acquirer[0].Money.Amount++ }, []string{"acquirer_differs", "sums"}},
		"another tender at the acquirer":  {func(c *reconcile.Columns) { c.Acquirer[0].Tender = pos.QR }, []string{"acquirer_differs", "sums"}},
		"kept at the acquirer after a refund": {func(c *reconcile.Columns) {
			c.Acquirer = append(c.Acquirer, reconcile.Settled{Payment: c.Journal[5].ID, Tender: pos.QR, Money: c.Journal[5].Money})
		}, []string{"acquirer_only", "sums"}},
		"money of nobody": {func(c *reconcile.Columns) {
			c.Acquirer = append(c.Acquirer, reconcile.Settled{Tender: pos.QR, Money: c.Journal[5].Money})
		}, []string{"acquirer_only", "sums"}},
		"a refund that is still due": {func(c *reconcile.Columns) {
			c.Journal[5].Status, c.Ledger[5].Status = pos.RefundDue, pos.RefundDue
		}, []string{"refund_open"}},
		"an outcome given up": {func(c *reconcile.Columns) {
			c.Journal[2].Status, c.Ledger[2].Status, c.Journal[2].GivenUp = pos.Unknown, pos.Unknown, true
		}, []string{"outcome_open"}},
		"an outcome left open": {func(c *reconcile.Columns) { c.Journal[2].Status, c.Ledger[2].Status = pos.Unknown, pos.Unknown }, []string{"outcome_open"}},
	} {
		columns := day()
		c.change(&columns)
		r, err := reconcile.Run(columns)
		if err != nil || r.OK {
			t.Errorf("%s: ok %v, %v", name, r.OK, err)
		}
		var checks []string
		for _, d := range r.Differences {
			if !slices.Contains(checks, d.Check) {
				checks = append(checks, d.Check)
			}
			if d.Cause == "" || d.Next == "" {
				t.Errorf("%s: %+v says nothing", name, d)
			}
		}
		slices.Sort(checks)
		slices.Sort(c.checks)
		if !slices.Equal(checks, c.checks) {
			t.Errorf("%s: %v, want %v", name, checks, c.checks)
		}
	}
}

// back is a refund of the payment at the given place, which is told to the ledger's row too.
func back(c *reconcile.Columns, at int, tender pos.Tender, amount pos.Minor, trace string) {
	p := &c.Journal[at]
	p.Returns = append(p.Returns, reconcile.Return{Operation: "r", Tender: tender, Amount: amount})
	if tender == pos.Card {
		r := &p.Returns[len(p.Returns)-1]
		r.Device, r.TerminalID, r.Trace = "terminal", "T1", trace
		c.Terminal = append(c.Terminal, reconcile.Transaction{Device: "terminal", TerminalID: "T1", Trace: trace, Refund: true,
			Money: pos.Money{Amount: amount, Currency: "EUR"}})
	}
	p.Returned += amount
	if p.Money.Amount -= amount; p.Money.Amount == 0 {
		p.Status, p.Money.Amount = pos.Refunded, p.Booked // what was asked, since nothing is held any more
	} else {
		p.Status = pos.PartlyRefunded
	}
	c.Ledger[at].Status, c.Ledger[at].Money = p.Status, p.Money
}

// refunded is a day with refunds of every kind, on which everything agrees.
func refunded() reconcile.Columns {
	c := day()
	back(&c, 0, pos.Cash, 100, "")
	back(&c, 1, pos.Card, 200, "40")
	back(&c, 1, pos.Card, 300, "41")
	back(&c, 3, pos.Code, 400, "")
	c.Acquirer[0].Money.Amount -= 400
	back(&c, 4, pos.Cash, 1300, "") // all of a QR out of the drawer: the acquirer still holds it
	return c
}

func TestADayWithRefundsOnWhichEverythingAgrees(t *testing.T) {
	r, err := reconcile.Run(refunded())
	if err != nil || !r.OK {
		t.Fatalf("%+v, %v", r.Differences, err)
	}
	if r.Totals.Terminal[pos.Card]["EUR"] != (pos.Sum{Count: 1, Amount: 200}) || r.Totals.Journal[pos.Card]["EUR"].Amount != 200 {
		t.Errorf("%+v", r.Totals)
	}
	whole := refunded()
	back(&whole, 1, pos.Card, 200, "42")
	if r, err := reconcile.Run(whole); err != nil || !r.OK || r.Totals.Terminal[pos.Card]["EUR"] != (pos.Sum{Count: 1}) {
		t.Fatalf("all of a card payment: %+v, %v", r, err)
	}
	other := refunded()
	other.Given = []reconcile.Given{{Payment: other.Journal[3].ID, Till: "till-2", Amount: 700, Acquirer: 600}}
	other.Acquirer[0].Money.Amount -= 600
	if r, err := reconcile.Run(other); err != nil || !r.OK {
		t.Fatalf("given back at another till: %+v, %v", r.Differences, err)
	}
}

func TestEveryDifferenceOfARefundIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*reconcile.Columns)
		checks []string
	}{
		"done, not at the terminal":     {func(c *reconcile.Columns) { c.Terminal = c.Terminal[:2] }, []string{"refund_missing", "sums"}},
		"at the terminal, no refund":    {func(c *reconcile.Columns) { c.Terminal[1].Trace = "77" }, []string{"refund_missing"}},
		"another amount":                {func(c *reconcile.Columns) { c.Terminal[1].Money.Amount++ }, []string{"refund_missing", "sums"}},
		"done, not at the acquirer":     {func(c *reconcile.Columns) { c.Acquirer[0].Money.Amount += 400 }, []string{"refund_missing", "sums"}},
		"too much back at the acquirer": {func(c *reconcile.Columns) { c.Acquirer[0].Money.Amount -= 1 }, []string{"acquirer_differs", "sums"}},
		"drawer and acquirer":           {func(c *reconcile.Columns) { c.Acquirer = c.Acquirer[:1] }, []string{"acquirer_missing", "sums"}},
		"no outcome yet":                {func(c *reconcile.Columns) { c.Journal[0].Returns[0].Open = true }, []string{"outcome_open"}},
		"two tills gave back the same": {func(c *reconcile.Columns) {
			c.Given = []reconcile.Given{{Payment: c.Journal[0].ID, Till: "till-2", Amount: 500}}
		}, []string{"refund_exceeds"}},
	} {
		columns := refunded()
		c.change(&columns)
		r, err := reconcile.Run(columns)
		var checks []string
		for _, d := range r.Differences {
			if !slices.Contains(checks, d.Check) {
				checks = append(checks, d.Check)
			}
			if d.Cause == "" || d.Next == "" {
				t.Errorf("%s: %+v says nothing", name, d)
			}
		}
		slices.Sort(checks)
		slices.Sort(c.checks)
		if err != nil || r.OK || !slices.Equal(checks, c.checks) {
			t.Errorf("%s: %v, want %v, %v", name, checks, c.checks, err)
		}
	}
}

func TestPartPaymentsMayShareAnOrder(t *testing.T) {
	columns := day()
	whole := pos.Minor(1000)
	for i := range columns.Journal[:1] {
		columns.Journal[i].OrderAmount = &whole
	}
	p := payment(4, pos.Cash, 500)
	p.Order, p.Attempt, p.OrderAmount = columns.Journal[0].Order, 2, &whole
	columns.Journal, columns.Ledger = append(columns.Journal, p), append(columns.Ledger, p)
	if r, err := reconcile.Run(columns); err != nil || !r.OK {
		t.Errorf("%+v, %v", r.Differences, err)
	}
}
