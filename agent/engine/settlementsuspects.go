package engine

import (
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// saleGoneWrong lists the ways in which terminal and journal may have parted over a sale.
func (e *explainer) saleGoneWrong(s slip) []suspect {
	booked, _ := s.counts()
	if booked == 0 {
		return s.notCharged()
	}
	gone := suspect{slip: s, amount: -booked, count: -1, rank: 5, code: "missing_at_terminal",
		cause: fmt.Sprintf("The journal holds %s as paid; the card terminal does not count it.", s.words()),
		next:  "Look for it on the terminal's slip; if it is not there, ask the acquirer by its trace number before the customer is asked again."}
	switch {
	case e.outside(s.decision().ReceiptNo):
		gone.rank, gone.code = 0, "outside_batch"
		gone.cause = fmt.Sprintf("The receipt %s of %s lies outside the terminal's batch %s to %s.", s.decision().ReceiptNo, s.words(), e.terminal.First, e.terminal.Last)
		gone.next = "It was settled before or will be with the next end of day: look for it there, and ask the acquirer if it is in neither."
	case s.payment.Status == pos.ApprovedOffline:
		gone.rank, gone.code = 2, "offline_not_counted"
		gone.cause = fmt.Sprintf("The card terminal approved %s by itself and does not count it.", s.words())
		gone.next = "It may send offline approvals later: look for it in the next settlement, and ask the acquirer if it is not there."
	}
	return append([]suspect{gone}, s.otherAmount(booked)...)
}

// notCharged are sales without money in the journal that the terminal may count.
func (s slip) notCharged() []suspect {
	p := s.payment
	c := suspect{slip: s, amount: p.Intent.Amount, count: 1}
	switch {
	case p.Intent.Reserve && !p.Status.Open() && p.Status != pos.Reserved:
		return nil // what ended the reservation is a transaction of its own
	case p.Status.Open():
		c.rank, c.code = 0, "unknown_payment"
		c.cause = fmt.Sprintf("Nobody knew what became of %s; the card terminal counts it.", s.words())
		c.next = "Resolve it as approved with the terminal's slip as evidence, or refund it if the order was paid in another way."
	case p.Unwanted:
		c.rank, c.code = 1, "unwanted_payment"
		c.cause = fmt.Sprintf("The cashier gave %s up; the card terminal counts it.", s.words())
		c.next = "Refund it to the customer's card, unless the order is unpaid."
	default:
		c.rank, c.code = 3, "counted_at_terminal"
		c.cause = fmt.Sprintf("The journal holds %s as %s; the card terminal counts it.", s.words(), p.Status)
		c.next = "Look for it on the terminal's slip. If it is there, the customer has paid: refund the card, or book the order."
	}
	return []suspect{c}
}

// otherAmount are sales that both count, over other amounts.
func (s slip) otherAmount(booked pos.Minor) []suspect {
	var list []suspect
	if d := s.decision(); d.Tip > 0 {
		list = append(list, suspect{slip: s, amount: -d.Tip, rank: 1, code: "tip",
			cause: fmt.Sprintf("The card terminal counts %s without its tip of %s.", s.words(), pos.Money{Amount: d.Tip, Currency: s.currency()}),
			next:  "Compare the terminal's slip: tips may stand in a line of their own."})
	}
	if asked := s.payment.Intent.Amount; asked != booked {
		list = append(list, suspect{slip: s, amount: asked - booked, rank: 2, code: "amount",
			cause: fmt.Sprintf("The card terminal counts %s with the amount that was asked for and not with what it told.", s.words()),
			next:  "Compare the terminal's slip, and correct the order by hand."})
	}
	return list
}

// givingGoneWrong lists the ways in which terminal and journal may have parted over a void or a refund.
func (s slip) givingGoneWrong() []suspect {
	o := s.operation
	if s.payment.Intent.Reserve && o.Request.What != pos.Refund {
		return s.endingGoneWrong()
	}
	c := suspect{slip: s, amount: o.Request.Amount, rank: 4}
	if o.Request.What != pos.Refund {
		c.count = 1
	}
	if o.State == pos.OperationDone {
		c.code = string(o.Request.What) + "_not_counted"
		c.cause = fmt.Sprintf("The journal holds the %s of %s as done; the card terminal does not count it.", o.Request.What, s.words())
		c.next = "Look for it on the terminal's slip; if it is not there, the customer's money has not gone back: do it again at the terminal."
		return []suspect{c}
	}
	c.amount, c.count = -c.amount, -c.count
	c.code = string(o.Request.What) + "_counted"
	c.cause = fmt.Sprintf("The journal holds the %s of %s as %s; the card terminal counts it.", o.Request.What, s.words(), o.State)
	c.next = "Look for it on the terminal's slip. If it is there, the customer has the money: do not give it back again."
	if o.State == pos.OperationUnknown {
		c.rank, c.next = 0, c.next+" Resolve it as done with the slip as evidence."
	}
	return []suspect{c}
}

// belowZero is a brand by which more went back than came.
func belowZero(brand string) record.DayDifference {
	return record.DayDifference{Code: "not_told", Cause: strings.TrimSpace("More money went back than came by cards "+brand) + "; the card terminal's totals have no sign and tell nothing of it.",
		Next: "Compare the refunds with the terminal's slip by hand."}
}

// otherCurrency is a payment in a currency that the terminal's totals do not have.
func otherCurrency(s slip, told pos.Currency) record.DayDifference {
	return record.DayDifference{Payment: s.payment.Intent.Payment, Code: "other_currency",
		Cause: fmt.Sprintf("%s is in another currency than the terminal's totals, which are in %s.", s.words(), told),
		Next:  "Compare it with the terminal's slip by hand."}
}

// words names a transaction for people.
func (s slip) words() string {
	p := s.payment
	m := p.Asked()
	if booked, _ := s.counts(); booked > 0 {
		m.Amount = booked
	}
	if s.operation != nil {
		m.Amount = s.operation.Request.Amount
	}
	text := fmt.Sprintf("the payment of %s for order %s", m, p.Intent.Order)
	if n := s.decision().ReceiptNo; n != "" {
		text += ", receipt " + n
	}
	return text
}
