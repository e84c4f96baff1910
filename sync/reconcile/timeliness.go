package reconcile

import (
	"time"

	"github.com/tillproof/tillproof/pos"
)

// Limits say how late is late. A limit of 0 is not checked.
type Limits struct {
	Now       time.Time     // of whoever compares; zero: nothing that is still awaited is late
	Delivery  time.Duration // between a record and its custody
	Unknown   time.Duration // until somebody must have found out what became of a payment
	Forward   time.Duration // until an offline approval must be collected
	Statement int           // days between a payment and its line in a statement
}

// UsualLimits are those of the command line: a day for delivery and for finding out, three days to collect an offline approval (well below the seven that
// schemes allow), three days until a payment stands in a statement.
func UsualLimits(now time.Time) Limits {
	return Limits{Now: now, Delivery: 24 * time.Hour, Unknown: 24 * time.Hour, Forward: 72 * time.Hour, Statement: 3}
}

// decided: at the end of a day no outcome may be open, and none for long.
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
			if age, late := c.Limits.late(p.Created, c.Limits.Unknown); late && !p.GivenUp {
				list = append(list, difference("unknown_long", &p.ID, "The payment of %s has been %s for %s.",
					"Nobody will find out by waiting: ask the acquirer, and let a supervisor resolve it by evidence.", p.Money, p.Status, age))
			}
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

// late says whether more than a limit has passed since a moment of a till's clock.
func (l *Limits) late(since int64, limit time.Duration) (age time.Duration, late bool) {
	if l.Now.IsZero() || limit == 0 || since == 0 {
		return 0, false
	}
	age = l.Now.Sub(time.UnixMilli(since)).Round(time.Minute)
	return age, age > limit
}

// refundsDone: at the end of a day no money may still have to go back.
func refundsDone(c *Columns) []Difference {
	var list []Difference
	for i := range c.Journal {
		if p := &c.Journal[i]; p.Status == pos.RefundDue {
			list = append(list, difference("refund_open", &p.ID, "Money of %s came after the payment had ended, and has not gone back yet.",
				"The platform gives it back by itself; if it does not, give it back at the acquirer.", p.Money))
		}
	}
	return list
}

// delivered: what a till has written is soon in custody.
func delivered(c *Columns) []Difference {
	var list []Difference
	for i := range c.Journal {
		p := &c.Journal[i]
		if p.Delivered == 0 || p.Decided == 0 || c.Limits.Delivery == 0 {
			continue
		}
		if late := time.UnixMilli(p.Delivered).Sub(time.UnixMilli(p.Decided)); late > c.Limits.Delivery {
			list = append(list, difference("delivered_late", &p.ID, "The payment of %s came to the platform %s after it was made.",
				"Nothing is lost. Find out why the till was cut off so long; its offline approvals may be too old to collect.", p.Money, late.Round(time.Minute)))
		}
	}
	return list
}

// forwarded: an offline approval is collected while the bank still takes it.
func forwarded(c *Columns) []Difference {
	var list []Difference
	for i := range c.Journal {
		p := &c.Journal[i]
		if p.Status != pos.ApprovedOffline {
			continue
		}
		if age, late := c.Limits.late(p.Created, c.Limits.Forward); late {
			list = append(list, difference("forward_late", &p.ID, "The offline approval of %s is %s old and not collected.",
				"Collect it now: the bank may refuse it soon, and then the shop has lost the money.", p.Money, age))
		}
	}
	return list
}

// statedInTime: a payment stands in a statement soon.
func statedInTime(c *Columns) []Difference {
	var list []Difference
	for i := range c.Statement {
		r := &c.Statement[i]
		if r.Kind != RowPayment || r.of == nil || c.Limits.Statement == 0 {
			continue
		}
		if days, known := daysBetween(r.of.Day, r.Day); known && days > c.Limits.Statement {
			list = append(list, difference("statement_late", &r.of.ID, "%s's statement has this payment of %s only on %s, %d days later.",
				"Ask the acquirer why: until then the shop did not have the money.", r.Acquirer, r.of.Day, r.Day, days))
		}
	}
	return list
}

func daysBetween(from, to string) (days int, known bool) {
	a, failed := time.Parse(time.DateOnly, from)
	b, err := time.Parse(time.DateOnly, to)
	if failed != nil || err != nil {
		return 0, false
	}
	return int(b.Sub(a).Hours() / 24), true
}
