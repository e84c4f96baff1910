package reconcile

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/view"
)

// LedgerRow is a row of the ledger's payments, column by column.
type LedgerRow struct {
	Payment
	Fork      bool
	State     []byte // the whole payment but for receipts and bookings, in CBOR; nil: not compared
	UpdatedAt int64  // when the platform changed the row last, milliseconds since 1970-01-01 UTC of its clock; 0: not compared
}

// ForeignRow is a row of what a till has given back of another till's payment, column by column.
type ForeignRow struct {
	Payment  pos.PaymentID
	Till, Of pos.TillID
	Epoch    pos.Epoch
	Seq      pos.Seq
	Key      pos.OrderKey
	Tender   pos.Tender
	Returned pos.Money
	Acquirer pos.Minor
	Fork     bool
	State    []byte // nil: not compared
}

// Row holds a row of payments against what the records fold into.
func (c *Custody) Row(row *LedgerRow) {
	p := c.pages[row.ID]
	if p == nil {
		c.wrong(row.ID, "The ledger has a payment (%s, %s) that no record begins.", row.Status, row.Money)
		return
	}
	if p.told {
		c.wrong(row.ID, "The payment stands in the ledger twice.")
	}
	p.told = true
	want := p.column()
	what := differs(&want, &row.Payment)
	switch {
	case what != "":
	case row.Fork != p.fork:
		what = "branch"
	case row.State != nil && !c.enc.same(row.State, p.payment):
		what = "state"
	case row.Merchant != "" && c.owner(p.till) != "" && row.Merchant != c.owner(p.till):
		what = fmt.Sprintf("merchant (%s and %s)", c.owner(p.till), row.Merchant)
	case row.UpdatedAt != 0 && (row.UpdatedAt < p.delivered || row.UpdatedAt > c.moved[p.till]):
		what = "time of its last change"
	}
	if what != "" {
		c.wrong(row.ID, "The records in custody and the ledger's row differ in the payment's %s.", what)
	}
}

// Key holds a row of the keys that tills' records have named against those records.
func (c *Custody) Key(till pos.TillID, public []byte) {
	if _, named := c.learned[till][string(public)]; !named {
		c.wrong(pos.PaymentID{}, "The ledger trusts a key of till %s that none of its records names.", till)
		return
	}
	c.learned[till][string(public)] = true
}

// Foreign holds a row of foreign payments against what the records fold into.
func (c *Custody) Foreign(row *ForeignRow) {
	p := c.foreign[foreignKey{row.Payment, row.Till}]
	if p == nil || p.told {
		c.wrong(row.Payment, "The ledger says that till %s has given %s of another till's payment back; the records do not say so.", row.Till, row.Returned)
		return
	}
	p.told = true
	v := p.payment
	same := row.Of == v.Foreign && row.Epoch == v.Epoch && row.Seq == v.Seq && row.Key == v.Key() && row.Tender == v.Intent.Tender &&
		row.Returned == pos.Money{Amount: v.Returned, Currency: v.Intent.Currency} && row.Acquirer == throughAcquirer(v) && row.Fork == p.fork
	if !same || row.State != nil && !c.enc.same(row.State, v) {
		c.wrong(row.Payment, "The records in custody and the ledger's row differ in what till %s has given back of the payment.", row.Till)
	}
}

// Missing says which payments of the records have no row. It is called once, after all rows.
func (c *Custody) Missing() {
	for _, id := range slices.SortedFunc(maps.Keys(c.pages), compareIDs) {
		if p := c.pages[id]; !p.told {
			c.wrong(id, "The records in custody tell of a payment (%s, %s) of till %s that has no row in the ledger.", p.payment.Status, p.payment.Asked(), p.till)
		}
	}
	for k, p := range c.foreign {
		if !p.told {
			c.wrong(k.payment, "The records in custody tell that till %s has given back %d of the payment, and the ledger has no row of it.", k.till, p.payment.Returned)
		}
	}
	for till, keys := range c.learned {
		for _, told := range keys {
			if !told {
				c.wrong(pos.PaymentID{}, "A record of till %s names its next key, and the ledger does not trust it.", till)
			}
		}
	}
}

// throughAcquirer is what a till has given back of another till's payment through the acquirer.
func throughAcquirer(p *view.Payment) (sum pos.Minor) {
	for i := range p.Operations {
		if o := &p.Operations[i]; o.State == pos.OperationDone && o.Request.Tender != pos.Cash {
			sum += o.Request.Amount
		}
	}
	return sum
}

// encoder compares whole payments.
type encoder struct{ mode cbor.EncMode }

func newEncoder() (encoder, error) {
	mode, err := cbor.CoreDetEncOptions().EncMode()
	return encoder{mode}, err
}

// same says whether a stored state is that payment. Both are encoded anew, so that a state which an earlier version wrote compares by what it says.
func (e encoder) same(state []byte, want *view.Payment) bool {
	stored := &view.Payment{}
	if err := cbor.Unmarshal(state, stored); err != nil {
		return false
	}
	a, err := e.mode.Marshal(slim(stored))
	b, failed := e.mode.Marshal(slim(want))
	return err == nil && failed == nil && bytes.Equal(a, b)
}

// slim leaves out what the ledger does not keep.
func slim(p *view.Payment) *view.Payment {
	s := *p
	s.Receipts, s.Bookings = nil, nil
	s.Operations = slices.Clone(p.Operations)
	for i := range s.Operations {
		s.Operations[i].Receipts = nil
	}
	return &s
}

// Strays says how many records and lost branches belong to no epoch that the ledger knows.
func (c *Custody) Strays(records, branches int) {
	if records != 0 {
		c.wrong(pos.PaymentID{}, "%d records in custody belong to no epoch of any till.", records)
	}
	if branches != 0 {
		c.wrong(pos.PaymentID{}, "%d records of lost branches belong to no epoch of any till.", branches)
	}
}
