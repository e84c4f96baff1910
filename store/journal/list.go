package journal

import (
	"bytes"

	"go.etcd.io/bbolt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/view"
)

// Query says which payments to list, newest first. The zero values restrict nothing, but Limit, which must be positive.
type Query struct {
	Order  pos.OrderRef
	Status pos.Status
	From   int64         // begun at this time or later, milliseconds since 1970-01-01 UTC
	Before pos.PaymentID // the last payment of the page before
	Limit  int
}

// matches says whether a payment is asked for.
func (q *Query) matches(p *view.Payment) bool {
	return (q.Status == "" || p.Status == q.Status) && (q.Order == "" || p.Intent.Order == q.Order)
}

// List returns the payments of a query, at most Limit. It writes the views to their file first, so it is not for the path of a sale.
func (v *Views) List(q Query) (list []*view.Payment, err error) {
	if err := v.flush(); err != nil {
		return nil, err
	}
	if q.Order != "" {
		return v.file.ofOrder(&q)
	}
	return v.file.newest(&q)
}

// newest walks the payments back from the cursor until there are enough or they are too old.
func (f *viewFile) newest(q *Query) (list []*view.Payment, err error) {
	err = f.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket(paymentsBucket()).Cursor()
		for id := startBefore(c, q.Before); id != nil && len(list) < q.Limit; id, _ = c.Prev() {
			p, err := readPayment(tx, id)
			if err != nil {
				return err
			}
			if p.Created < q.From {
				return nil
			}
			if q.matches(p) {
				list = append(list, p)
			}
		}
		return nil
	})
	return list, err
}

// startBefore goes to the last key, or to the one before the given id.
func startBefore(c *bbolt.Cursor, id pos.PaymentID) []byte {
	if id.IsZero() {
		key, _ := c.Last()
		return key
	}
	if key, _ := c.Seek(id[:]); key == nil {
		key, _ = c.Last()
		return key
	}
	key, _ := c.Prev()
	return key
}

// ofOrder reads the attempts of one order, newest first.
func (f *viewFile) ofOrder(q *Query) (list []*view.Payment, err error) {
	prefix := append([]byte(q.Order), 0)
	err = f.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket(ordersBucket()).Cursor()
		for key, stored := c.Seek(prefix); bytes.HasPrefix(key, prefix); key, stored = c.Next() {
			id, err := unsealed(key, stored)
			if err != nil {
				return err
			}
			p, err := readPayment(tx, id)
			if err != nil {
				return err
			}
			if older := q.Before.IsZero() || bytes.Compare(id, q.Before[:]) < 0; older && p.Created >= q.From && q.matches(p) {
				list = append([]*view.Payment{p}, list...)
			}
		}
		return nil
	})
	return list[:min(len(list), q.Limit)], err
}
