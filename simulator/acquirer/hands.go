package acquirer

import (
	"errors"
	"time"

	"github.com/tillproof/tillproof/pos"
	proto "github.com/tillproof/tillproof/sync/acquirer"
)

// ErrNoOrder says that no order of this ref waits for its customer.
var ErrNoOrder = errors.New("simulated acquirer: no order of this ref waits for its customer")

// ErrCurrency says that money came in another currency than the order's. It is not booked.
var ErrCurrency = errors.New("simulated acquirer: another currency than the order's")

// Plan says who will meet the order of this ref (32 hex digits), before it comes.
func (a *Acquirer) Plan(ref string, c Customer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.planned[ref] = &c
}

// NextCode says who holds the next code that has no plan of its own. Several queue up.
func (a *Acquirer) NextCode(c Customer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.queue = append(a.queue, c)
}

// Pay lets the customer of a waiting code or issued QR pay or refuse, after a while; only what still waits then is decided.
// [ErrNoOrder] when nothing of this ref waits now.
func (a *Acquirer) Pay(ref string, pays bool, after time.Duration) error {
	a.mu.Lock()
	defer a.unlock()
	b := a.accounts[ref]
	if b == nil || b.state != proto.Waiting {
		return ErrNoOrder
	}
	if after <= 0 {
		a.decide(b, pays)
		return nil
	}
	time.AfterFunc(after, func() {
		a.mu.Lock()
		defer a.unlock()
		a.decide(b, pays)
	})
	return nil
}

// PayLocal lets money arrive that names the reference of a QR which a till made itself. It is booked to the order that expects
// the reference, now or when it comes. A second payment adds to the first. [ErrCurrency] when nothing was booked.
func (a *Acquirer) PayLocal(reference string, money pos.Money) error {
	a.mu.Lock()
	defer a.unlock()
	b := a.accounts[a.references[reference]]
	waiting := a.loose[reference]
	switch {
	case b != nil && b.order.Amount.Currency != money.Currency, waiting.money.Amount > 0 && waiting.money.Currency != money.Currency:
		return ErrCurrency
	case b != nil:
		a.charge(b, money.Amount, Charged)
	default:
		came := loose{pos.Money{Amount: waiting.money.Amount + money.Amount, Currency: money.Currency}, a.transaction("T")}
		a.loose[reference] = came
		a.line(Payment, &proto.Order{}, came.transaction, "", money)
		a.lines[len(a.lines)-1].Reference = reference
		a.events = append(a.events, Event{Moment: Loose, Amount: money, At: time.Now().UnixMilli()})
	}
	return nil
}

// TakeBack lets the customer's bank take all of a ref's money back, as banks may for months, whatever the acquirer has promised: a paid order, or an offline
// approval that was collected. It is a line of the statement and nothing else: no answer ever tells of it. [ErrNoOrder] when there is no such money.
func (a *Acquirer) TakeBack(ref string) error {
	a.mu.Lock()
	defer a.unlock()
	if c := a.captures[ref]; c != nil && c.taken.Amount > 0 && !c.chargedBack {
		c.chargedBack = true
		a.line(Chargeback, &c.order, a.transaction("B"), c.transaction, pos.Money{Amount: -c.taken.Amount, Currency: c.taken.Currency})
		return nil
	}
	b := a.accounts[ref]
	if b == nil || b.chargedBack || b.charged <= b.returned {
		return ErrNoOrder
	}
	b.chargedBack = true
	a.line(Chargeback, &b.order, a.transaction("B"), b.transaction, b.money(b.returned-b.charged))
	return nil
}
