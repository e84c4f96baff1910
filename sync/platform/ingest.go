package platform

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/wire"
)

// sitting is the work of one transaction.
type sitting struct {
	ctx     context.Context
	tx      *database.Tx
	custody *Custody
	book    *book
	chains  map[chainKey]*chain // every epoch of the tills that have delivered
	fresh   []any               // records that are not written yet, as rows
	stirs   []stir              // what the records leave for the wallet
	told    []told              // results of the platform that the records tell of
	now     int64
}

// chainKey is an epoch of a till.
type chainKey struct {
	till  pos.TillID
	epoch pos.Epoch
}

// chain is an epoch of a till as the ledger holds it.
type chain struct {
	id    int64 // of its mark; 0 when there is none yet
	mark  record.Head
	moved bool // the mark is not written yet
}

// begin locks the tills of the deliveries, so that what is read here stands until the commit, and loads how far the ledger holds them and every payment
// that they speak of.
func (c *Custody) begin(ctx context.Context, tx *database.Tx, deliveries []*Delivery) (*sitting, error) {
	s := &sitting{ctx: ctx, tx: tx, custody: c, now: clock(), book: newBook(), chains: map[chainKey]*chain{}}
	tills, names, locks := tillsOf(deliveries)
	if err := c.guard(ctx, tx, tills...); err != nil {
		return nil, err
	}
	if err := tx.LockAll(ctx, locks...); err != nil {
		return nil, err
	}
	if err := s.loadChains(names); err != nil {
		return nil, err
	}
	return s, s.book.load(ctx, tx, c.states, deliveries)
}

// tillsOf lists the tills of deliveries, each once, and the names of their locks.
func tillsOf(deliveries []*Delivery) (tills []pos.TillID, names, locks []string) {
	for _, d := range deliveries {
		if !slices.Contains(tills, d.till) {
			tills, names, locks = append(tills, d.till), append(names, string(d.till)), append(locks, "till/"+string(d.till))
		}
	}
	return tills, names, locks
}

func (s *sitting) loadChains(tills []string) error {
	return s.tx.Among(s.ctx, "SELECT till, epoch, id, seq, head FROM marks WHERE till IN (?)", tills, func(row database.Scanner) error {
		var key chainKey
		var epoch, head []byte
		c := &chain{}
		if err := row.Scan(&key.till, &epoch, &c.id, &c.mark.Seq, &head); err != nil {
			return err
		}
		if err := errors.Join(blob(key.epoch[:], epoch, "epoch"), blob(c.mark.Hash[:], head, "head")); err != nil {
			return err
		}
		c.mark.Epoch = key.epoch
		s.chains[key] = c
		return nil
	})
}

// chain is how far the ledger holds an epoch.
func (s *sitting) chain(till pos.TillID, epoch pos.Epoch) *chain {
	key := chainKey{till, epoch}
	if s.chains[key] == nil {
		s.chains[key] = &chain{mark: record.Genesis(till, epoch)}
	}
	return s.chains[key]
}

// write puts everything where it belongs: records first, so that a mark never promises what is not there.
func (s *sitting) write() error {
	if err := s.flush(); err != nil {
		return err
	}
	for _, c := range s.chains {
		if !c.moved {
			continue
		}
		if _, err := s.tx.Exec(s.ctx, "UPDATE marks SET seq = ?, head = ?, updated_at = ? WHERE id = ?", int64(c.mark.Seq), c.mark.Hash[:], s.now, c.id); err != nil {
			return err
		}
	}
	if err := s.book.write(s); err != nil {
		return err
	}
	if err := s.writeStirs(); err != nil {
		return err
	}
	if err := s.recount(); err != nil {
		return err
	}
	return s.chargedTwice()
}

// flush writes the records that wait.
func (s *sitting) flush() error {
	rows := s.fresh
	s.fresh = nil
	return s.tx.Insert(s.ctx, recordsTable(), rows)
}

// ingest takes one delivery, and says what became of it.
func (s *sitting) ingest(d *Delivery) (wire.Ack, error) {
	c := s.chain(d.till, d.prev.Epoch)
	ack := wire.Ack{Till: d.till, Mark: c.mark, State: wire.AckOK, At: s.now}
	common, held, err := s.common(d, c)
	if err != nil {
		return wire.Ack{}, err
	}
	if !d.fits(c.mark, common) {
		if ack.State, err = s.unfit(d, c, common); err != nil || ack.State == wire.AckGap {
			return ack, err
		}
	}
	last := d.last()
	ack.Last = &last
	if err := s.keepKeys(d); err != nil {
		return ack, err
	}
	if ack.State == wire.AckFork {
		if err := s.custody.notice(s.ctx, s.tx, d, true, nil); err != nil {
			return ack, err
		}
		return ack, s.losing(d, d.entries[common:])
	}
	s.passOver(d.till, d.entries[common:])
	ack.Held = append(held, s.fold(d.till, d.entries[common:])...)
	if len(ack.Held) > 0 {
		ack.State = wire.AckHeld
	}
	if err := s.custody.notice(s.ctx, s.tx, d, false, ack.Held); err != nil {
		return ack, err
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
			const add = "INSERT INTO till_keys (till, public) VALUES (?,?) ON CONFLICT DO NOTHING"
			if _, err := s.tx.Exec(s.ctx, add, string(d.till), e.nextKey); err != nil {
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

// unfit says what a delivery is that does not continue at the mark: a branch that loses, when the record before its first one is in custody, otherwise a
// gap. A fork would tell the till that its branch is safe up to the delivery's end, and so free what has never come of it.
func (s *sitting) unfit(d *Delivery, c *chain, common int) (wire.AckState, error) {
	held, err := common > 0 || d.prev.Seq == 0, error(nil)
	if !held && d.prev.Seq < c.mark.Seq {
		held, err = s.onChain(c, d.prev)
	}
	if !held && err == nil {
		held, err = s.knownBranch(d.prev, d.till)
	}
	if err != nil || !held {
		return wire.AckGap, err
	}
	return wire.AckFork, nil
}

// onChain says whether a head below the mark is the record that the ledger holds under its number.
func (s *sitting) onChain(c *chain, head record.Head) (bool, error) {
	var raw []byte
	if err := s.tx.Row(s.ctx, "SELECT bytes FROM records WHERE id = ?", rowID(c.id, head.Seq)).Scan(&raw); err != nil {
		return false, err
	}
	return sha256.Sum256(raw) == head.Hash, nil
}

// common counts the delivery's first records that the ledger holds already, byte for byte, and names those of them that are held.
func (s *sitting) common(d *Delivery, c *chain) (n int, held []pos.Seq, err error) {
	if d.prev.Seq >= c.mark.Seq {
		return 0, nil, nil
	}
	if err := s.flush(); err != nil {
		return 0, nil, err
	}
	rows, err := s.tx.Query(s.ctx, "SELECT id, held IS NOT NULL, bytes FROM records WHERE id BETWEEN ? AND ? ORDER BY id", rowID(c.id, d.prev.Seq+1),
		rowID(c.id, d.last().Seq))
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

// extend puts records behind the mark and moves it to the delivery's last one.
func (s *sitting) extend(c *chain, d *Delivery, added []entry) error {
	last := d.last()
	if c.id == 0 {
		const add = "INSERT INTO marks (till, epoch, seq, head, updated_at) VALUES (?,?,?,?,?) RETURNING id"
		if err := s.tx.Row(s.ctx, add, string(d.till), last.Epoch[:], int64(last.Seq), last.Hash[:], s.now).Scan(&c.id); err != nil {
			return err
		}
	} else {
		c.moved = true
	}
	c.mark = last
	s.fresh = slices.Grow(s.fresh, 7*len(added))
	for i := range added {
		s.fresh = append(added[i].row(s.fresh, s.now), rowID(c.id, added[i].record.Seq))
	}
	return nil
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
