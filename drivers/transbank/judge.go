package transbank

import (
	"fmt"

	"github.com/tillproof/tillproof/drivers"
)

// question is what became of a sale, with what the terminal tells.
type question struct {
	p      drivers.Pending
	ticket string
	last   told  // the last sale; the zero value for none
	untold bool  // the terminal does not tell its last sale
	late   *told // the result of this sale, if it came when nobody waited for it
}

// judge decides by the last sale; false when the list of sales has to be looked through. The ticket names the sale; one with another
// ticket proves that this one did not happen only while it is the one from before: a later sale at the terminal itself may hide ours.
func (q *question) judge() (drivers.Recovery, bool) {
	before, last := q.p.Before, q.last
	switch {
	case q.late != nil && q.late.code != approved:
		return q.verdict(drivers.NotCharged, "The terminal repeats that it did not approve ticket %s: %s.", q.ticket, meaningOf(q.late.code).text), true
	case q.late != nil:
		return q.found(*q.late), true
	case !q.untold && last.ticket == q.ticket && last.code != approved:
		return q.verdict(drivers.NotCharged, "The terminal tells ticket %s as not approved: %s.", q.ticket, meaningOf(last.code).text), true
	case !q.untold && last.ticket == q.ticket:
		return q.found(last), true
	case q.untold || claims(q.p.Stored):
		return drivers.Recovery{}, false
	case last == (told{}) && before == (drivers.Last{}):
		return q.verdict(drivers.NotCharged, "The terminal had no sale before this one and has none now."), true
	case last != (told{}) && sameNumber(last.operation, before.Trace) && last.ticket == before.ReceiptNo:
		return q.verdict(drivers.NotCharged, "The terminal's last sale is still operation %s, ticket %s, the one before this.", last.operation, last.ticket), true
	}
	return drivers.Recovery{}, false
}

// search decides by the list of sales. Ours missing from it proves something while the list reaches back to the time before it, or where
// the terminal had no sale then: an end of day since would have emptied it.
func (q *question) search(all []told, listed bool) drivers.Recovery {
	reaches := q.p.Before == (drivers.Last{})
	for _, s := range all {
		if s.ticket == q.ticket {
			return q.found(s)
		}
		reaches = reaches || sameNumber(s.operation, q.p.Before.Trace) || before(s.operation, q.p.Before.Trace)
	}
	switch {
	case q.p.Stored != nil && !claims(q.p.Stored):
		return q.verdict(drivers.NotCharged, "The terminal had told that it did not approve ticket %s (code %s), and tells no sale with it.", q.ticket, q.p.Stored.Code)
	case !listed && q.untold:
		return q.verdict(drivers.Undecided, "The terminal tells neither its last sale nor its list of sales. %s", q.steps())
	case !listed:
		return q.verdict(drivers.Undecided, "The terminal's last sale is %s, and it does not tell its list of sales. %s", q.last.name(), q.steps())
	case claims(q.p.Stored):
		return q.verdict(drivers.Undecided, "The terminal approved ticket %s and does not list it now. %s", q.ticket, q.steps())
	case !reaches:
		return q.verdict(drivers.Undecided, "Ticket %s is not among the %d sales that the terminal tells, and they do not reach back to the time before it. %s",
			q.ticket, len(all), q.steps())
	}
	return q.verdict(drivers.NotCharged, "Ticket %s is not among the %d sales that the terminal tells, and they reach back to the time before it.", q.ticket, len(all))
}

// found judges a sale with our ticket by its amount.
func (q *question) found(s told) drivers.Recovery {
	asked := q.p.Amount.Amount
	fits := s.fits(asked)
	if claims(q.p.Stored) {
		fits = s.booked(asked) == q.p.Stored.Amount.Amount
	}
	if !fits {
		return q.verdict(drivers.Undecided, "The terminal tells ticket %s over %d instead of %d pesos. %s", q.ticket, s.amount, asked, q.steps())
	}
	r := q.verdict(drivers.Charged, "The terminal tells ticket %s over %d pesos as operation %s.", q.ticket, s.amount, s.operation)
	r.Result = s.result(asked)
	r.Last = s.last()
	return r
}

// verdict says what was found, and the last sale as it is known now.
func (q *question) verdict(v drivers.Verdict, format string, args ...any) drivers.Recovery {
	last := q.last.last()
	if q.untold {
		last = drivers.Last{Untold: true}
	}
	return drivers.Recovery{Verdict: v, Last: last, Text: fmt.Sprintf(format, args...)}
}

// steps is what a person does where the terminal cannot tell.
func (q *question) steps() string {
	return fmt.Sprintf("Print the list of sales (detalle de ventas) or the last voucher at the terminal, or ask Transbank: does ticket %s over %d pesos stand there? "+
		"Then decide at the till: paid if it does, not paid if it does not.", q.ticket, q.p.Amount.Amount)
}

// name is how the evidence calls a sale.
func (s told) name() string {
	if s == (told{}) {
		return "none"
	}
	return fmt.Sprintf("operation %s, ticket %s", s.operation, s.ticket)
}

// claims says whether a stored result claims the money.
func claims(stored *drivers.Result) bool { return stored != nil && stored.Decision == drivers.Approved }

// before compares operation numbers; what is no number comes before nothing.
func before(a, b string) bool {
	n, okN := number(a)
	m, okM := number(b)
	return okN && okM && n < m
}
