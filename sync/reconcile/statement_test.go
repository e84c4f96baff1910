package reconcile_test

import (
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/reconcile"
)

// stated is a day whose acquirer has sent a statement that agrees.
func stated() reconcile.Columns {
	c := day()
	c.Books, c.Acquirer, c.Terminal, c.Attached = false, nil, nil, nil
	for i := range c.Journal {
		p := &c.Journal[i]
		p.Day, p.Business, p.Till, p.Merchant = "2026-03-01", "2026-03-01", "till-a", "shop"
		if p.Tender != pos.Cash && p.Booked > 0 {
			p.Acquirer = "bank"
		}
		c.Ledger[i] = *p
	}
	c.Statement = []reconcile.Row{row(c.Journal[1], reconcile.RowPayment, 700, "A"), row(c.Journal[3], reconcile.RowPayment, 1100, "B"),
		row(c.Journal[4], reconcile.RowPayment, 1300, "C"), row(c.Journal[5], reconcile.RowPayment, 1700, "D"), row(c.Journal[5], reconcile.RowRefund, 1700, "E")}
	c.Covered = []reconcile.Coverage{{Acquirer: "bank", From: "2026-03-01", To: "2026-03-01"}}
	return c
}

func TestAStatementThatAgrees(t *testing.T) {
	only(t, "a day", stated(), "")
	r, err := reconcile.Run(stated())
	if err != nil || r.Totals.Acquirer[pos.Card]["EUR"] != (pos.Sum{Count: 1, Amount: 700}) || r.Totals.Acquirer[pos.QR]["EUR"].Amount != 1300 {
		t.Errorf("%+v, %v", r.Totals, err)
	}
}

func TestLinesFindTheirPayments(t *testing.T) {
	for name, change := range map[string]func(p *reconcile.Payment, r *reconcile.Row){
		"by the id in hex":      func(_ *reconcile.Payment, r *reconcile.Row) { r.Reference = "02000000000000000000000000000000" },
		"by terminal and trace": func(p *reconcile.Payment, r *reconcile.Row) { r.Reference, r.TerminalID, r.Trace = "", "T1", p.Trace },
		"by terminal and receipt": func(p *reconcile.Payment, r *reconcile.Row) {
			r.Reference, r.TerminalID, r.ReceiptNo, p.ReceiptNo = "", "T1", "42", "42"
		},
		"by the order": func(p *reconcile.Payment, r *reconcile.Row) { r.Reference = string(p.Order) },
		"on the acquirer's own day": func(p *reconcile.Payment, r *reconcile.Row) {
			r.Reference, r.TerminalID, r.Trace, r.Day = "", "T1", p.Trace, "2026-03-02"
		},
	} {
		c := stated()
		change(&c.Journal[1], &c.Statement[0])
		only(t, name, c, "")
	}
}

func TestTwoPaymentsOfOneNameAreNotGuessed(t *testing.T) {
	c := stated()
	c.Statement[0].Reference, c.Journal[3].Order = string(c.Journal[1].Order), c.Journal[1].Order
	c.Journal[1].OrderAmount, c.Journal[3].OrderAmount = new(pos.Minor), new(pos.Minor)
	*c.Journal[1].OrderAmount, *c.Journal[3].OrderAmount = 1800, 1800
	c.Ledger[1].Order, c.Ledger[3].Order = c.Journal[1].Order, c.Journal[1].Order
	r, err := reconcile.Run(c)
	if err != nil || r.OK || r.Differences[0].Check != "acquirer_only" {
		t.Errorf("%+v, %v", r.Differences, err)
	}
}

func TestTimelinessIsNamed(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	ago := func(d time.Duration) int64 { return now.Add(-d).UnixMilli() }
	for name, c := range map[string]struct {
		change func(*reconcile.Columns)
		checks []string
	}{
		"in time":              {func(c *reconcile.Columns) { c.Journal[0].Decided, c.Journal[0].Delivered = ago(time.Hour), ago(0) }, nil},
		"delivered late":       {func(c *reconcile.Columns) { c.Journal[0].Decided, c.Journal[0].Delivered = ago(25*time.Hour), ago(0) }, []string{"delivered_late"}},
		"unknown for an hour":  {func(c *reconcile.Columns) { open(c, ago(time.Hour)) }, []string{"outcome_open"}},
		"unknown for two days": {func(c *reconcile.Columns) { open(c, ago(48*time.Hour)) }, []string{"outcome_open", "unknown_long"}},
		"collected soon":       {func(c *reconcile.Columns) { offlineApproval(c, ago(71*time.Hour)) }, nil},
		"not collected":        {func(c *reconcile.Columns) { offlineApproval(c, ago(73*time.Hour)) }, []string{"forward_late"}},
		"stated two days late": {func(c *reconcile.Columns) { c.Statement[0].Day = "2026-03-04" }, nil},
		"stated too late":      {func(c *reconcile.Columns) { c.Statement[0].Day = "2026-03-05" }, []string{"statement_late"}},
	} {
		columns := stated()
		columns.Limits = reconcile.UsualLimits(now)
		c.change(&columns)
		exactly(t, name, columns, c.checks)
	}
}

func open(c *reconcile.Columns, since int64) {
	c.Journal[2].Status, c.Ledger[2].Status, c.Journal[2].Created = pos.Unknown, pos.Unknown, since
}

func offlineApproval(c *reconcile.Columns, since int64) {
	c.Journal[1].Status, c.Ledger[1].Status, c.Journal[1].Created = pos.ApprovedOffline, pos.ApprovedOffline, since
}

// exactly wants these checks and no others.
func exactly(t *testing.T, name string, c reconcile.Columns, checks []string) {
	t.Helper()
	r, err := reconcile.Run(c)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, d := range r.Differences {
		found[d.Check] = true
	}
	for _, check := range checks {
		if !found[check] {
			t.Errorf("%s: %s is not named: %+v", name, check, r.Differences)
		}
		delete(found, check)
	}
	if len(found) > 0 {
		t.Errorf("%s: also %v: %+v", name, found, r.Differences)
	}
}

func TestConfigurationIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*reconcile.Columns)
		check  string
	}{
		"as registered":           {func(*reconcile.Columns) {}, ""},
		"a till of nobody":        {func(c *reconcile.Columns) { delete(c.Registry.Tills, "till-a") }, "till_unknown"},
		"another merchant's till": {func(c *reconcile.Columns) { c.Registry.Tills["till-a"] = reconcile.Enrolled{Merchant: "other"} }, "till_merchant"},
		"a terminal of nobody": {func(c *reconcile.Columns) {
			delete(c.Registry.Terminals, "T1")
			c.Registry.Terminals["T2"] = reconcile.Terminal{}
		}, "terminal_unknown"},
		"a terminal that moved": {func(c *reconcile.Columns) { c.Registry.Terminals["T1"] = reconcile.Terminal{Till: "till-b"} }, "terminal_moved"},
		"the terminal's number": {func(c *reconcile.Columns) { c.Registry.Terminals["T1"] = reconcile.Terminal{MerchantID: "4712"} }, "merchant_id_differs"},
		"a number of nobody":    {func(c *reconcile.Columns) { c.Statement[0].MerchantID = "4713" }, "merchant_id_differs"},
		"another merchant's number": {func(c *reconcile.Columns) {
			c.Statement[0].MerchantID = "4711"
			c.Registry.Numbers["bank"]["4711"] = "other"
		}, "merchant_id_differs"},
		"another currency": {func(c *reconcile.Columns) { c.Registry.Currency["shop"] = map[pos.Currency]bool{"CHF": true} }, "currency_differs"},
		"another fee":      {func(c *reconcile.Columns) { fee := pos.Minor(8); c.Statement[0].Fee = &fee }, "fee_differs"},
	} {
		columns := stated()
		columns.Journal[1].MerchantID = "4711"
		agreed := pos.Minor(7)
		columns.Statement[0].Fee = &agreed
		columns.Registry = &reconcile.Registry{Tills: map[pos.TillID]reconcile.Enrolled{"till-a": {Merchant: "shop"}},
			Terminals: map[string]reconcile.Terminal{"T1": {Till: "till-a", Acquirer: "bank", MerchantID: "4711"}},
			Numbers:   map[string]map[string]pos.MerchantID{"bank": {"4711": "shop"}}, Currency: map[pos.MerchantID]map[pos.Currency]bool{"shop": {"EUR": true}},
			Fee: func(*reconcile.Payment, pos.Money) (pos.Minor, bool) { return agreed, true }}
		c.change(&columns)
		only(t, name, columns, c.check)
	}
}

func TestWhatHappenedTwiceIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*reconcile.Columns)
		checks []string
	}{
		"a line twice in one file": {func(c *reconcile.Columns) { c.Statement[0].Count = 2 }, []string{"statement_doubled"}},
		"one transaction, told in two ways": {func(c *reconcile.Columns) {
			r := c.Statement[0]
			r.Money.Amount++
			c.Statement = append(c.Statement, r)
		}, []string{"statement_doubled", "acquirer_differs", "statement_sums"}},
		"charged twice at the acquirer": {func(c *reconcile.Columns) {
			c.Statement = append(c.Statement, row(c.Journal[1], reconcile.RowPayment, 700, "F"))
		},
			[]string{"acquirer_doubled", "acquirer_differs", "statement_sums"}},
		"two payments of one transaction": {func(c *reconcile.Columns) { c.Journal[3].Trace, c.Journal[4].Trace = "4200", "4200" }, []string{"transaction_shared"}},
		"a refund twice": {func(c *reconcile.Columns) {
			c.Statement = append(c.Statement, row(c.Journal[5], reconcile.RowRefund, 1700, "F"))
		},
			[]string{"refund_doubled", "acquirer_differs", "statement_sums"}},
		"an order at two tills": {func(c *reconcile.Columns) {
			c.Journal[0].Order, c.Ledger[0].Order, c.Journal[0].Till, c.Ledger[0].Till = c.Journal[1].Order, c.Journal[1].Order, "till-b", "till-b"
		}, []string{"charged_twice"}},
		"the same reference at two merchants": {func(c *reconcile.Columns) {
			c.Journal[0].Order, c.Ledger[0].Order, c.Journal[0].Merchant = c.Journal[1].Order, c.Journal[1].Order, "other"
		}, nil},
	} {
		columns := stated()
		c.change(&columns)
		exactly(t, name, columns, c.checks)
	}
}

func TestATerminalsOwnTotalsAreCompared(t *testing.T) {
	total := reconcile.TerminalTotal{Till: "till-a", Device: "terminal", Day: "2026-03-01", Currency: "EUR", Terminal: 700, Journal: 700}
	c := stated()
	c.TerminalTotals = []reconcile.TerminalTotal{total}
	only(t, "equal", c, "")
	c.TerminalTotals[0].Terminal++
	only(t, "another sum", c, "terminal_totals")
	c.TerminalTotals[0].Terminal, c.TerminalTotals[0].Lost = 700, true
	only(t, "lost", c, "terminal_totals")
}

func TestOneDayIsComparedAlone(t *testing.T) {
	c := stated()
	c.Journal[1].Business, c.Statement = "2026-03-02", c.Statement[1:]
	c.Only("2026-03-01")
	only(t, "the other day's line is missing", c, "")
	r, err := reconcile.Run(c)
	if err != nil || len(r.Totals.Journal[pos.Card]) != 0 || r.Totals.Ledger[pos.Cash]["EUR"].Amount != 500 {
		t.Errorf("%+v, %v", r.Totals, err)
	}
}
