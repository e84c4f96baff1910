package platform

import (
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// losing keeps the records of a branch that lost. Money may have moved in it, so payments that only this branch knows are folded;
// what is known otherwise is left as it is, and each payment counts once.
func (s *sitting) losing(d *Delivery, entries []entry) error {
	known, err := s.branch(d, entries)
	if err != nil {
		return err
	}
	s.book.till, s.book.fork = d.till, true
	var added []entry
	for _, e := range entries {
		if known[e.head()] {
			continue
		}
		if p := s.book.page(e.payment); p != nil && !p.fork && e.held == "" {
			e.held = "the payment is known from another branch"
		}
		s.foldOne(&e)
		added = append(added, e)
	}
	values := make([]any, 0, 10*len(added))
	for i := range added {
		e := &added[i]
		values = append(e.row(values, s.now), string(d.till), e.record.Epoch[:], int64(e.record.Seq), e.hash[:])
	}
	return s.tx.Insert(s.ctx, forksTable(), values)
}

// branch finds those of the records that are kept as losing already.
func (s *sitting) branch(d *Delivery, entries []entry) (map[record.Head]bool, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	const text = "SELECT seq, hash FROM forks WHERE till = ? AND epoch = ? AND seq BETWEEN ? AND ?"
	rows, err := s.tx.Query(s.ctx, text, string(d.till), d.prev.Epoch[:], int64(entries[0].record.Seq), int64(d.last().Seq))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	known := map[record.Head]bool{}
	for rows.Next() {
		head := record.Head{Epoch: d.prev.Epoch}
		var hash []byte
		if err := rows.Scan(&head.Seq, &hash); err != nil {
			return nil, err
		}
		if err := blob(head.Hash[:], hash, "hash"); err != nil {
			return nil, err
		}
		known[head] = true
	}
	return known, rows.Err()
}

// knownBranch says whether a head is a record of a branch that lost, so that what follows it belongs to that branch too.
func (s *sitting) knownBranch(head record.Head, till pos.TillID) (bool, error) {
	var n int
	const text = "SELECT count(*) FROM forks WHERE till = ? AND epoch = ? AND seq = ? AND hash = ?"
	err := s.tx.Row(s.ctx, text, string(till), head.Epoch[:], int64(head.Seq), head.Hash[:]).Scan(&n)
	return n > 0, err
}
