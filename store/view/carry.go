package view

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// Carried is what a journal knows of its part that was removed. The zero value belongs to a journal that is whole.
type Carried struct {
	Of      record.Head `cbor:"1,keyasint"`           // the last record that was removed
	Totals  pos.Totals  `cbor:"2,keyasint,omitempty"` // taken in the payments that are gone, all times together
	Results uint64      `cbor:"3,keyasint,omitempty"` // the highest of the platform's results so far
	At      int64       `cbor:"4,keyasint,omitempty"` // wall clock of the carry record, milliseconds since 1970-01-01 UTC
}

// CarriedBy reads the end of a series of carry records.
func CarriedBy(r *record.Record, c *record.Carry) Carried {
	out := Carried{Of: c.Of, Totals: pos.Totals{}, Results: c.Results, At: r.Times.Wall}
	for _, s := range c.Sums {
		if out.Totals[s.Tender] == nil {
			out.Totals[s.Tender] = map[pos.Currency]pos.Sum{}
		}
		out.Totals[s.Tender][s.Currency] = pos.Sum{Count: int(s.Count), Amount: s.Amount}
	}
	return out
}

// Sums lists totals for a carry record, by tender and currency.
func Sums(t pos.Totals) (list []record.CarriedSum) {
	for tender, sums := range t {
		for currency, sum := range sums {
			list = append(list, record.CarriedSum{Tender: tender, Currency: currency, Count: uint64(sum.Count), Amount: sum.Amount})
		}
	}
	slices.SortFunc(list, func(a, b record.CarriedSum) int {
		return cmp.Or(cmp.Compare(a.Tender, b.Tender), cmp.Compare(a.Currency, b.Currency))
	})
	return list
}

// Together adds totals. It fails when a sum would leave int64.
func Together(a, b pos.Totals) (pos.Totals, error) {
	out := pos.Totals{}
	for _, t := range []pos.Totals{a, b} {
		for _, s := range Sums(t) {
			sum := out[s.Tender][s.Currency]
			amount, err := pos.Money{Amount: sum.Amount, Currency: s.Currency}.Add(pos.Money{Amount: s.Amount, Currency: s.Currency})
			if err != nil {
				return nil, err
			}
			if out[s.Tender] == nil {
				out[s.Tender] = map[pos.Currency]pos.Sum{}
			}
			out[s.Tender][s.Currency] = pos.Sum{Count: sum.Count + int(s.Count), Amount: amount.Amount}
		}
	}
	return out, nil
}

// Loose says whether something is still to come of the payment: it has no outcome, an operation on it has none, or money is owed to somebody.
func (p *Payment) Loose() bool {
	return p.Awaits() || p.Status == pos.RefundDue || p.Status == pos.ForwardDeclined || p.Unwanted && p.Status.Taken()
}

// Leaves says whether the payment goes with the records up to of: nothing is loose about it, and no later record speaks of it.
func (p *Payment) Leaves(of record.Head) bool {
	return !p.Loose() && record.Place{Epoch: p.Epoch, Seq: p.Seq}.Compare(record.Place{Epoch: of.Epoch, Seq: of.Seq}) <= 0
}

// Pack encodes a payment's or the till's state for a carry record, always to the same bytes.
func Pack(state any) (record.Hex, error) {
	enc, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		return nil, err
	}
	return enc.Marshal(state)
}

// UnpackPayments reads the payments of a carry record.
func UnpackPayments(c *record.Carry) ([]*Payment, error) {
	list := make([]*Payment, len(c.Payments))
	for i, raw := range c.Payments {
		list[i] = &Payment{}
		if err := cbor.Unmarshal(raw, list[i]); err != nil {
			return nil, fmt.Errorf("carried payment %d: %w", i+1, err)
		}
	}
	return list, nil
}

// UnpackTill reads the state of shifts and settlements out of the last carry record of a series.
func UnpackTill(c *record.Carry) (t Till, err error) {
	if len(c.Till) > 0 {
		err = cbor.Unmarshal(c.Till, &t)
	}
	return t, err
}
