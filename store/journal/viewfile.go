package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"

	"github.com/fxamacker/cbor/v2"
	"go.etcd.io/bbolt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// viewFile is the bbolt file of the views: payments by id, ids by order and attempt, the ids of open payments, and the head that they cover.
type viewFile struct {
	path string
	db   *bbolt.DB
}

func paymentsBucket() []byte { return []byte("payments") }
func ordersBucket() []byte   { return []byte("orders") }
func openBucket() []byte     { return []byte("open") }
func coversKey() []byte      { return []byte("covers") }
func resultsKey() []byte     { return []byte("results") }
func tillKey() []byte        { return []byte("till") }

func openViewFile(path string) (*viewFile, error) {
	f := &viewFile{path: path}
	err := guarded(path, func() error {
		db, err := bbolt.Open(path, 0o600, boltOptions(false, 0))
		if err != nil {
			return err
		}
		f.db = db
		return errors.Join(f.makeTables(), f.check())
	})
	if err != nil && f.db != nil {
		err = errors.Join(err, f.db.Close())
	}
	return f, err
}

// makeTables makes a new file's tables. It refuses a file of a version that did not keep the open payments: the views are then made anew from the
// records.
func (f *viewFile) makeTables() error {
	return f.db.Update(func(tx *bbolt.Tx) error {
		if tx.Bucket(paymentsBucket()) != nil {
			if tx.Bucket(openBucket()) == nil {
				return errors.New("the views are of an earlier version")
			}
			return nil
		}
		for _, name := range [][]byte{paymentsBucket(), ordersBucket(), openBucket(), stateBucket()} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
}

func removeViewFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (f *viewFile) close() error { return f.db.Close() }

func (f *viewFile) covers() (head record.Head, err error) {
	err = f.view(func(tx *bbolt.Tx) error {
		return readState(tx, coversKey(), &head)
	})
	return head, err
}

func (f *viewFile) payment(id pos.PaymentID) (p *view.Payment, err error) {
	err = f.view(func(tx *bbolt.Tx) error {
		p, err = readPayment(tx, id[:])
		return err
	})
	return p, err
}

func (f *viewFile) byKey(key pos.OrderKey) (p *view.Payment, err error) {
	err = f.view(func(tx *bbolt.Tx) error {
		id, err := unsealed(orderKey(key), tx.Bucket(ordersBucket()).Get(orderKey(key)))
		if id != nil {
			p, err = readPayment(tx, id)
		}
		return err
	})
	return p, err
}

func readPayment(tx *bbolt.Tx, id []byte) (*view.Payment, error) {
	raw, err := unsealed(id, tx.Bucket(paymentsBucket()).Get(id))
	if raw == nil {
		return nil, err
	}
	p := &view.Payment{}
	return p, cbor.Unmarshal(raw, p)
}

// each calls fn for every payment in the order of their ids, that is of their beginning.
func (f *viewFile) each(fn func(*view.Payment) error) error {
	return f.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(paymentsBucket()).ForEach(func(id, _ []byte) error {
			p, err := readPayment(tx, id)
			if err != nil {
				return err
			}
			return fn(p)
		})
	})
}

// open calls fn for every payment that is pending or unknown, or has an operation that is.
func (f *viewFile) open(fn func(pos.PaymentID)) error {
	return f.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(openBucket()).ForEach(func(id, _ []byte) error {
			if len(id) != len(pos.PaymentID{}) {
				return fmt.Errorf("an id of %d bytes", len(id))
			}
			fn(pos.PaymentID(id))
			return nil
		})
	})
}

// results is the highest of the platform's results that the payments of the file name.
func (f *viewFile) results() (n uint64, err error) {
	err = f.view(func(tx *bbolt.Tx) error {
		return readState(tx, resultsKey(), &n)
	})
	return n, err
}

// tillState is the till's state as the file holds it. Its head tells whether the last who wrote the file knew of it.
type tillState struct {
	Covers record.Head `cbor:"1,keyasint"`
	Till   view.Till   `cbor:"2,keyasint"`
}

// till is the state of the till's shifts and settlements. It refuses a file that an earlier version has written, which kept neither them nor the
// payments' bookings: the views are then made anew from the records.
func (f *viewFile) till(covers record.Head) (view.Till, error) {
	var s tillState
	err := f.view(func(tx *bbolt.Tx) error {
		return readState(tx, tillKey(), &s)
	})
	if err == nil && s.Covers != covers {
		err = errors.New("the views are of an earlier version")
	}
	return s.Till, err
}

func (f *viewFile) write(changed map[pos.PaymentID]*view.Payment, covers record.Head, results uint64, till *view.Till, away *carriage) error {
	list := slices.SortedFunc(maps.Values(changed), func(a, b *view.Payment) int {
		return bytes.Compare(a.Intent.Payment[:], b.Intent.Payment[:])
	})
	return guarded(f.path, func() error {
		return f.db.Update(func(tx *bbolt.Tx) error {
			tx.Bucket(paymentsBucket()).FillPercent = growing
			var t tally
			if err := readState(tx, tallyKey(), &t); err != nil {
				return err
			}
			for _, p := range list {
				if err := t.writePayment(tx, p); err != nil {
					return err
				}
			}
			if err := t.writeCarriage(tx, away); err != nil {
				return err
			}
			t.Covers = covers
			return errors.Join(writeState(tx, coversKey(), covers), writeState(tx, resultsKey(), results),
				writeState(tx, tillKey(), tillState{Covers: covers, Till: *till}), writeState(tx, tallyKey(), t))
		})
	})
}

// growing fills pages almost up: ids grow with time, so that a page is rarely written in its middle, but a payment grows until it is decided.
const growing = 0.9

func (t *tally) writePayment(tx *bbolt.Tx, p *view.Payment) error {
	raw, err := cbor.Marshal(p)
	if err != nil {
		return err
	}
	id := p.Intent.Payment[:]
	var open, orders, payments int
	if p.Awaits() {
		open, err = put(tx.Bucket(openBucket()), id, nil)
	} else {
		open, err = remove(tx.Bucket(openBucket()), id)
	}
	if err == nil && p.Foreign == "" { // the order of another till's payment is not ours
		orders, err = put(tx.Bucket(ordersBucket()), orderKey(p.Key()), id)
	}
	if err == nil {
		payments, err = put(tx.Bucket(paymentsBucket()), id, raw)
	}
	t.Open, t.Orders, t.Payments = t.Open+open, t.Orders+orders, t.Payments+payments
	return err
}

func (f *viewFile) view(fn func(*bbolt.Tx) error) error {
	return errViews(f.path, guarded(f.path, func() error { return f.db.View(fn) }))
}
