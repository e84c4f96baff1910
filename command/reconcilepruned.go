package command

import (
	"slices"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/reconcile"
)

// alignPruned takes out of the columns what only one side can hold: of the ledger, the part that the till has removed after its retention; of the
// journal, records that reached the platform in a hole of a later epoch, because they could not be delivered in their own.
func alignPruned(c *reconcile.Columns, dir string) error {
	r, err := journal.OpenReader(dir)
	if err != nil {
		return err
	}
	defer r.Close()
	var of record.Place
	elsewhere := map[record.Place]bool{}
	err = r.All(func(rec *record.Record) error {
		if rec.Kind != record.KindCarry && rec.Kind != record.KindHole {
			return nil
		}
		switch body, _ := r.Codec().Body(rec); b := body.(type) {
		case *record.Carry:
			if b.Last {
				of = record.Place{Epoch: b.Of.Epoch, Seq: b.Of.Seq}
			}
		case *record.Hole:
			elsewhere[record.Place{Epoch: b.Epoch, Seq: b.From}] = len(b.Raw) > 0
		}
		return nil
	})
	if err != nil {
		return exit(exitNot, err)
	}
	here := map[pos.PaymentID]bool{}
	for _, p := range c.Journal {
		here[p.ID] = true
	}
	gone := func(epoch pos.Epoch, seq pos.Seq) bool { return record.Place{Epoch: epoch, Seq: seq}.Compare(of) <= 0 }
	c.Ledger = slices.DeleteFunc(c.Ledger, func(p reconcile.Payment) bool { return !here[p.ID] && gone(p.Epoch, p.Seq) })
	c.LedgerRecords = slices.DeleteFunc(c.LedgerRecords, func(r reconcile.Record) bool { return gone(r.Epoch, r.Seq) })
	c.JournalRecords = slices.DeleteFunc(c.JournalRecords, func(r reconcile.Record) bool {
		return gone(r.Epoch, r.Seq) || elsewhere[record.Place{Epoch: r.Epoch, Seq: r.Seq}]
	})
	return nil
}
