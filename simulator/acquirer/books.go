package acquirer

import (
	"time"

	"github.com/tillproof/tillproof/pos"
	proto "github.com/tillproof/tillproof/sync/acquirer"
)

// account is one order in the books. Everything is guarded by the acquirer's mutex.
type account struct {
	order       proto.Order
	tender      pos.Tender // "" for a ref that was closed before it came
	state       proto.State
	charged     pos.Minor // all that ever came
	returned    pos.Minor // all that went back
	charges     int       // how often money came
	transaction string
	code, text  string // the reason of a decline
	at          int64
	issued      proto.Issued
	refunds     map[string]*giving // by the caller's name for it
	customer    *Customer
	chargedBack bool
}

// giving is a refund.
type giving struct {
	amount      pos.Minor
	transaction string
	at          int64 // when it is carried out
}

// loose is money that came with a reference which nobody expects yet.
type loose struct {
	money       pos.Money
	transaction string // of the last
}

// answer is what the books say of the order.
func (b *account) answer() proto.Answer {
	answer := proto.Answer{State: b.state, Transaction: b.transaction, Code: b.code, Text: b.text, At: b.at}
	switch b.state {
	case proto.Paid:
		answer.Amount = b.money(b.charged - b.returned)
	case proto.Reversed, proto.Refunded:
		answer.Amount = b.money(b.returned)
	case proto.Waiting:
		answer.Code, answer.Text = "USERPAYING", "The customer is asked to confirm."
	}
	return answer
}

func (b *account) money(m pos.Minor) pos.Money {
	return pos.Money{Amount: m, Currency: b.order.Amount.Currency}
}

// enter moves an order to a state.
func (b *account) enter(state proto.State) {
	b.state, b.at = state, time.Now().UnixMilli()
}

// charge books money that came. The mutex is held.
func (a *Acquirer) charge(b *account, amount pos.Minor, moment Moment) {
	transaction := a.transaction("T")
	a.line(Payment, &b.order, transaction, "", b.money(amount))
	a.receive(b, transaction, amount, moment)
}

// receive books money that stands in the statement already. The mutex is held.
func (a *Acquirer) receive(b *account, transaction string, amount pos.Minor, moment Moment) {
	b.transaction = transaction
	b.charged += amount
	b.charges++
	b.code, b.text = "", ""
	b.enter(proto.Paid)
	a.happened(moment, b, b.money(amount))
}

// decline books a refusal, and lets the money of a late customer come all the same. The mutex is held.
func (a *Acquirer) decline(b *account, moment Moment, code, text string) {
	b.code, b.text = code, text
	b.enter(proto.Declined)
	a.happened(moment, b, b.order.Amount)
	if moment == Refused {
		a.late(b)
	}
}

// late lets money come to an order that has ended. The mutex is held.
func (a *Acquirer) late(b *account) {
	if b.customer.Late <= 0 {
		return
	}
	time.AfterFunc(b.customer.Late, func() {
		a.mu.Lock()
		defer a.unlock()
		if b.state == proto.Closed || b.state == proto.Declined {
			a.charge(b, b.pays(), ChargedLate)
		}
	})
}

// pays is what the customer pays.
func (b *account) pays() pos.Minor {
	if b.customer.Amount > 0 && b.tender == pos.QR {
		return b.customer.Amount
	}
	return b.order.Amount.Amount
}

// decide carries out the customer's decision, unless the order has ended meanwhile. The mutex is held.
func (a *Acquirer) decide(b *account, pays bool) {
	switch {
	case b.state != proto.Waiting, b.issued.ExpiresAt > 0 && time.Now().UnixMilli() >= b.issued.ExpiresAt:
	case pays:
		a.charge(b, b.pays(), Charged)
	default:
		a.decline(b, Refused, "PAYERROR", "The customer declined.")
	}
}

// play lets the planned customer decide in time. The mutex is held.
func (a *Acquirer) play(b *account) {
	c := b.customer
	switch {
	case c.Never:
	case c.After <= 0:
		a.decide(b, !c.Declines)
	default:
		time.AfterFunc(c.After, func() {
			a.mu.Lock()
			defer a.unlock()
			a.decide(b, !c.Declines)
		})
	}
}
