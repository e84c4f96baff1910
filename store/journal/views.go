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
	till    view.Till
	turned  bool          // till is not in the file yet
	covers  record.Head   // the last record folded
	results uint64        // the highest of the platform's results that a payment names
	full    chan struct{} // asks the keeper to flush now
	away    carriage
}

// openViews opens the file and folds what the journal has beyond it. A file that is damaged, or that covers a journal other than this one, is made anew.
func openViews(path string, codec *record.Codec, journal files) (*Views, error) {
	v, err := loadViews(path, codec)
	if err == nil && !v.fits(journal) {
		err = errors.Join(errors.New("the views cover another journal"), v.file.close())
	}
	if err != nil {
		if v, err = recreateViews(path, codec); err != nil {
			return nil, errViews(path, err)
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
		open: map[pos.PaymentID]bool{}, full: make(chan struct{}, 1), away: newCarriage()}
	if v.covers, err = file.covers(); err == nil {
		v.results, err = file.results()
	}
	if err == nil {
		v.till, err = file.till(v.covers)
	}
	if err == nil {
		v.away.state, err = file.carried()
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
		err := journal.eachGapless(epoch, from, func(s Stored) error {
			v.catch(s)
			return nil
		})
		if err != nil {
			return err
		}
		from = 1
	}
	return v.settleDrops()
}

// catch folds one record. One that fits nothing stops nobody; verify and the platform name it.
func (v *Views) catch(s Stored) {
	rec, _, err := v.codec.Decode(s.Raw)
	if err != nil {
		return
	}
	book := stage(v)
	body, err := v.codec.Body(&rec)
	if err == nil {
		err = book.fold(&rec, body)
	}
	if err != nil {
		book = stage(v)
	}
	v.accept(book, rec.Head())
}

// accept takes over what a commit has changed. Only the journal's writer calls it, in the order of the commits.
func (v *Views) accept(book *staged, covers record.Head) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.till, v.turned = book.till, v.turned || book.turned
	for id, p := range book.changed {
		v.changed[id], v.results = p, max(v.results, p.N)
		delete(v.away.gone, id)
		v.away.touched = v.away.touched || v.away.watched[id] && len(book.carries) == 0
		if v.orders[p.Intent.Order] == nil && p.Foreign == "" {
			v.orders[p.Intent.Order] = map[pos.Attempt]pos.PaymentID{}
		}
		if p.Foreign == "" {
			v.orders[p.Intent.Order][p.Intent.Attempt] = id
		}
		if p.Awaits() {
			v.open[id] = true
		} else {
			delete(v.open, id)
		}
	}
	for _, step := range book.carries {
		v.carry(step)
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
	p, gone := v.changed[id], v.away.gone[id]
	v.mu.RUnlock()
	if p != nil {
		c := *p
		return &c, nil
	}
	if gone {
		return nil, nil
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
	p, err := v.file.byKey(key)
	if p == nil || err != nil {
		return nil, err
	}
	return v.Payment(p.Intent.Payment) // which knows whether it has left
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
		if !v.left(p.Intent.Payment) {
			attempts[p.Intent.Attempt] = p
		}
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

// Reserved lists the payments that hold an amount on a card, oldest first.
func (v *Views) Reserved() ([]*view.Payment, error) {
	return v.loose(func(p *view.Payment) bool { return p.Status == pos.Reserved })
}

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
	v.mu.Lock()
	changed, covers, results, till, turned := maps.Clone(v.changed), v.covers, v.results, v.till, v.turned
	away := v.away.snapshot()
	v.turned = false
	v.mu.Unlock()
	if len(changed) == 0 && !turned && away.same() {
		return nil
	}
	if err := v.file.write(changed, covers, results, &till, &away); err != nil {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.turned, v.away.turned = v.turned || turned, v.away.turned || away.turned
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for id, p := range changed {
		if v.changed[id] == p {
			delete(v.changed, id)
			v.unlist(p)
		}
	}
	v.away.written(&away)
	return nil
}

// Till is the state of the till's shifts and settlements. It is not to be changed.
func (v *Views) Till() view.Till {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.till
}

// state is what records are folded onto.
type state interface {
	Payment(pos.PaymentID) (*view.Payment, error)
	Till() view.Till
}

// staged are changes on top of a state that are taken over or forgotten as one.
type staged struct {
	base    state
	changed view.Payments
	till    view.Till
	turned  bool // till has changed
	carries []carryStep
}

func stage(base state) *staged {
	return &staged{base: base, changed: view.Payments{}, till: base.Till()}
}

// fold applies one record, or nothing of it.
func (s *staged) fold(r *record.Record, body record.Body) error {
	till, err := view.FoldTill(s.till, r, body)
	if err != nil {
		return err
	}
	s.till, s.turned = till, s.turned || view.SpeaksOfTill(r.Kind)
	if c, ok := body.(*record.Carry); ok {
		return s.carry(r, c)
	}
	return view.FoldBody(s, r, body)
}

// Till implements state.
func (s *staged) Till() view.Till { return s.till }

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
