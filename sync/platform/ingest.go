package platform

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/wire"
)

// sitting is the work of one transaction.
type sitting struct {
	ctx     context.Context
	custody *Custody
	book    *book
	stirs   []stir // what the records leave for the wallet
	now     int64
}

// begin loads every payment that the deliveries speak of.
func (c *Custody) begin(ctx context.Context, deliveries []*Delivery) (*sitting, error) {
	s := &sitting{ctx: ctx, custody: c, now: clock(), book: newBook()}
	var ids []pos.PaymentID
	seen := map[pos.PaymentID]bool{{}: true}
	for _, d := range deliveries {
		for i := range d.entries {
			if id := d.entries[i].payment; !seen[id] {
				seen[id] = true
				ids = append(ids, id)
			}
		}
	}
	return s, s.book.load(ctx, c, ids)
}

// write puts the payments back; records and marks are written as they are taken, so that a till's next delivery in the same
// transaction finds them.
func (s *sitting) write() error {
	if err := s.book.write(s.ctx, s.custody); err != nil {
		return err
	}
	return s.writeStirs()
}

// chain is an epoch of a till as the ledger holds it.
type chain struct {
	id   int64 // of its mark; 0 when there is none yet
	mark record.Head
}

// ingest takes one delivery, and says what became of it.
func (s *sitting) ingest(d *Delivery) (wire.Ack, error) {
	c, err := s.chain(d)
	if err != nil {
		return wire.Ack{}, err
	}
	ack := wire.Ack{Till: d.till, Mark: c.mark, State: wire.AckOK, At: s.now}
	common, held, err := s.common(d, c)
	if err != nil {
		return wire.Ack{}, err
	}
	switch {
	case d.prev.Seq > c.mark.Seq:
		known, err := s.knownBranch(d.prev, d.till)
		if err != nil || !known {
			ack.State = wire.AckGap
			return ack, err
		}
		ack.State = wire.AckFork
	case !d.fits(c.mark, common):
		ack.State = wire.AckFork
	}
	last := d.last()
	ack.Last = &last
	if err := s.keepKeys(d); err != nil {
		return ack, err
	}
	if ack.State == wire.AckFork {
		return ack, s.losing(d, d.entries[common:])
	}
	if err := s.passOver(d.till, d.entries[common:]); err != nil {
		return ack, err
	}
	ack.Held = append(held, s.fold(d.till, d.entries[common:])...)
	if len(ack.Held) > 0 {
		ack.State = wire.AckHeld
	}
	if common < len(d.entries) {
		ack.Mark = last
		err = s.extend(c, d, d.entries[common:])
	}
	return ack, err
}

// keepKeys notes the keys that a delivery's records name, so that they count after a restart too.
func (s *sitting) keepKeys(d *Delivery) error {
	for i := range d.entries {
		if e := &d.entries[i]; e.nextKey != nil {
			if _, err := s.custody.q.addKey.ExecContext(s.ctx, string(d.till), e.nextKey); err != nil {
				return err
			}
		}
	}
	return nil
}

// fits says whether the records behind the common ones continue at the mark: all that the ledger holds of these numbers is the
// same.
func (d *Delivery) fits(mark record.Head, common int) bool {
	if d.prev.Seq == mark.Seq {
		return d.prev.Hash == mark.Hash
	}
	return uint64(common) == min(uint64(len(d.entries)), uint64(mark.Seq-d.prev.Seq))
}

// chain is how far the ledger holds the delivery's epoch.
func (s *sitting) chain(d *Delivery) (c chain, err error) {
	c.mark = record.Genesis(d.till, d.prev.Epoch)
	var head []byte
	err = s.custody.q.mark.QueryRowContext(s.ctx, string(d.till), d.prev.Epoch[:]).Scan(&c.id, &c.mark.Seq, &head)
	if errors.Is(err, sql.ErrNoRows) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	return c, blob(c.mark.Hash[:], head, "head")
}

// common counts the delivery's first records that the ledger holds already, byte for byte, and names those of them that are held.
func (s *sitting) common(d *Delivery, c chain) (n int, held []pos.Seq, err error) {
	if d.prev.Seq >= c.mark.Seq {
		return 0, nil, nil
	}
	rows, err := s.custody.q.stored.QueryContext(s.ctx, rowID(c.id, d.prev.Seq+1), rowID(c.id, d.last().Seq))
	if err != nil {
		return 0, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var raw sql.RawBytes
		var aside bool
		if err := rows.Scan(&id, &aside, &raw); err != nil {
			return 0, nil, err
		}
		e := &d.entries[n]
		if id != rowID(c.id, e.record.Seq) {
			return 0, nil, fmt.Errorf("till %s: record %d is missing below the mark", d.till, e.record.Seq)
		}
		if !bytes.Equal(raw, e.record.Raw) {
			return n, held, nil
		}
		if n++; aside {
			held = append(held, e.record.Seq)
		}
	}
	return n, held, rows.Err()
}

// extend writes records behind the mark and moves it to the delivery's last one.
func (s *sitting) extend(c chain, d *Delivery, added []entry) error {
	last := d.last()
	if c.id == 0 {
		r, err := s.custody.q.addMark.ExecContext(s.ctx, string(d.till), last.Epoch[:], int64(last.Seq), last.Hash[:], s.now)
		if err != nil {
			return err
		}
		if c.id, err = r.LastInsertId(); err != nil {
			return err
		}
	} else if _, err := s.custody.q.moveMark.ExecContext(s.ctx, int64(last.Seq), last.Hash[:], s.now, c.id); err != nil {
		return err
	}
	values := make([]any, 0, 7*len(added))
	for i := range added {
		values = append(added[i].row(values, s.now), rowID(c.id, added[i].record.Seq))
	}
	return s.custody.q.putRecords.insert(s.ctx, values)
}

// row appends the values that records and forks have in common.
func (e *entry) row(values []any, now int64) []any {
	var payment, held any
	if !e.payment.IsZero() {
		payment = e.payment[:]
	}
	if e.held != "" {
		held = e.held
	}
	return append(values, int64(e.record.Kind), payment, held, now, orNull(e.signature), e.record.Raw)
}

// fold applies records to the payments, and names those that are held: they could not be interpreted, or do not fit what came
// before.
func (s *sitting) fold(till pos.TillID, entries []entry) (held []pos.Seq) {
	s.book.till, s.book.fork = till, false
	for i := range entries {
		if s.foldOne(&entries[i]); entries[i].held != "" {
			held = append(held, entries[i].record.Seq)
			continue
		}
		s.note(&entries[i])
	}
	return held
}

// foldOne is view.Fold with a body that was decoded while the batch was verified, outside the transaction.
func (s *sitting) foldOne(e *entry) {
	if e.held != "" || e.body == nil {
		return
	}
	if p := s.book.begin(e.told(), e.body); p != nil {
		p.dirty = true
		return
	}
	p := s.book.page(e.payment)
	switch {
	case p == nil:
		e.held = fmt.Sprintf("payment %s: %s without an intent", e.payment, e.record.Kind)
	case p.till != s.book.till:
		e.held = fmt.Sprintf("payment %s belongs to till %s", e.payment, p.till)
	default:
		if err := p.payment.Apply(e.told(), e.body); err != nil {
			e.held = err.Error()
			return
		}
		p.dirty = true
	}
}
