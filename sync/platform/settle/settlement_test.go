package settle_test

import (
	"context"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/platform"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
	"github.com/tillproof/tillproof/sync/platform/registry"
	"github.com/tillproof/tillproof/sync/platform/settle"
	"github.com/tillproof/tillproof/sync/reconcile"
)

func TestFeesAreRoundedHalfUpAndBounded(t *testing.T) {
	for _, c := range []struct {
		rule   registry.FeeRule
		amount pos.Minor
		fee    pos.Minor
	}{
		{registry.FeeRule{BasisPoints100: 6000}, 1100, 7},   // 0.6 % of 11.00 is 6.6 cents
		{registry.FeeRule{BasisPoints100: 10000}, 50, 1},    // half a cent goes up
		{registry.FeeRule{BasisPoints100: 10000}, 49, 0},    // less does not
		{registry.FeeRule{BasisPoints100: 12500}, 1000, 13}, // 12.5 goes up
		{registry.FeeRule{BasisPoints100: 12500, Fixed: 8}, 1000, 21},
		{registry.FeeRule{BasisPoints100: 12500, Min: 30}, 1000, 30},
		{registry.FeeRule{BasisPoints100: 12500, Max: 10}, 1000, 10},
		{registry.FeeRule{Fixed: 5}, 0, 5},
		{registry.FeeRule{BasisPoints100: 1_000_000}, pos.MaxAmount, pos.MaxAmount},
	} {
		if fee, err := settle.Fee(&c.rule, c.amount); err != nil || fee != c.fee {
			t.Errorf("%+v of %d: %d, %v, want %d", c.rule, c.amount, fee, err, c.fee)
		}
	}
	if _, err := settle.Fee(&registry.FeeRule{BasisPoints100: 1_000_000}, math.MaxInt64); err == nil {
		t.Error("a fee beyond all amounts")
	}
}

func FuzzFee(f *testing.F) {
	f.Add(int64(1100), int64(6000))
	f.Add(int64(999_999_999_999), int64(1_000_000))
	f.Fuzz(func(t *testing.T, amount, rate int64) {
		if amount < 0 || amount > int64(pos.MaxAmount) || rate < 0 || rate > 1_000_000 {
			return
		}
		fee, err := settle.Fee(&registry.FeeRule{BasisPoints100: rate}, pos.Minor(amount))
		exact := new(big.Int).Mul(big.NewInt(amount), big.NewInt(rate))
		exact.Add(exact, big.NewInt(500_000)).Quo(exact, big.NewInt(1_000_000))
		if err != nil || int64(fee) != exact.Int64() {
			t.Fatalf("%d at %d: %d, %v, want %s", amount, rate, fee, err, exact)
		}
	})
}

func TestTheRuleThatNamesMostCounts(t *testing.T) {
	rules := []registry.FeeRule{{ID: "a", Acquirer: "bank", Currency: "EUR", From: "2026-01-01"}, {ID: "b", Acquirer: "bank", Currency: "EUR", Brand: "visa", From: "2026-01-01"},
		{ID: "c", Acquirer: "bank", Currency: "EUR", From: "2026-03-01"}, {ID: "d", Acquirer: "other", Currency: "EUR", From: "2026-01-01"}}
	for charge, id := range map[settle.Charge]string{
		{Acquirer: "bank", Brand: "visa", Money: pos.Money{Currency: "EUR"}, Day: "2026-04-01"}:   "b",
		{Acquirer: "bank", Brand: "amex", Money: pos.Money{Currency: "EUR"}, Day: "2026-04-01"}:   "c",
		{Acquirer: "bank", Money: pos.Money{Currency: "EUR"}, Day: "2026-02-28"}:                  "a",
		{Acquirer: "bank", Money: pos.Money{Currency: "USD"}, Day: "2026-04-01"}:                  "",
		{Acquirer: "bank", Money: pos.Money{Currency: "EUR"}, Day: "2025-12-31"}:                  "",
		{Acquirer: "other", Brand: "visa", Money: pos.Money{Currency: "EUR"}, Day: "2026-04-01"}:  "d",
		{Acquirer: "nobody", Brand: "visa", Money: pos.Money{Currency: "EUR"}, Day: "2026-04-01"}: "",
	} {
		got := ""
		if r := settle.RuleFor(rules, charge); r != nil {
			got = r.ID
		}
		if got != id {
			t.Errorf("%+v: %q, want %q", charge, got, id)
		}
	}
}

// world is a platform's database with a shop's day in it: two card sales, of one of which 300 went back in cash, one of a code, and a till whose day it is.
type world struct {
	*desk
	source  *settle.Source
	address string
	day     string
	custody *platform.Custody
	tills   *platform.Tills
	journal *outboxtest.Journal
}

func put(t *testing.T, r *registry.Registry, things ...registry.Thing) {
	t.Helper()
	for _, thing := range things {
		if _, err := r.Put(t.Context(), thing, 0); err != nil {
			t.Fatal(err)
		}
	}
}

func newWorld(t *testing.T, address string) *world {
	t.Helper()
	w := &world{address: address, journal: outboxtest.New("till-a"), day: time.UnixMilli(1_700_000_000_000).UTC().Format(time.DateOnly)}
	var err error
	if w.tills, err = platform.NewTills(map[pos.TillID]cose.PublicKey{"till-a": w.journal.Signer.Public()}); err != nil {
		t.Fatal(err)
	}
	if w.custody, err = platform.OpenCustody(t.Context(), address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.custody.Close() })
	sale(w.journal, 1, 10000)
	sale(w.journal, 2, 5000)
	refund(w.journal, 2, 300, nil)
	deliver(t, w.tills, w.custody, w.journal)
	w.desk = newDesk(t, address)
	r, err := registry.Open(t.Context(), w.db)
	if err != nil {
		t.Fatal(err)
	}
	put(t, r, &registry.Merchant{Merchant: "shop", Currency: "EUR"}, &registry.Till{Till: "till-a", Merchant: "shop", PublicKey: w.journal.Signer.Public()},
		&registry.Terminal{Acquirer: "card-bank", TerminalID: "T1", Merchant: "shop", Till: "till-a"}, &registry.Account{Merchant: "shop", Acquirer: "card-bank", MerchantID: "4711"},
		&registry.FeeRule{ID: "fee-1", Merchant: "shop", Acquirer: "card-bank", BasisPoints100: 12500, Fixed: 5, Currency: "EUR", From: "2020-01-01"})
	w.source = &settle.Source{DB: w.db, Registry: r, Statements: w.Statements}
	return w
}

const cards = "acquirer: card-bank\nheader: 1\ndecimal: minor\ndate: YYYY-MM-DD\nconstants: {currency: EUR, tender: card, terminal_id: T1, merchant_id: \"4711\"}\n" +
	"columns: {kind: kind, trace: trace, transaction: transaction, amount: amount, fee: fee, date: date, batch: batch}\n"

// stated is the acquirer's statement of the day.
func (w *world) stated(lines ...string) []byte {
	return []byte("kind,trace,transaction,amount,fee,date,batch\n" + strings.ReplaceAll(strings.Join(lines, "\n"), "DAY", w.day) + "\n")
}

func (w *world) agreeing() []byte {
	return w.stated("payment,000001,R1,10000,130,DAY,B1", "payment,000002,R2,5000,68,DAY,B1", "payout,,P1,14802,,2023-11-16,B1")
}

func TestASettlementHoldsFeesAndPayoutAgainstWhatIsExpected(t *testing.T) {
	settles(t, databasetest.SQLite(t))
}

func settles(t *testing.T, address string) {
	t.Helper()
	w := newWorld(t, address)
	w.take(w.agreeing(), []byte(cards))
	s, err := w.source.Read(t.Context(), "shop", w.day, 0)
	if err != nil || len(s.Accounts) != 1 || s.Closed {
		t.Fatalf("%+v, %v", s, err)
	}
	a := s.Accounts[0]
	if a.Acquirer != "card-bank" || a.Payments != (pos.Sum{Count: 2, Amount: 15000}) || a.Refunds.Count != 0 || a.FeesExpected != 198 || a.Stated.Fees != 198 ||
		a.NetExpected != 14802 || a.PaidOut == nil || *a.PaidOut != 14802 || *a.Difference != 0 {
		t.Errorf("%+v, stated %+v", a, a.Stated)
	}
	c, err := w.source.Columns(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if report, err := reconcile.Run(*c); err != nil || !report.OK || report.Totals.Acquirer[pos.Card]["EUR"].Amount != 15000 {
		t.Errorf("%+v, %v", report, err)
	}
	for _, format := range []string{"text", "csv", "json"} {
		var b strings.Builder
		if err := s.Write(&b, format); err != nil || !strings.Contains(b.String(), "card-bank") {
			t.Errorf("%s: %q, %v", format, b.String(), err)
		}
	}
}

func TestAClosedStatementNeverChangesSilently(t *testing.T) {
	closes(t, databasetest.SQLite(t))
}

func closes(t *testing.T, address string) {
	t.Helper()
	w := newWorld(t, address)
	first, err := w.source.Close(t.Context(), "shop", w.day, "anna")
	if err != nil || first.Version != 1 || first.ClosedBy != "anna" || first.Previous != nil {
		t.Fatalf("%+v, %v", first, err)
	}
	if same, err := w.source.Close(t.Context(), "shop", w.day, "ben"); err != nil || same.Version != 1 || same.ClosedBy != "anna" {
		t.Fatalf("closed again: %+v, %v", same, err)
	}
	w.take(w.agreeing(), []byte(cards))
	read, err := w.source.Read(t.Context(), "shop", w.day, 0)
	if err != nil || read.Version != 1 || read.Accounts[0].Stated != nil || read.Correction == nil || read.Correction.Accounts[0].Stated == nil {
		t.Fatalf("%+v, %v", read, err)
	}
	second, err := w.source.Close(t.Context(), "shop", w.day, "ben")
	if err != nil || second.Version != 2 || second.Previous == nil || second.Previous.Version != 1 || len(second.Previous.Hash) != 64 {
		t.Fatalf("%+v, %v", second, err)
	}
	if old, err := w.source.Read(t.Context(), "shop", w.day, 1); err != nil || old.Accounts[0].Stated != nil || old.Version != 1 {
		t.Fatalf("the first version: %+v, %v", old, err)
	}
	if _, err := change(t, address, "UPDATE settle_closed SET body = body || '' , hash = 'x' WHERE version = 1"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.source.Read(t.Context(), "shop", w.day, 1); err == nil {
		t.Error("a changed statement was believed")
	}
}

func TestReconciliationNamesWhatAStatementSays(t *testing.T) {
	for name, c := range map[string]struct {
		lines  []string
		checks []string
	}{
		"another fee":          {[]string{"payment,000001,R1,10000,131,DAY,B1", "payment,000002,R2,5000,68,DAY,B1"}, []string{"fee_differs"}},
		"a payment missing":    {[]string{"payment,000001,R1,10000,130,DAY,B1"}, []string{"acquirer_missing", "statement_sums"}},
		"a payment of nobody":  {[]string{"payment,000001,R1,10000,130,DAY,", "payment,000002,R2,5000,68,DAY,", "payment,000009,R9,700,9,DAY,"}, []string{"acquirer_only", "statement_sums"}},
		"another amount":       {[]string{"payment,000001,R1,10000,130,DAY,", "payment,000002,R2,5001,68,DAY,"}, []string{"acquirer_differs", "statement_sums"}},
		"charged twice":        {[]string{"payment,000001,R1,10000,130,DAY,", "payment,000002,R2,5000,68,DAY,", "payment,000002,R3,5000,68,DAY,"}, []string{"acquirer_differs", "acquirer_doubled", "statement_sums"}},
		"the same line twice":  {[]string{"payment,000001,R1,10000,130,DAY,", "payment,000001,R1,10000,130,DAY,", "payment,000002,R2,5000,68,DAY,"}, []string{"statement_doubled"}},
		"one transaction, two": {[]string{"payment,000001,R1,10000,130,DAY,", "payment,000002,R1,5000,68,DAY,"}, []string{"statement_doubled", "transaction_shared"}},
		"a refund of nobody's": {[]string{"payment,000001,R1,10000,130,DAY,", "payment,000002,R2,5000,68,DAY,", "refund,000002,R4,300,0,DAY,"}, []string{"acquirer_differs", "statement_sums"}},
		"a chargeback":         {[]string{"payment,000001,R1,10000,130,DAY,", "payment,000002,R2,5000,68,DAY,", "chargeback,000002,R4,5000,0,DAY,"}, []string{"chargeback", "statement_sums"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, databasetest.SQLite(t))
			w.take(w.stated(c.lines...), []byte(cards))
			columns, err := w.source.Columns(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			report, err := reconcile.Run(*columns)
			if err != nil {
				t.Fatal(err)
			}
			named(t, report.Differences, c.checks)
		})
	}
}

// named wants exactly these checks, each with words for people.
func named(t *testing.T, differences []reconcile.Difference, checks []string) {
	t.Helper()
	found := map[string]bool{}
	for _, d := range differences {
		found[d.Check] = true
		if d.Kind == "" || d.Cause == "" || d.Next == "" {
			t.Errorf("%+v says nothing", d)
		}
	}
	for _, check := range checks {
		if !found[check] {
			t.Errorf("%s is not named", check)
		}
		delete(found, check)
	}
	if len(found) > 0 {
		t.Errorf("also named: %v of %s", found, fmt.Sprint(differences))
	}
}
