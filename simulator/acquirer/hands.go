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
	case b != nil && b.order.Amount.Currency != money.Currency, waiting.Amount > 0 && waiting.Currency != money.Currency:
		return ErrCurrency
	case b != nil:
		a.charge(b, money.Amount, Charged)
	default:
		a.loose[reference] = pos.Money{Amount: waiting.Amount + money.Amount, Currency: money.Currency}
		a.events = append(a.events, Event{Moment: Loose, Amount: money, At: time.Now().UnixMilli()})
	}
	return nil
}
