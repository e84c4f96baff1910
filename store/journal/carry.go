package journal

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

const (
	// carryPart bounds what one carry record holds, in bytes, unless a single payment is larger.
	carryPart = 16 << 10
	// hashesTogether is how many keys go together, so that two such parts fill a record.
	hashesTogether = 1000
	// carryMost is the largest state that fits into a record, in bytes.
	carryMost = 24 << 10
)

// load is what is carried on of one segment.
type load struct {
	seen   map[pos.PaymentID]bool
	stay   []record.Hex // states of payments that stay
	leave  []pos.PaymentID
	totals pos.Totals                   // of those that leave
	orders map[int64][]record.OrderHash // keys by day
}

// carryOn writes what must be known of a segment when it is gone: one commit for each record of the series, so that a sale waits for one at most. The
// last record is made of the state at its own place in the journal.
func (j *Journal) carryOn(s *segment, end record.Head) error {
	l, err := j.inspect(s, end)
	if err != nil {
		return err
	}
	j.views.watch(l.seen)
	defer j.views.watch(nil)
	if err := j.weigh(l, end); err != nil {
		return err
	}
	series := l.series(end)
	for _, c := range series {
		if err := j.appendAlone(func() (record.Body, error) { return c, j.views.busy() }); err != nil {
			return err
		}
	}
	err = j.appendAlone(func() (record.Body, error) { return j.lastCarry(l, end, uint64(len(series)+1)) })
	if err != nil {
		return err
	}
	return j.views.flush()
}

// inspect reads a segment from end to end: every record must follow the one before, so that the acknowledgement of a later one stands for all of them.
func (j *Journal) inspect(s *segment, end record.Head) (*load, error) {
	j.state.RLock()
	head, err := j.begin(s.epoch)
	j.state.RUnlock()
	if err != nil {
		return nil, err
	}
	l := &load{seen: map[pos.PaymentID]bool{}, totals: pos.Totals{}, orders: map[int64][]record.OrderHash{}}
	for head != end {
		page, err := j.Read(s.epoch, head.Seq+1, viewSize)
		if err != nil {
			return nil, err
		}
		if len(page) == 0 || head.Seq >= end.Seq {
			return nil, fmt.Errorf("record %d of epoch %s is not the one that was read before", end.Seq, end.Epoch)
		}
		for _, stored := range page {
			rec, _, err := j.codec.Decode(stored.Raw)
			if err != nil {
				return nil, err
			}
			if !rec.Follows(head) {
				return nil, fmt.Errorf("record %d of epoch %s does not follow the one before: the journal is not pruned, run `tillproof journal verify`", stored.Key, s.epoch)
			}
			l.see(j.codec, &rec)
			if head = rec.Head(); head == end {
				break
			}
		}
	}
	return l, nil
}

// see notes the payments that a record speaks of. An earlier carry record in the part that goes is carried on.
func (l *load) see(codec *record.Codec, rec *record.Record) {
	body, err := codec.Body(rec)
	if err != nil {
		return // of a later version: it speaks of nothing that this one keeps
	}
	switch b := body.(type) {
	case record.Subject:
		if id := b.PaymentID(); !id.IsZero() {
			l.seen[id] = true
		}
	case *record.Carry:
		l.again(b)
	}
}

// again takes over what a carry record holds: its payments, and the keys that are not too old.
func (l *load) again(c *record.Carry) {
	payments, err := view.UnpackPayments(c)
	if err != nil {
		return // the views did not take it either
	}
	for _, p := range payments {
		l.seen[p.Intent.Payment] = true
	}
	for _, day := range c.Orders {
		for hash := range slices.Chunk(day.Hashes, len(record.OrderHash{})) {
			if len(hash) == len(record.OrderHash{}) {
				l.orders[day.Day] = append(l.orders[day.Day], record.OrderHash(hash))
			}
		}
	}
}

// weigh says of each payment whether it stays or leaves.
func (j *Journal) weigh(l *load, end record.Head) error {
	leaving := view.Payments{}
	ids := slices.SortedFunc(maps.Keys(l.seen), func(a, b pos.PaymentID) int { return slices.Compare(a[:], b[:]) })
	for _, id := range ids {
		p, err := j.views.Payment(id)
		if err != nil {
			return err
		}
		switch {
		case p == nil:
		case p.Leaves(end):
			leaving[id] = p
			l.leave = append(l.leave, id)
			if p.Foreign == "" {
				day := p.Updated / dayMs
				l.orders[day] = append(l.orders[day], record.HashOrder(p.Key()))
			}
		default:
			if err := l.keep(p); err != nil {
				return err
			}
		}
	}
	var err error
	l.totals, err = leaving.Totals()
	l.forget(j.opts.Clock().Wall/dayMs - orderKeyDays)
	return err
}

// keep packs a payment that stays. One that no record can hold keeps its segment.
func (l *load) keep(p *view.Payment) error {
	raw, err := view.Pack(p)
	if err == nil && len(raw) > carryMost {
		err = fmt.Errorf("payment %s is too large to be carried on (%d bytes): its records stay", p.Intent.Payment, len(raw))
	}
	l.stay = append(l.stay, raw)
	return err
}

// forget lets go of the keys of days before the given one.
func (l *load) forget(before int64) {
	maps.DeleteFunc(l.orders, func(day int64, _ []record.OrderHash) bool { return day < before })
}

// series divides payments and keys into records. The last record of the series is not among them.
func (l *load) series(of record.Head) (list []*record.Carry) {
	room := 0
	next := func(size int) *record.Carry {
		if room < size {
			list, room = append(list, &record.Carry{Of: of, Part: uint64(len(list) + 1)}), carryPart
		}
		room -= size
		return list[len(list)-1]
	}
	for _, raw := range l.stay {
		c := next(len(raw) + 8)
		c.Payments = append(c.Payments, raw)
	}
	for _, day := range slices.Sorted(maps.Keys(l.orders)) {
		for hashes := range slices.Chunk(l.orders[day], hashesTogether) {
			c := next(len(hashes)*len(record.OrderHash{}) + 16)
			c.Orders = append(c.Orders, record.CarriedOrder{Day: day, Hashes: slices.Concat(bytesOf(hashes)...)})
		}
	}
	return list
}

func bytesOf(hashes []record.OrderHash) [][]byte {
	list := make([][]byte, len(hashes))
	for i := range hashes {
		list[i] = hashes[i][:]
	}
	return list
}

// lastCarry ends the series. Called with writing held, so that nothing changes until it is written.
func (j *Journal) lastCarry(l *load, end record.Head, part uint64) (record.Body, error) {
	before := j.views.Carried()
	totals, err := view.Together(before.Totals, l.totals)
	if err != nil {
		return nil, err
	}
	till, err := view.Pack(j.views.Till())
	if err == nil && len(till) > carryMost {
		err = fmt.Errorf("the state of the shifts is too large to be carried on (%d bytes)", len(till))
	}
	if err != nil {
		return nil, err
	}
	c := &record.Carry{Of: end, Part: part, Last: true, Sums: view.Sums(totals), Results: j.views.Results(), Till: till}
	return c, errors.Join(j.views.busy(), j.views.leave(l.leave))
}

// watch begins to look out for changes of the given payments; nil ends it.
func (v *Views) watch(ids map[pos.PaymentID]bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.away.watched, v.away.touched, v.away.leaving = ids, false, nil
}

// busy fails when a watched payment has changed.
func (v *Views) busy() error {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.away.touched {
		return errBusy
	}
	return nil
}

// leave names the payments that the next carry record lets go.
func (v *Views) leave(ids []pos.PaymentID) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.away.leaving = ids
	return nil
}
