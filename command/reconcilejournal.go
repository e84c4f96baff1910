package command

import (
	"slices"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/reconcile"
)

// tillJournal is what one till's own journal says.
type tillJournal struct {
	till      pos.TillID
	payments  view.Payments
	records   []reconcile.Record
	carried   record.Place          // the last record that was removed after its retention
	elsewhere map[record.Place]bool // records that reached the platform in a hole of a later epoch
}

func readTillJournal(dir string) (*tillJournal, error) {
	r, err := journal.OpenReader(dir)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	j := &tillJournal{elsewhere: map[record.Place]bool{}}
	if j.payments, err = r.Payments(); err != nil {
		return nil, exit(exitNot, err)
	}
	err = r.All(func(rec *record.Record) error {
		head := rec.Head()
		j.till = rec.Till
		j.records = append(j.records, reconcile.Record{Till: rec.Till, Epoch: head.Epoch, Seq: head.Seq, Hash: head.Hash})
		if rec.Kind != record.KindCarry && rec.Kind != record.KindHole {
			return nil
		}
		switch body, _ := r.Codec().Body(rec); b := body.(type) {
		case *record.Carry:
			if b.Last {
				j.carried = record.Place{Epoch: b.Of.Epoch, Seq: b.Of.Seq}
			}
		case *record.Hole:
			j.elsewhere[record.Place{Epoch: b.Epoch, Seq: b.From}] = len(b.Raw) > 0
		}
		return nil
	})
	if err != nil {
		return nil, exit(exitNot, err)
	}
	return j, nil
}

// takeJournal puts a till's own journal in the place of what its records in custody say. What only custody knows of a payment goes along.
func takeJournal(c *reconcile.Columns, dir string) error {
	j, err := readTillJournal(dir)
	if err != nil {
		return err
	}
	folded := map[pos.PaymentID]reconcile.Payment{}
	for _, p := range c.Journal {
		if p.Till == j.till {
			folded[p.ID] = p
		}
	}
	// Of payments whose records the till has removed after their retention, those in custody go on speaking.
	c.Journal = slices.DeleteFunc(c.Journal, func(p reconcile.Payment) bool {
		return p.Till == j.till && (j.payments[p.ID] != nil || !j.gone(p.Till, p.Epoch, p.Seq))
	})
	for i := range c.Journal {
		c.Journal[i].Folded = c.Journal[i].Folded && c.Journal[i].Till != j.till
	}
	for _, p := range j.payments {
		if p.Foreign == "" { // another till's payment is in that till's columns
			c.Journal = append(c.Journal, ownPayment(p, j.till, folded[p.Intent.Payment]))
		}
	}
	slices.SortStableFunc(c.Journal, func(a, b reconcile.Payment) int { return slices.Compare(a.ID[:], b.ID[:]) })
	c.Journals = append(c.Journals, j.till)
	c.JournalRecords = slices.DeleteFunc(slices.Clone(c.JournalRecords), func(r reconcile.Record) bool { return r.Till == j.till })
	c.JournalRecords = append(c.JournalRecords, j.records...)
	j.alignPruned(c)
	return nil
}

// ownPayment is a payment as the till's journal tells it, with what only custody knows of it.
func ownPayment(p *view.Payment, till pos.TillID, folded reconcile.Payment) reconcile.Payment {
	out := reconcile.PaymentOf(p)
	out.Till, out.Merchant, out.Acquirer, out.Day, out.Business = till, folded.Merchant, folded.Acquirer, folded.Day, folded.Business
	if folded.Seq == out.Seq && folded.Epoch == out.Epoch {
		out.Delivered = folded.Delivered
	}
	out.Steps = folded.Steps
	return out
}

// gone says whether the till has removed a record after its retention.
func (j *tillJournal) gone(till pos.TillID, epoch pos.Epoch, seq pos.Seq) bool {
	return till == j.till && record.Place{Epoch: epoch, Seq: seq}.Compare(j.carried) <= 0
}

// alignPruned takes out of the records what only one side can hold: of the ledger, the part that the till has removed after its retention; of the
// journal, records that reached the platform in a hole of a later epoch, because they could not be delivered in their own.
func (j *tillJournal) alignPruned(c *reconcile.Columns) {
	c.LedgerRecords = slices.DeleteFunc(slices.Clone(c.LedgerRecords), func(r reconcile.Record) bool { return j.gone(r.Till, r.Epoch, r.Seq) })
	c.JournalRecords = slices.DeleteFunc(c.JournalRecords, func(r reconcile.Record) bool {
		return j.gone(r.Till, r.Epoch, r.Seq) || r.Till == j.till && j.elsewhere[record.Place{Epoch: r.Epoch, Seq: r.Seq}]
	})
}
