package reconcile

import (
	"fmt"

	"github.com/tillproof/tillproof/pos"
)

// place is where a record stands.
type place struct {
	epoch pos.Epoch
	seq   pos.Seq
}

// records: what is in custody must be what the till wrote, each record once.
func records(c *Columns) []Difference {
	var list []Difference
	own := map[place][32]byte{}
	for _, r := range c.JournalRecords {
		own[place{r.Epoch, r.Seq}] = r.Hash
	}
	held := map[place]bool{}
	for _, r := range c.LedgerRecords {
		at := place{r.Epoch, r.Seq}
		hash, known := own[at]
		switch {
		case held[at]:
			list = append(list, difference("record_doubled", nil, "Record %d of epoch %s is in custody twice.", "The ledger was changed by hand: restore it from the records.", r.Seq, r.Epoch))
		case !known:
			list = append(list, difference("record_unknown", nil, "Record %d of epoch %s is in custody, but the till never wrote it or has lost it.",
				"Compare with `journal verify`: the till may have been restored from a backup.", r.Seq, r.Epoch))
		case hash != r.Hash:
			list = append(list, difference("record_changed", nil, "Record %d of epoch %s is not the one that the till wrote.", "One of the two was changed: the signature tells which.", r.Seq, r.Epoch))
		}
		held[at] = true
	}
	missing := 0
	for _, r := range c.JournalRecords {
		if !held[place{r.Epoch, r.Seq}] {
			missing++
		}
	}
	if missing > 0 {
		list = append(list, difference("record_missing", nil, "%d records of the journal are not in the platform's custody.",
			"If the till was off the network they are sent when it is back; otherwise the ledger has lost them.", missing))
	}
	return list
}

// ledgerAgainstJournal: both fold the same records, so every payment must stand in both alike.
func ledgerAgainstJournal(c *Columns) []Difference {
	var list []Difference
	rows := map[pos.PaymentID]*Payment{}
	for i := range c.Ledger {
		p := &c.Ledger[i]
		if !c.own(p) {
			continue // Proof tells of those
		}
		if rows[p.ID] != nil {
			list = append(list, difference("ledger_doubled", &p.ID, "The payment stands in the ledger twice.", "The ledger was changed by hand: restore it from the records."))
		}
		rows[p.ID] = p
	}
	for i := range c.Journal {
		p := &c.Journal[i]
		if p.Folded {
			continue
		}
		row := rows[p.ID]
		delete(rows, p.ID)
		if row == nil {
			list = append(list, difference("ledger_missing", &p.ID, "The payment (%s, %s) is in the journal and not in the ledger.",
				"Bring the till online; if it is, the ledger has lost the row: restore it from the records.", p.Status, p.Money))
		} else if what := differs(p, row); what != "" {
			list = append(list, difference("ledger_differs", &p.ID, "Journal and ledger differ in the payment's %s.",
				"If the till has records to send, wait for them; otherwise the ledger was changed: restore it from the records.", what))
		}
	}
	for i := range c.Ledger {
		if p := &c.Ledger[i]; rows[p.ID] == p {
			list = append(list, difference("ledger_unknown", &p.ID, "The payment (%s, %s) is in the ledger and not in the journal.",
				"The ledger was changed by hand, or the till was restored from a backup.", p.Status, p.Money))
		}
	}
	return list
}

// differs names the first thing in which two tellings of a payment are not alike.
func differs(a, b *Payment) string {
	switch {
	case a.Status != b.Status:
		return fmt.Sprintf("status (%s and %s)", a.Status, b.Status)
	case a.Money != b.Money:
		return fmt.Sprintf("amount (%s and %s)", a.Money, b.Money)
	case a.Tender != b.Tender:
		return "tender"
	case a.Order != b.Order || a.Attempt != b.Attempt:
		return "order"
	case a.Till != b.Till && a.Till != "" && b.Till != "":
		return fmt.Sprintf("till (%s and %s)", a.Till, b.Till)
	case a.Epoch != b.Epoch || a.Seq != b.Seq:
		return "last record"
	}
	return ""
}

// terminalAgainstJournal: what the terminal has taken must be approved here, and the other way round.
func terminalAgainstJournal(c *Columns) []Difference {
	type key struct{ terminal, trace string }
	var list []Difference
	taken := map[key]*Payment{}
	for i := range c.Journal {
		p := &c.Journal[i]
		if !p.atTerminal(c) {
			continue
		}
		taken[key{p.TerminalID, p.Trace}] = p
	}
	for _, x := range c.Terminal {
		if x.Refund {
			continue // refundsAgainstJournal
		}
		k := key{x.TerminalID, x.Trace}
		p := taken[k]
		delete(taken, k)
		if p == nil {
			list = append(list, difference("terminal_only", nil, "Card terminal %s has taken %s (trace %s) that no approved payment names.",
				"Refund it, or find the payment that it belongs to: it was taken outside the till or its answer was lost.", x.Device, x.Money, x.Trace))
		} else if p.booked() != x.Money {
			list = append(list, difference("terminal_differs", &p.ID, "The card terminal has taken %s, the journal says %s.", "Correct the difference with the customer.", x.Money, p.booked()))
		}
	}
	for i := range c.Journal {
		p := &c.Journal[i]
		if taken[key{p.TerminalID, p.Trace}] == p {
			list = append(list, difference("journal_only", &p.ID, "The payment is approved here and the card terminal does not hold it.",
				"The card terminal has reversed it or was reset: the customer was not charged."))
		}
	}
	return list
}

func difference(check string, payment *pos.PaymentID, cause, next string, args ...any) Difference {
	return Difference{Check: check, Payment: payment, Cause: fmt.Sprintf(cause, args...), Next: next}
}
