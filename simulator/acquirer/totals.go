package acquirer

import (
	"github.com/tillproof/tillproof/pos"
	proto "github.com/tillproof/tillproof/sync/acquirer"
)

// Account is one order as the books have it.
type Account struct {
	Order       proto.Order // only Ref is set of one that was cancelled before it came
	Tender      pos.Tender  // pos.Code or pos.QR; "" of one that was cancelled before it came
	State       proto.State
	Net         pos.Money // what came less what went back
	Charges     int       // how often money came
	Transaction string    // of the last charge, "" for none
}

// Account reads one order; false when it never came.
func (a *Acquirer) Account(ref string) (Account, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	b, found := a.accounts[ref]
	if !found {
		return Account{}, false
	}
	return b.snapshot(), true
}

// Accounts lists all orders, in the order in which they came.
func (a *Acquirer) Accounts() []Account {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := make([]Account, 0, len(a.refs))
	for _, ref := range a.refs {
		list = append(list, a.accounts[ref].snapshot())
	}
	return list
}

func (b *account) snapshot() Account {
	return Account{Order: b.order, Tender: b.tender, State: b.state, Net: b.money(b.charged - b.returned), Charges: b.charges,
		Transaction: b.transaction}
}

// Totals counts what the acquirer would settle: orders with money left after refunds and reversals, by tender and currency.
// Money with a reference that nobody expects counts as tender qr.
func (a *Acquirer) Totals() (pos.Totals, error) {
	totals := pos.Totals{}
	for _, account := range a.Accounts() {
		if account.Net.Amount == 0 {
			continue
		}
		if err := totals.Add(account.Tender, account.Net); err != nil {
			return nil, err
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, came := range a.loose {
		if err := totals.Add(pos.QR, came.money); err != nil {
			return nil, err
		}
	}
	return totals, nil
}
