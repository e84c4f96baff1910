package settle

import (
	"cmp"
	"errors"
	"slices"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/registry"
	"github.com/tillproof/tillproof/sync/reconcile"
)

// Settlement is what a merchant and its acquirers owe each other for one day of the merchant's calendar. It is a computation: nothing is paid by it.
type Settlement struct {
	Merchant pos.MerchantID `json:"merchant"`
	Day      string         `json:"day"`
	Timezone string         `json:"timezone"`
	Accounts []Account      `json:"accounts"`             // one for each acquirer and currency
	Pending  int            `json:"pending"`              // payments of the day that nobody knows the outcome of yet
	Strange  int            `json:"unassigned,omitempty"` // lines of statements of the day that belong to no merchant and no payment

	Closed   bool      `json:"closed"`
	Version  int       `json:"version,omitempty"` // of a closed one, from 1
	Previous *Previous `json:"previous,omitempty"`
	ClosedAt string    `json:"closed_at,omitempty"`
	ClosedBy string    `json:"closed_by,omitempty"`

	Correction *Settlement `json:"correction,omitempty"` // of a closed one that is read: what it would be now, when that differs
}

// Previous names the version that a correction takes the place of.
type Previous struct {
	Version int    `json:"version"`
	Hash    string `json:"hash"` // SHA-256 of its bytes
}

// Account is one acquirer's part in one currency. Amounts are minor units.
type Account struct {
	Acquirer string       `json:"acquirer"` // "" for payments of which nobody knows who holds the money
	Currency pos.Currency `json:"currency"`

	Payments pos.Sum `json:"payments"` // gross, by the payments
	Refunds  pos.Sum `json:"refunds"`  // through the acquirer, by the payments

	Uncollected  pos.Sum   `json:"uncollected"`   // offline approvals that are not collected: no part of payments
	FeesExpected pos.Minor `json:"fees_expected"` // by the fee rules
	Unruled      int       `json:"unruled"`       // payments that no fee rule fits: no part of fees_expected

	Stated      *Stated    `json:"stated,omitempty"` // nothing was imported for the day: absent
	NetExpected pos.Minor  `json:"net_expected"`     // payments - refunds - chargebacks - fees_expected
	PaidOut     *pos.Minor `json:"paid_out,omitempty"`
	Difference  *pos.Minor `json:"difference,omitempty"` // paid_out - net_expected
}

// Stated is what the acquirer's statement says of the day.
type Stated struct {
	Payments    pos.Sum   `json:"payments"`
	Refunds     pos.Sum   `json:"refunds"`
	Chargebacks pos.Sum   `json:"chargebacks"`
	Fees        pos.Minor `json:"fees"`
	Net         pos.Minor `json:"net"`
}

// facts are what a settlement is made of.
type facts struct {
	merchant pos.MerchantID
	day      string
	rules    []registry.FeeRule
	numbers  map[string]map[string]pos.MerchantID
	payments []reconcile.Payment
	own      map[pos.PaymentID]bool // ids of payments
	refunds  []moved
	rows     []reconcile.Row // of the day, and payouts of their batches
}

// moved is money that went back through an acquirer.
type moved struct {
	acquirer string
	day      string
	money    pos.Money
}

// errSum says that a sum leaves the range of amounts.
var errSum = errors.New("a sum is out of range")

// settle computes the settlement of a day. It fails only when a sum leaves int64.
func (f *facts) settle() (*Settlement, error) {
	s := &Settlement{Merchant: f.merchant, Day: f.day, Accounts: []Account{}}
	err := f.books(s)
	for i := range f.rows {
		err = errors.Join(err, f.row(s, &f.rows[i]))
	}
	for i := range s.Accounts {
		err = errors.Join(err, s.Accounts[i].balance())
	}
	slices.SortFunc(s.Accounts, func(a, b Account) int {
		return cmp.Or(cmp.Compare(a.Acquirer, b.Acquirer), cmp.Compare(a.Currency, b.Currency))
	})
	return s, err
}

// account finds or makes the account of an acquirer and a currency. It is good until the next call.
func (s *Settlement) account(acquirer string, currency pos.Currency) *Account {
	i := slices.IndexFunc(s.Accounts, func(a Account) bool { return a.Acquirer == acquirer && a.Currency == currency })
	if i < 0 {
		i = len(s.Accounts)
		s.Accounts = append(s.Accounts, Account{Acquirer: acquirer, Currency: currency})
	}
	return &s.Accounts[i]
}

// books adds up what the payments say of the day. Cash is no acquirer's.
func (f *facts) books(s *Settlement) (err error) {
	for i := range f.payments {
		p := &f.payments[i]
		if p.Day != f.day || p.Tender == pos.Cash || p.Tender == pos.None {
			continue
		}
		switch {
		case p.Status.Open() || p.Status == pos.RefundDue:
			s.Pending++
		case p.Status == pos.ApprovedOffline:
			err = errors.Join(err, add(&s.account(p.Acquirer, p.Money.Currency).Uncollected, p.Booked))
		case p.Booked > 0 && p.Status != pos.ForwardDeclined && p.Status != pos.WrittenOff:
			err = errors.Join(err, f.charge(s.account(p.Acquirer, p.Money.Currency), p))
		}
	}
	for _, r := range f.refunds {
		if r.day == f.day {
			err = errors.Join(err, add(&s.account(r.acquirer, r.money.Currency).Refunds, r.money.Amount))
		}
	}
	return err
}

// charge counts one payment and its fee.
func (f *facts) charge(a *Account, p *reconcile.Payment) error {
	rule := RuleFor(f.rules, Charge{Acquirer: p.Acquirer, Scheme: p.Scheme, Brand: p.Brand, Money: pos.Money{Amount: p.Booked, Currency: p.Money.Currency}, Day: p.Day})
	if rule == nil {
		a.Unruled++
		return add(&a.Payments, p.Booked)
	}
	fee, err := Fee(rule, p.Booked)
	return errors.Join(err, plus(&a.FeesExpected, fee), add(&a.Payments, p.Booked))
}

// row adds a line of a statement.
func (f *facts) row(s *Settlement, r *reconcile.Row) error {
	switch whose := f.owner(r); {
	case whose == "" && r.Day == f.day:
		s.Strange++
		return nil
	case whose != f.merchant:
		return nil
	}
	a := s.account(r.Acquirer, r.Money.Currency)
	if r.Kind == reconcile.RowPayout {
		if a.PaidOut == nil {
			a.PaidOut = new(pos.Minor)
		}
		return plus(a.PaidOut, r.Money.Amount)
	}
	if r.Day != f.day {
		return nil
	}
	if a.Stated == nil {
		a.Stated = &Stated{}
	}
	return a.Stated.add(r)
}

// owner is the merchant that a line belongs to: by the shop's number at the acquirer, else by the payment that it names.
func (f *facts) owner(r *reconcile.Row) pos.MerchantID {
	if whose, known := f.numbers[r.Acquirer][r.MerchantID]; known {
		return whose
	}
	if f.own[r.Payment] {
		return f.merchant
	}
	return ""
}

func (t *Stated) add(r *reconcile.Row) (err error) {
	for range max(r.Count, 1) {
		switch r.Kind {
		case reconcile.RowPayment:
			err = errors.Join(err, add(&t.Payments, r.Money.Amount))
		case reconcile.RowRefund:
			err = errors.Join(err, add(&t.Refunds, r.Money.Amount))
		case reconcile.RowChargeback:
			err = errors.Join(err, add(&t.Chargebacks, r.Money.Amount))
		case reconcile.RowFee:
			err = errors.Join(err, plus(&t.Fees, r.Money.Amount))
		}
		if r.Fee != nil {
			err = errors.Join(err, plus(&t.Fees, *r.Fee))
		}
	}
	return err
}

// balance computes the nets.
func (a *Account) balance() error {
	a.NetExpected = 0
	err := errors.Join(plus(&a.NetExpected, a.Payments.Amount), plus(&a.NetExpected, -a.Refunds.Amount), plus(&a.NetExpected, -a.FeesExpected))
	if t := a.Stated; t != nil {
		t.Net = 0
		err = errors.Join(err, plus(&a.NetExpected, -t.Chargebacks.Amount), plus(&t.Net, t.Payments.Amount), plus(&t.Net, -t.Refunds.Amount),
			plus(&t.Net, -t.Chargebacks.Amount), plus(&t.Net, -t.Fees))
	}
	if a.PaidOut != nil {
		a.Difference = new(pos.Minor)
		err = errors.Join(err, plus(a.Difference, *a.PaidOut), plus(a.Difference, -a.NetExpected))
	}
	return err
}

// add counts one amount.
func add(s *pos.Sum, amount pos.Minor) error {
	if err := plus(&s.Amount, amount); err != nil {
		return err
	}
	s.Count++
	return nil
}

// plus adds an amount from above -2^63; the sum stays as it was where it would leave int64.
func plus(to *pos.Minor, amount pos.Minor) error {
	sum, err := pos.Money{Amount: *to}.Add(pos.Money{Amount: amount})
	if err != nil {
		return errSum
	}
	*to = sum.Amount
	return nil
}
