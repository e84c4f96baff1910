package journal

import (
	"errors"
	"maps"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// orderKeyDays is how long the key of an order is known after its payment has left the journal.
const orderKeyDays = 400

// dayMs is a day in milliseconds.
const dayMs = 24 * 60 * 60 * 1000

func carriedKey() []byte  { return []byte("carried") }
func spentBucket() []byte { return []byte("spent") }

// carriage is what the views know of the part of the journal that is gone. It belongs to [Views] and is guarded by its mu.
type carriage struct {
	state   view.Carried
	turned  bool                       // state is not in the file yet
	leaving []pos.PaymentID            // they go with the next carry record that ends its series
	gone    map[pos.PaymentID]bool     // they went, and are still in the file
	spent   map[record.OrderHash]int64 // keys of payments that went, by the day of their last change; not in the file yet
	watched map[pos.PaymentID]bool     // payments that a series of carry records is being made of
	touched bool                       // one of them has changed meanwhile
}

func newCarriage() carriage {
	return carriage{gone: map[pos.PaymentID]bool{}, spent: map[record.OrderHash]int64{}}
}

// snapshot copies what a flush writes, and takes its turn. Called with the views' mu held.
func (c *carriage) snapshot() carriage {
	out := carriage{state: c.state, turned: c.turned, gone: maps.Clone(c.gone), spent: maps.Clone(c.spent)}
	c.turned = false
	return out
}

// same says whether there is nothing to write.
func (c *carriage) same() bool { return !c.turned && len(c.gone) == 0 && len(c.spent) == 0 }

// written lets go of what is in the file now. Called with the views' mu held.
func (c *carriage) written(file *carriage) {
	for id := range file.gone {
		delete(c.gone, id)
	}
	for hash := range file.spent {
		delete(c.spent, hash)
	}
}

// carryStep is one carry record on its way into the views.
type carryStep struct {
	rec  record.Record
	body *record.Carry
}

// carry folds a carry record: payments and shifts stand as it says.
func (s *staged) carry(r *record.Record, c *record.Carry) error {
	payments, err := view.UnpackPayments(c)
	if err != nil {
		return err
	}
	till, err := view.UnpackTill(c)
	if err != nil {
		return err
	}
	for _, p := range payments {
		s.changed[p.Intent.Payment] = p
	}
	if c.Last {
		s.till, s.turned = till, true
	}
	s.carries = append(s.carries, carryStep{*r, c})
	return nil
}

// carry takes over one carry record. Called with mu held.
func (v *Views) carry(step carryStep) {
	for _, day := range step.body.Orders {
		for hashes := range slices.Chunk(day.Hashes, len(record.OrderHash{})) {
			if len(hashes) == len(record.OrderHash{}) {
				v.away.spent[record.OrderHash(hashes)] = day.Day
			}
		}
	}
	if !step.body.Last {
		return
	}
	v.away.state, v.away.turned = view.CarriedBy(&step.rec, step.body), true
	v.results = max(v.results, step.body.Results)
	for _, id := range v.away.leaving {
		v.drop(id)
	}
	v.away.leaving = nil
}

// drop forgets a payment. Called with mu held.
func (v *Views) drop(id pos.PaymentID) {
	if p := v.changed[id]; p != nil {
		v.unlist(p)
		delete(v.changed, id)
	}
	delete(v.open, id)
	v.away.gone[id] = true
}

// unlist takes a payment out of the orders in memory. Called with mu held.
func (v *Views) unlist(p *view.Payment) {
	if p.Foreign != "" {
		return
	}
	if delete(v.orders[p.Intent.Order], p.Intent.Attempt); len(v.orders[p.Intent.Order]) == 0 {
		delete(v.orders, p.Intent.Order)
	}
}

// left says whether a payment that the file still holds has gone.
func (v *Views) left(id pos.PaymentID) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.away.gone[id]
}

// Carried tells what is known of the part of the journal that was removed.
func (v *Views) Carried() view.Carried {
	v.mu.RLock()
	defer v.mu.RUnlock()
	c := v.away.state
	c.Totals = maps.Clone(c.Totals)
	return c
}

// Expired says whether the payment of an order and attempt was here once and has left the journal, for 400 days. Who finds no payment by the key asks it
// before a new one is begun: a late repetition of an old request must not charge again.
func (v *Views) Expired(key pos.OrderKey) (bool, error) {
	hash := record.HashOrder(key)
	v.mu.RLock()
	_, known := v.away.spent[hash]
	v.mu.RUnlock()
	if known {
		return true, nil
	}
	err := v.file.view(func(tx *bbolt.Tx) error {
		b := tx.Bucket(spentBucket())
		if b == nil {
			return nil
		}
		day, err := unsealed(hash[:], b.Get(hash[:]))
		known = day != nil
		return err
	})
	return known, err
}

// settleDrops forgets what the carry records that were just caught up with have let go: a crash came between them and the views.
func (v *Views) settleDrops() error {
	of := v.away.state.Of
	if !v.away.turned || of.Seq == 0 {
		return nil
	}
	var ids []pos.PaymentID
	err := v.file.each(func(p *view.Payment) error {
		if v.changed[p.Intent.Payment] == nil && p.Leaves(of) {
			ids = append(ids, p.Intent.Payment)
		}
		return nil
	})
	for id, p := range v.changed {
		if p.Leaves(of) {
			ids = append(ids, id)
		}
	}
	for _, id := range ids {
		v.drop(id)
	}
	return err
}

// carried reads the state of the part that is gone.
func (f *viewFile) carried() (c view.Carried, err error) {
	err = f.view(func(tx *bbolt.Tx) error {
		return readState(tx, carriedKey(), &c)
	})
	return c, err
}

// spentKeys calls fn for every key of an order that is gone, in the order of their hashes.
func (f *viewFile) spentKeys(fn func(hash, day []byte) error) error {
	return f.view(func(tx *bbolt.Tx) error {
		b := tx.Bucket(spentBucket())
		if b == nil {
			return nil
		}
		return b.ForEach(func(hash, stored []byte) error {
			day, err := unsealed(hash, stored)
			if err != nil {
				return err
			}
			return fn(hash, day)
		})
	})
}

// writeCarriage writes what has changed of the part that is gone, and lets go of the keys that are too old by the last carry record's own time.
func (t *tally) writeCarriage(tx *bbolt.Tx, c *carriage) error {
	for id := range c.gone {
		if err := t.deletePayment(tx, id); err != nil {
			return err
		}
	}
	if len(c.spent) == 0 && !c.turned {
		return nil
	}
	spent, err := tx.CreateBucketIfNotExists(spentBucket())
	if err != nil {
		return err
	}
	for hash, day := range c.spent {
		grown, err := put(spent, hash[:], seqKey(pos.Seq(day)))
		if err != nil {
			return err
		}
		t.Spent += grown
	}
	if !c.turned {
		return nil
	}
	return errors.Join(writeState(tx, carriedKey(), c.state), t.forgetKeys(spent, c.state.At/dayMs-orderKeyDays))
}

// forgetKeys deletes the keys of days before the given one.
func (t *tally) forgetKeys(spent *bbolt.Bucket, before int64) error {
	var old [][]byte
	limit := string(seqKey(pos.Seq(max(0, before))))
	err := spent.ForEach(func(hash, stored []byte) error {
		day, err := unsealed(hash, stored)
		if err == nil && string(day) < limit {
			old = append(old, hash)
		}
		return err
	})
	t.Spent -= len(old)
	for _, hash := range old {
		err = errors.Join(err, spent.Delete(hash))
	}
	return err
}

func (t *tally) deletePayment(tx *bbolt.Tx, id pos.PaymentID) error {
	p, err := readPayment(tx, id[:])
	if p == nil || err != nil {
		return err
	}
	key := orderKey(p.Key())
	own, err := unsealed(key, tx.Bucket(ordersBucket()).Get(key))
	var orders int
	if err == nil && string(own) == string(id[:]) {
		orders, err = remove(tx.Bucket(ordersBucket()), key)
	}
	open, err2 := remove(tx.Bucket(openBucket()), id[:])
	payments, err3 := remove(tx.Bucket(paymentsBucket()), id[:])
	t.Open, t.Orders, t.Payments = t.Open+open, t.Orders+orders, t.Payments+payments
	return errors.Join(err, err2, err3)
}
