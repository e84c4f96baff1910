package zvt

import (
	"context"
	"fmt"

	"github.com/tillproof/tillproof/drivers"
)

// Recover waits until the terminal is free, registers, asks for the last transaction and judges it. It sends nothing
// that moves money. An error means that the terminal could not be asked: the outcome stays unknown.
func (t *terminal) Recover(ctx context.Context, pending drivers.Pending) (drivers.Recovery, error) {
	if err := t.makeReady(ctx); err != nil {
		return drivers.Recovery{}, unknown("The terminal could not be asked for the outcome.", err)
	}
	f, err := t.lastTransaction(ctx)
	if err != nil {
		return drivers.Recovery{}, unknown("The terminal could not be asked for the outcome.", err)
	}
	r := t.judge(pending, f)
	r.Last = f.last()
	return r, nil
}

// judge compares the terminal's last transaction with the unfinished sale. A terminal tells its last successful
// transaction, so an older one proves that the sale was not booked.
func (t *terminal) judge(p drivers.Pending, f found) drivers.Recovery {
	if f.result == nil {
		return nothingTold(p, f)
	}
	last, stored := f.last(), charging(p.Stored)
	known := stored != nil && stored.Trace != "" && stored.Trace == last.Trace
	switch {
	case p.Before.Untold && known:
		return t.judgeNewer(p, f)
	case p.Before.Untold:
		return verdict(drivers.Undecided, "The terminal tells %s as its last transaction; before this sale it told none, so that may be an older one.", name(last))
	case !comparable(last, p.Before):
		return verdict(drivers.Undecided, "The terminal's last transaction, %s, cannot be told from the one before this sale.", name(last))
	case sameTransaction(last, p.Before) && known:
		return verdict(drivers.Undecided, "The terminal gave this sale the number of the one before it, %s.", name(last))
	case sameTransaction(last, p.Before):
		return verdict(drivers.NotCharged, "The terminal's last transaction is %s, the one before this sale.", name(last))
	case last.Untold || f.result.Code != approvedCode:
		return verdict(drivers.Undecided, "The terminal's last transaction, %s, is not a numbered success.", name(last))
	}
	return t.judgeNewer(p, f)
}

// judgeNewer judges a transaction that came after the base line.
func (t *terminal) judgeNewer(p drivers.Pending, f found) drivers.Recovery {
	want, last := p.Amount, f.last()
	if stored := charging(p.Stored); stored != nil {
		want = stored.Amount
		if stored.Trace != "" && stored.Trace != last.Trace {
			return verdict(drivers.Undecided, "The terminal reported transaction %s for this sale; its last one is %s.", stored.Trace, name(last))
		}
	}
	got := f.result.Amount
	if got.Currency == "" {
		got.Currency = t.currency // terminals send it only if it was in the request
	}
	if got != want {
		return verdict(drivers.Undecided, "The terminal's last transaction, %s, is new but over %s instead of %s.", name(last), got, want)
	}
	r := verdict(drivers.Charged, "The terminal's last transaction, %s over %s, is new and fits this sale.", name(last), got)
	r.Result = *f.result
	r.Result.Amount = got
	return r
}

// charging is a stored result that claims the money; a stored failure says nothing of a newer transaction.
func charging(stored *drivers.Result) *drivers.Result {
	if stored == nil || stored.Decision != drivers.Approved && stored.Decision != drivers.ApprovedOffline {
		return nil
	}
	return stored
}

// nothingTold judges a terminal that tells no transaction. That proves something only for a terminal that had none
// before either, and that began to answer the question: one that refuses it outright, or has emptied its memory since,
// may have booked the sale.
func nothingTold(p drivers.Pending, f found) drivers.Recovery {
	if f.empty() && p.Before == (drivers.Last{}) && charging(p.Stored) == nil {
		return verdict(drivers.NotCharged, "The terminal had no transaction before this sale and has none now.")
	}
	if f.refusal != nil {
		return verdict(drivers.Undecided, "The terminal does not tell its last transaction: %s.", resultText(f.refusal.code))
	}
	if p.Before.Untold {
		return verdict(drivers.Undecided, "The terminal told no transaction before this sale and tells none now.")
	}
	return verdict(drivers.Undecided, "The terminal tells no transaction, although it had one before.")
}

// nothingStored says whether 06 20 that was accepted and ended with 06 1E and this code found no transaction. The
// papers name no code for it; these are the ones that cannot mean anything else here.
func nothingStored(code byte) bool {
	switch code {
	case 0x64, 0x65, 0x83:
		return true
	}
	return false
}

// comparable says whether two transactions have a number in common by which they can be told apart; anything differs from none.
func comparable(last, before drivers.Last) bool {
	return before == (drivers.Last{}) || last.Trace != "" && before.Trace != "" || last.ReceiptNo != "" && before.ReceiptNo != ""
}

// sameTransaction compares the moving numbers that both have. Receipt numbers wrap after 9999, so they count only where
// there is no trace.
func sameTransaction(a, b drivers.Last) bool {
	if a.Trace != "" && b.Trace != "" {
		return a.Trace == b.Trace
	}
	return a.ReceiptNo != "" && a.ReceiptNo == b.ReceiptNo
}

func verdict(v drivers.Verdict, format string, args ...any) drivers.Recovery {
	return drivers.Recovery{Verdict: v, Text: fmt.Sprintf(format, args...)}
}

// name is how the evidence calls a transaction.
func name(l drivers.Last) string {
	switch {
	case l.Trace != "":
		return "trace " + l.Trace
	case l.ReceiptNo != "":
		return "receipt " + l.ReceiptNo
	}
	return "without a number"
}

var _ drivers.CardTerminal = (*terminal)(nil)
