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
		if rows[p.ID] != nil {
			list = append(list, difference("ledger_doubled", &p.ID, "The payment stands in the ledger twice.", "The ledger was changed by hand: restore it from the records."))
		}
		rows[p.ID] = p
	}
	for i := range c.Journal {
		p := &c.Journal[i]
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
		k := key{p.TerminalID, p.Trace}
		if taken[k] != nil {
			list = append(list, difference("terminal_shared", &p.ID, "Two approved payments name the same transaction %s of the card terminal.",
				"One of them was approved without money: find out which.", p.Trace))
		}
		taken[k] = p
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

// chargedOnce: the payments of an order must not add up to more than the order, and without an order amount only one of them may be taken.
func chargedOnce(c *Columns) []Difference {
	var list []Difference
	taken := map[pos.OrderRef][]*Payment{}
	for i := range c.Journal {
		if p := &c.Journal[i]; p.Status.Taken() {
			taken[p.Order] = append(taken[p.Order], p)
		}
	}
	for _, p := range c.Journal {
		payments := taken[p.Order]
		delete(taken, p.Order)
		if len(payments) < 2 {
			continue
		}
		last := payments[len(payments)-1]
		if last.OrderAmount == nil || sum(payments) > *last.OrderAmount {
			list = append(list, difference("charged_twice", &last.ID, "Order %s was charged %d times.", "Refund what is too much.", last.Order, len(payments)))
		}
	}
	return list
}

func sum(payments []*Payment) (total pos.Minor) {
	for _, p := range payments {
		total += p.Money.Amount
	}
	return total
}

// decided: at the end of a day no outcome may be open.
func decided(c *Columns) []Difference {
	var list []Difference
	for i := range c.Journal {
		p := &c.Journal[i]
		if p.Status.Open() {
			next := "Start the till: it asks the card terminal. Do not charge again."
			if p.GivenUp {
				next = "A supervisor gave the search up. Look for it in the card terminal's list; money that turns up is to be given back."
			}
			list = append(list, difference("outcome_open", &p.ID, "Nobody knows yet whether the payment of %s was taken.", next, p.Money))
		}
		for _, r := range p.Returns {
			if r.Open {
				next := "Start the till: it asks the card terminal or the platform. Do not give it back again."
				if r.GivenUp {
					next = "A supervisor gave the search up. Look for it in the card terminal's list before anything is given back again."
				}
				list = append(list, difference("outcome_open", &p.ID, "Nobody knows yet whether refund %s went back.", next, r.Operation))
			}
		}
	}
	return list
}

func difference(check string, payment *pos.PaymentID, cause, next string, args ...any) Difference {
	return Difference{Check: check, Payment: payment, Cause: fmt.Sprintf(cause, args...), Next: next}
}
