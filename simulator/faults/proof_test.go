//go:build linux

package faults

import (
	"context"
	"maps"
	"slices"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/platform"
	"github.com/tillproof/tillproof/sync/reconcile"
)

// books are one side: what a journal holds, or what the ledger holds of a till.
type books struct {
	name     string
	till     pos.TillID
	records  []reconcile.Record
	payments []reconcile.Payment
}

// journal reads the books of a till that has stopped, and verifies its chain and signatures.
func (t *till) journal() books {
	t.site.t.Helper()
	dir := agent.PathsIn(t.dir).Journal
	report, err := journal.Verify(dir, t.id, cose.OneKey(t.public))
	if err != nil || !report.OK {
		t.site.t.Errorf("%s: journal verify says %+v, %v", t.id, report.Problems, err)
	}
	r, err := journal.OpenReader(dir)
	if err != nil {
		t.site.t.Fatal(err)
	}
	defer r.Close()
	b := books{name: t.dir, till: t.id}
	payments, err := r.Payments()
	if err != nil {
		t.site.t.Fatal(err)
	}
	for _, p := range payments {
		b.payments = append(b.payments, column(p))
	}
	if err := r.All(func(rec *record.Record) error {
		h := rec.Head()
		b.records = append(b.records, reconcile.Record{Epoch: h.Epoch, Seq: h.Seq, Hash: h.Hash})
		return nil
	}); err != nil {
		t.site.t.Fatal(err)
	}
	return b
}

func column(p *view.Payment) reconcile.Payment {
	c := reconcile.Payment{ID: p.Intent.Payment, Order: p.Intent.Order, Attempt: p.Intent.Attempt, Tender: p.Intent.Tender, Status: p.Status, Money: p.Asked(),
		OrderAmount: p.Intent.OrderAmount, Device: p.Intent.Device, Epoch: p.Epoch, Seq: p.Seq}
	if p.Status.Taken() {
		c.Money, c.Booked = p.Taken(), p.Decision.Amount
	}
	return c
}

// ledger reads the books that the platform keeps of a till, as they are at this moment. Branches that lost count among its records: they are in custody.
func (s *site) ledger(till pos.TillID) books {
	s.t.Helper()
	l, err := platform.OpenLedger(s.database)
	if err != nil {
		s.t.Fatal(err)
	}
	defer l.Close()
	b := books{name: "ledger", till: till}
	for rows, err := range l.Payments(context.Background()) {
		if err != nil {
			s.t.Fatal(err)
		}
		if rows.Till == till {
			b.payments = append(b.payments, reconcile.Payment{ID: rows.Payment, Order: rows.Key.Order, Attempt: rows.Key.Attempt, Tender: rows.Tender, Status: rows.Status,
				Money: rows.Money, Epoch: rows.Epoch, Seq: rows.Seq})
		}
	}
	keep := func(r platform.StoredRecord, err error) bool {
		if err != nil {
			s.t.Fatal(err)
		}
		if r.Till == till {
			b.records = append(b.records, reconcile.Record{Epoch: r.Head.Epoch, Seq: r.Head.Seq, Hash: r.Head.Hash})
		}
		return true
	}
	l.Records(context.Background())(keep)
	l.Forks(context.Background())(keep)
	return b
}

// differences holds the journals of one till name against the ledger by the rules of reconciliation. Usually there is one journal; copies that lived at
// the same time are held against the ledger one by one, each without what only another copy has written.
func differences(s *site, ledger books, journals ...books) (found []reconcile.Difference) {
	s.t.Helper()
	for _, j := range journals {
		c := reconcile.Columns{Journal: j.payments, JournalRecords: j.records, LedgerRecords: ledger.records, Ledger: ledger.payments}
		for _, other := range journals {
			if other.name != j.name {
				c.LedgerRecords, c.Ledger = without(c.LedgerRecords, other.records, j.records), withoutPayments(c.Ledger, other.payments, j.payments)
			}
		}
		report, err := reconcile.Run(c)
		if err != nil {
			s.t.Fatal(err)
		}
		found = append(found, report.Differences...)
	}
	return found
}

// without takes out of a list what one has and the other has not.
func without(list, theirs, own []reconcile.Record) []reconcile.Record {
	drop := map[reconcile.Record]bool{}
	for _, r := range theirs {
		drop[r] = true
	}
	for _, r := range own {
		delete(drop, r)
	}
	return slices.DeleteFunc(slices.Clone(list), func(r reconcile.Record) bool { return drop[r] })
}

func withoutPayments(list, theirs, own []reconcile.Payment) []reconcile.Payment {
	drop := map[pos.PaymentID]bool{}
	for _, p := range theirs {
		drop[p.ID] = true
	}
	for _, p := range own {
		delete(drop, p.ID)
	}
	return slices.DeleteFunc(slices.Clone(list), func(p reconcile.Payment) bool { return drop[p.ID] })
}

// proved fails unless ledger and journals agree, and unless the same rules see each of some small lies: a check that is blind proves nothing.
func (s *site) proved(journals ...books) {
	s.t.Helper()
	ledger := s.ledger(journals[0].till)
	if found := differences(s, ledger, journals...); len(found) > 0 {
		s.t.Errorf("ledger and journals differ in %d ways, first: %+v", len(found), found[0])
		return
	}
	if len(ledger.records) == 0 || len(ledger.payments) == 0 {
		s.t.Error("nothing was compared")
		return
	}
	lies := map[string]func(*books){
		"a record is gone":     func(b *books) { b.records = b.records[1:] },
		"a record is another":  func(b *books) { b.records[len(b.records)/2].Hash[0] ^= 1 },
		"a record is nobody's": func(b *books) { b.records = append(b.records, reconcile.Record{Epoch: pos.Epoch{1}, Seq: 1}) },
		"a record is doubled":  func(b *books) { b.records = append(b.records, b.records[0]) },
		"a payment is gone":    func(b *books) { b.payments = b.payments[1:] },
		"a payment is doubled": func(b *books) { b.payments = append(b.payments, b.payments[0]) },
		"an amount differs":    func(b *books) { b.payments[len(b.payments)/2].Money.Amount++ },
		"a status differs":     func(b *books) { b.payments[0].Status = pos.Declined },
	}
	for _, name := range slices.Sorted(maps.Keys(lies)) {
		lie := books{name: ledger.name, till: ledger.till, records: slices.Clone(ledger.records), payments: slices.Clone(ledger.payments)}
		lies[name](&lie)
		if len(differences(s, lie, journals...)) == 0 {
			s.t.Errorf("the check is blind: %s, and it says nothing", name)
		}
	}
}

// unequal fails unless the ledger as it was in the midst of a fault differs from the journals: else the fault has hit nothing.
func (s *site) unequal(then books, journals ...books) {
	s.t.Helper()
	if len(differences(s, then, journals...)) == 0 {
		s.t.Error("the ledger was complete in the midst of the fault: nothing was tested")
	}
}
