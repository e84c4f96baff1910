package zvt

import (
	"strconv"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// judge compares the terminal's last transaction with the unfinished sale, void or refund. A terminal tells its last successful
// transaction, so an older one proves that it was not booked.
func (t *terminal) judge(p drivers.Pending, f found) drivers.Recovery {
	if f.result == nil {
		return nothingTold(p, f)
	}
	last, stored, what := f.last(), charging(p.Stored), noun(p)
	known := stored != nil && stored.Trace != "" && stored.Trace == last.Trace
	switch {
	case p.Before.Untold && known:
		return t.judgeNewer(p, f)
	case p.Before.Untold:
		return verdict(drivers.Undecided, "The terminal tells %s as its last transaction; before this %s it told none, so that may be an older one.", name(last), what)
	case !comparable(last, p.Before):
		return verdict(drivers.Undecided, "The terminal's last transaction, %s, cannot be told from the one before this %s.", name(last), what)
	case sameTransaction(last, p.Before) && known:
		return verdict(drivers.Undecided, "The terminal gave this %s the number of the one before it, %s.", what, name(last))
	case sameTransaction(last, p.Before) && mayShareNumber(p, last):
		return verdict(drivers.Undecided, "The terminal's last transaction is %s, which this %s may have been given too.", name(last), what)
	case sameTransaction(last, p.Before):
		return verdict(drivers.NotCharged, "The terminal's last transaction is %s, the one before this %s.", name(last), what)
	case older(last, p.Before):
		return verdict(drivers.Undecided, "The terminal's last transaction, %s, is older than the one before this %s, %s.", name(last), what, name(p.Before))
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
		if told := f.result.TerminalID; stored.TerminalID != "" && told != "" && stored.TerminalID != told {
			return verdict(drivers.Undecided, "Terminal %s reported this %s; this is terminal %s.", stored.TerminalID, noun(p), told)
		}
		if stored.Trace != "" && stored.Trace != last.Trace {
			return verdict(drivers.Undecided, "The terminal reported transaction %s for this %s; its last one is %s.", stored.Trace, noun(p), name(last))
		}
	}
	got := f.result.Amount
	if got.Currency == "" {
		got.Currency = t.currency // terminals send it only if it was in the request
	}
	if p.What == drivers.BookingOf {
		got = t.booked(got, p.Amount, p.Of)
	}
	if got != want && !tipped(p, f.result.Tip, got, want) {
		return verdict(drivers.Undecided, "The terminal's last transaction, %s, is new but over %s instead of %s.", name(last), got, want)
	}
	if text := foreign(p, f); text != "" {
		return verdict(drivers.Undecided, "The terminal's last transaction, %s over %s, is new but %s.", name(last), got, text)
	}
	r := verdict(drivers.Charged, "The terminal's last transaction, %s over %s, is new and fits this %s.", name(last), got, noun(p))
	r.Result = *f.result
	r.Result.Amount = got
	return r
}

// tipped says whether a sale was booked with a tip that the customer gave at the terminal: without it the amount is the asked one. Of a result that
// was stored the amount is known, tip and all.
func tipped(p drivers.Pending, tip pos.Minor, got, want pos.Money) bool {
	return deedOf(p.What) == paying && charging(p.Stored) == nil && tip > 0 &&
		got == pos.Money{Amount: want.Amount + tip, Currency: want.Currency}
}

// foreign says why a new transaction of the right amount is not the one in question, "" when nothing speaks against it. A reversal, of a payment or of a
// reservation, names the transaction that it takes back (BMP 37); one that names none is a reversal only where the terminal gives it the receipt number of
// that, or told its trace to the till while it ran. A booking may name its reservation. No field tells a reservation from a payment.
func foreign(p drivers.Pending, f found) string {
	last, stored := f.last(), charging(p.Stored)
	switch {
	case p.What == drivers.BookingOf && f.reverses == p.Of.Trace:
		return ""
	case !takesBack(p.What) && f.reverses != "":
		return "takes back transaction " + f.reverses
	case !takesBack(p.What):
		return ""
	case f.reverses != "" && len(f.reverses) == len(p.Of.Trace):
		if f.reverses != p.Of.Trace {
			return "takes back transaction " + f.reverses + " instead of " + p.Of.Trace
		}
		return ""
	case f.released, last.ReceiptNo != "" && last.ReceiptNo == p.Of.ReceiptNo, stored != nil && stored.Trace != "" && stored.Trace == last.Trace:
		return ""
	}
	return "does not say what it takes back"
}

// takesBack says whether a transaction is the end of another one.
func takesBack(what drivers.Transaction) bool {
	return what == drivers.VoidOf || what == drivers.ReleaseOf
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
// may have booked it.
func nothingTold(p drivers.Pending, f found) drivers.Recovery {
	if f.empty() && p.Before == (drivers.Last{}) && charging(p.Stored) == nil {
		return verdict(drivers.NotCharged, "The terminal had no transaction before this %s and has none now.", noun(p))
	}
	if f.refusal != nil {
		return verdict(drivers.Undecided, "The terminal does not tell its last transaction: %s.", resultText(f.refusal.code))
	}
	if p.Before.Untold {
		return verdict(drivers.Undecided, "The terminal told no transaction before this %s and tells none now.", noun(p))
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

// mayShareNumber says whether a void, booking or release cannot be told from what it is for: some terminals give it the same receipt number, and this one tells
// no traces.
func mayShareNumber(p drivers.Pending, last drivers.Last) bool {
	return (takesBack(p.What) || p.What == drivers.BookingOf) && (last.Trace == "" || p.Before.Trace == "") && last.ReceiptNo == p.Of.ReceiptNo
}

// older says whether a transaction comes before another by the number that both have. Numbers wrap after all nines: the shorter way round counts.
func older(a, b drivers.Last) bool {
	x, y := a.Trace, b.Trace
	if x == "" || y == "" {
		x, y = a.ReceiptNo, b.ReceiptNo
	}
	n, errN := strconv.ParseInt(x, 10, 64)
	m, errM := strconv.ParseInt(y, 10, 64)
	if errN != nil || errM != nil || len(x) != len(y) || len(x) > 17 {
		return false
	}
	round := int64(1)
	for range len(x) {
		round *= 10
	}
	return (n-m+round)%round >= round/2
}
