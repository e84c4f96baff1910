package hypercom

import (
	"slices"

	"github.com/tillproof/tillproof/drivers"
)

// charging is a durable result that claims the money.
func charging(stored *drivers.Result) *drivers.Result {
	if stored == nil || stored.Decision != drivers.Approved {
		return nil
	}
	return stored
}

// judge compares the answer to the question for a command's name with the command.
//
//	answer                                        verdict
//	approved, the same name and amount            charged; of a void the name is enough where no amount is told
//	"no such transaction"                         not charged, unless its approval was durable already
//	anything else                                 undecided: a person looks at the terminal's own slip
func (t *terminal) judge(p drivers.Pending, told reply, id string) drivers.Recovery {
	held := charging(p.Stored)
	switch {
	case slices.Contains(t.options.profile.missing, told.response) && held == nil:
		return verdict(drivers.NotCharged, "The terminal holds no transaction with the name %s of this %s (response %s).", id, deedOf(p.What), told.response)
	case slices.Contains(t.options.profile.missing, told.response):
		return t.undecided(p, "The terminal had approved this as trace "+held.Trace+" and tells now that it does not hold it.")
	case told.response != approvedCode:
		return t.undecided(p, "The terminal answers the question for it with response "+told.result.Code+", which says nothing of the money.")
	case told.id != id:
		return t.undecided(p, "The terminal tells a transaction that does not have the name "+id+" of this "+string(deedOf(p.What))+".")
	case held != nil && held.Trace != "" && told.result.Trace != "" && !sameNumber(held.Trace, told.result.Trace):
		return t.undecided(p, "The terminal had approved this as trace "+held.Trace+" and tells it as trace "+told.result.Trace+" now.")
	}
	return t.charged(p, told, "The terminal tells it by its name "+id)
}

// judgeTrace compares the answer to the question for a trace with the approval that had told that trace.
func (t *terminal) judgeTrace(p drivers.Pending, held *drivers.Result, told reply) drivers.Recovery {
	switch {
	case told.response != approvedCode:
		return t.undecided(p, "The terminal had approved this as trace "+held.Trace+" and answers the question for it with response "+told.result.Code+".")
	case !sameNumber(told.result.Trace, held.Trace):
		return t.undecided(p, "The terminal had approved this as trace "+held.Trace+" and tells another transaction when it is asked for that.")
	case held.ReceiptNo != "" && told.result.ReceiptNo != "" && !sameNumber(held.ReceiptNo, told.result.ReceiptNo):
		return t.undecided(p, "Trace "+held.Trace+" is another invoice now, "+told.result.ReceiptNo+" instead of "+held.ReceiptNo+".")
	case differ(held.Date, told.result.Date) || differ(held.Time, told.result.Time):
		return t.undecided(p, "Trace "+held.Trace+" is a transaction of "+told.result.Date+" "+told.result.Time+" now, and was one of "+held.Date+" "+held.Time+".")
	}
	return t.charged(p, told, "The terminal tells trace "+held.Trace+" again")
}

// differ says whether two texts are told and are not the same.
func differ(a, b string) bool { return a != "" && b != "" && a != b }

// charged is the verdict on a transaction that was found, if its amount and its state fit.
func (t *terminal) charged(p drivers.Pending, told reply, how string) drivers.Recovery {
	want := p.Amount
	if held := charging(p.Stored); held != nil {
		want = held.Amount
	}
	switch {
	case told.detail != "" && told.detail != approvedCode:
		return t.undecided(p, how+", with the detail code "+told.detail+": it may have been taken back.")
	case !told.priced && p.What != drivers.VoidOf:
		return t.undecided(p, how+" and does not tell the amount.")
	case told.priced && told.result.Amount != want:
		return t.undecided(p, how+" over "+told.result.Amount.String()+" instead of "+want.String()+".")
	}
	r := verdict(drivers.Charged, "%s over %s, approved.", how, want)
	r.Result, _ = t.options.decided(told, want, false)
	r.Result.Amount = want
	r.Last = drivers.Last{Trace: r.Result.Trace, ReceiptNo: r.Result.ReceiptNo, Untold: r.Result.Trace == "" && r.Result.ReceiptNo == ""}
	return r
}

// judgeLate looks for the command's own answer among those that came when nobody waited. Without a name it must have the amount, and a number that is not
// the one before. Where several could be it, or one is not what was durable already, none is believed.
func (t *terminal) judgeLate(p drivers.Pending) (drivers.Recovery, bool) {
	var own []reply
	for _, late := range t.late {
		if late.code == t.codeOf(p.What) && t.fits(p, late) {
			own = append(own, late.reply)
		}
	}
	if len(own) != 1 {
		return drivers.Recovery{}, false
	}
	if result, known := t.options.decided(own[0], p.Amount, false); known && result.Decision != drivers.Approved && p.Stored == nil {
		return verdict(drivers.NotCharged, "The terminal told it late: %s.", result.Text), true
	}
	r := t.charged(p, own[0], "The terminal told it late")
	return r, own[0].response == approvedCode && r.Verdict == drivers.Charged
}

// fits says whether a late answer is that of a command.
func (t *terminal) fits(p drivers.Pending, late lateReply) bool {
	if held := charging(p.Stored); held != nil && held.Trace != "" && !sameNumber(held.Trace, late.result.Trace) {
		return false
	}
	if t.options.profile.named {
		return late.id == drivers.Ticket(p.Ref, idLength)
	}
	return !late.older && !t.aged(late.reply) && late.priced && late.result.Amount == p.Amount && late.result.Trace != "" && !sameNumber(late.result.Trace, p.Before.Trace)
}

// codeOf is the code of an unfinished transaction.
func (t *terminal) codeOf(what drivers.Transaction) string {
	switch what {
	case drivers.VoidOf:
		return t.options.profile.void.code
	case drivers.RefundOf:
		return t.options.profile.refund.code
	}
	return t.options.profile.sale.code
}

// undecided says what a person does, since the terminal cannot tell.
func (t *terminal) undecided(p drivers.Pending, why string) drivers.Recovery {
	paper, found, not := "a payment of "+p.Amount.String()+" at the time of this sale", "it was charged", "it was not"
	switch p.What {
	case drivers.VoidOf:
		paper, found = "a void of invoice "+p.Of.ReceiptNo+" over "+p.Amount.String(), "it was taken back"
	case drivers.RefundOf:
		paper, found = "a refund of "+p.Amount.String()+" at the time of this one", "it was given back"
	}
	if p.Stored != nil && p.Stored.Trace != "" {
		paper += " with trace " + p.Stored.Trace
	}
	return verdict(drivers.Undecided, "%s Wait until the terminal shows its idle screen. Then have it print its last receipt and its batch detail, "+
		"from its own menu. "+
		"If there is %s, %s; if there is none, %s. Keep the slip, and tell the till what it says.", why, paper, found, not)
}
