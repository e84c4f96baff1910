package journal

import (
	"context"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

const (
	flushEvery = time.Second
	flushAbove = 20000 // payments changed since the last flush: bounds memory, not time, since a flush in the middle of a rush slows it
)

// Views are the payments of all epochs, as of the last commit. What was changed lately is in memory, the rest in a file that is committed
// now and then with the head that it covers; after a crash the records behind that head are folded again.
type Views struct {
	codec    *record.Codec
	file     *viewFile
	flushing sync.Mutex // one flush at a time: an older state must not be written over a newer one

	mu      sync.RWMutex
	changed map[pos.PaymentID]*view.Payment                // not in the file yet
	orders  map[pos.OrderRef]map[pos.Attempt]pos.PaymentID // of changed
	open    map[pos.PaymentID]bool                         // pending or unknown, or with an operation that is
	covers  record.Head                                    // the last record folded
	results uint64                                         // the highest of the platform's results that a payment names
	full    chan struct{}                                  // asks the keeper to flush now
}

// openViews opens the file and folds what the journal has beyond it. A file that is damaged, or that covers a journal other than this one, is made anew.
func openViews(path string, codec *record.Codec, journal files) (*Views, error) {
	v, err := loadViews(path, codec)
	if err == nil && !v.fits(journal) {
		err = errors.Join(errors.New("the views cover another journal"), v.file.close())
	}
	if err != nil {
		if v, err = recreateViews(path, codec); err != nil {
			return nil, err
		}
	}
	if err := v.catchUp(journal); err != nil {
		return nil, errors.Join(err, v.file.close())
	}
	return v, nil
}

func loadViews(path string, codec *record.Codec) (*Views, error) {
	file, err := openViewFile(path)
	if err != nil {
		return nil, err
	}
	v := &Views{codec: codec, file: file, changed: map[pos.PaymentID]*view.Payment{}, orders: map[pos.OrderRef]map[pos.Attempt]pos.PaymentID{},
		open: map[pos.PaymentID]bool{}, full: make(chan struct{}, 1)}
	if v.covers, err = file.covers(); err == nil {
		v.results, err = file.results()
	}
	if err == nil {
		err = file.open(func(id pos.PaymentID) { v.open[id] = true })
	}
	if err != nil {
		return nil, errors.Join(err, file.close())
	}
	return v, nil
}

func recreateViews(path string, codec *record.Codec) (*Views, error) {
	if err := removeViewFile(path); err != nil {
		return nil, err
	}
	return loadViews(path, codec)
}

// fits says whether the covered head is a record of this journal.
func (v *Views) fits(journal files) bool {
	if v.covers.Seq == 0 {
		return true
	}
	list, err := journal.read(v.covers.Epoch, v.covers.Seq, 1)
	if err != nil || len(list) == 0 {
		return false
	}
	rec, _, err := v.codec.Decode(list[0].Raw)
	return err == nil && rec.Head() == v.covers
}

func (v *Views) catchUp(journal files) error {
	epochs := journal.epochs()
	from := pos.Seq(1)
	if i := slices.Index(epochs, v.covers.Epoch); i >= 0 {
		epochs, from = epochs[i:], v.covers.Seq+1
	}
	for _, epoch := range epochs {
		err := journal.each(epoch, from, func(s Stored) error {
			rec, _, err := v.codec.Decode(s.Raw)
			if err != nil {
				return err
			}
			book := stage(v)
			if err := view.Fold(book, v.codec, &rec); err == nil {
				v.accept(book.changed, rec.Head())
			} else {
				v.accept(nil, rec.Head()) // a record that fits nothing stops nobody; verify and the platform name it
			}
			return nil
		})
		if err != nil {
			return errUnreadable(v.file.path, err)
		}
		from = 1
	}
	return nil
}

// accept takes over what a commit has changed. Only the journal's writer calls it, in the order of the commits.
func (v *Views) accept(changed view.Payments, covers record.Head) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for id, p := range changed {
		v.changed[id], v.results = p, max(v.results, p.N)
		if v.orders[p.Intent.Order] == nil {
			v.orders[p.Intent.Order] = map[pos.Attempt]pos.PaymentID{}
		}
		v.orders[p.Intent.Order][p.Intent.Attempt] = id
		if p.Status.Open() || p.Unfinished() {
			v.open[id] = true
		} else {
			delete(v.open, id)
		}
	}
	v.covers = covers
	if len(v.changed) > flushAbove {
		select {
		case v.full <- struct{}{}:
		default:
		}
	}
}

// Payment returns a copy of the payment, nil when there is none.
func (v *Views) Payment(id pos.PaymentID) (*view.Payment, error) {
	v.mu.RLock()
	p := v.changed[id]
	v.mu.RUnlock()
	if p != nil {
		c := *p
		return &c, nil
	}
	return v.file.payment(id)
}

// Results is the highest number of the platform's results that the payments name, 0 when there is none.
func (v *Views) Results() uint64 {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.results
}

// ByKey returns the payment of an order and attempt, nil when there is none.
func (v *Views) ByKey(key pos.OrderKey) (*view.Payment, error) {
	v.mu.RLock()
	id, ok := v.orders[key.Order][key.Attempt]
	v.mu.RUnlock()
	if ok {
		return v.Payment(id)
	}
	return v.file.byKey(key)
}

// Attempts returns the payments of an order, the first attempt first.
func (v *Views) Attempts(order pos.OrderRef) ([]*view.Payment, error) {
	v.mu.RLock()
	latest := maps.Clone(v.orders[order])
	v.mu.RUnlock()
	list, err := v.file.ofOrder(&Query{Order: order, Limit: int(pos.MaxAttempt)})
	if err != nil {
		return nil, err
	}
	attempts := map[pos.Attempt]*view.Payment{}
	for _, p := range list {
		attempts[p.Intent.Attempt] = p
	}
	for attempt, id := range latest {
		if attempts[attempt], err = v.Payment(id); err != nil {
			return nil, err
		}
	}
	list = list[:0]
	for _, attempt := range slices.Sorted(maps.Keys(attempts)) {
		list = append(list, attempts[attempt])
	}
	return list, nil
}

// Open lists the payments that are pending or unknown, oldest first.
func (v *Views) Open() ([]*view.Payment, error) {
	return v.loose(func(p *view.Payment) bool { return p.Status.Open() })
}

// Unfinished lists the payments with an operation that is requested or unknown, oldest first.
func (v *Views) Unfinished() ([]*view.Payment, error) { return v.loose((*view.Payment).Unfinished) }

// loose lists the payments of a kind that have an end missing.
func (v *Views) loose(of func(*view.Payment) bool) ([]*view.Payment, error) {
	v.mu.RLock()
	ids := slices.SortedFunc(maps.Keys(v.open), func(a, b pos.PaymentID) int { return slices.Compare(a[:], b[:]) })
	v.mu.RUnlock()
	var list []*view.Payment
	for _, id := range ids {
		p, err := v.Payment(id)
		if err != nil {
			return nil, err
		}
		if p != nil && of(p) {
			list = append(list, p)
		}
	}
	return list, nil
}

// keep flushes now and then until ctx ends. A disk that is full only delays it: the records are safe without.
func (v *Views) keep(ctx context.Context) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-v.full:
		}
		_ = v.flush()
	}
}

// flush writes what has changed, together with the head that it covers.
func (v *Views) flush() error {
	v.flushing.Lock()
	defer v.flushing.Unlock()
	v.mu.RLock()
	changed, covers, results := maps.Clone(v.changed), v.covers, v.results
	v.mu.RUnlock()
	if len(changed) == 0 {
		return nil
	}
	if err := v.file.write(changed, covers, results); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for id, p := range changed {
		if v.changed[id] == p {
			delete(v.changed, id)
			if delete(v.orders[p.Intent.Order], p.Intent.Attempt); len(v.orders[p.Intent.Order]) == 0 {
				delete(v.orders, p.Intent.Order)
			}
		}
	}
	return nil
}

// staged are changes on top of a book that are taken over or forgotten as one.
type staged struct {
	base interface {
		Payment(pos.PaymentID) (*view.Payment, error)
	}
	changed view.Payments
}

func stage(base interface {
	Payment(pos.PaymentID) (*view.Payment, error)
}) *staged {
	return &staged{base: base, changed: view.Payments{}}
}

// Payment implements [view.Book].
func (s *staged) Payment(id pos.PaymentID) (*view.Payment, error) {
	if p, _ := s.changed.Payment(id); p != nil {
		return p, nil
	}
	return s.base.Payment(id)
}

// Put implements [view.Book].
func (s *staged) Put(p *view.Payment) error { return s.changed.Put(p) }

func (v *Views) close() error { return errors.Join(v.flush(), v.file.close()) }

// orderKey is the index key of an order and attempt; the order holds no zero byte.
func orderKey(k pos.OrderKey) []byte {
	return binary.BigEndian.AppendUint32(append([]byte(k.Order), 0), uint32(k.Attempt))
}
