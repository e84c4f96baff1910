package settle

import (
	"context"
	"errors"
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/reconcile"
)

// prover reads a ledger's tables into a [reconcile.Custody]. It knows the columns and nothing of how they are written.
type prover struct {
	ctx     context.Context
	db      *database.Snapshot
	custody *reconcile.Custody
	ledger  []reconcile.Payment
	records []reconcile.Record
	read    int  // records below a mark
	modern  bool // the ledger has merchants and times of change (schema 4)
	foreign bool // and what tills have given back of others' payments (schema 3)
}

// markRow is a row of marks.
type markRow struct {
	id    int64
	till  pos.TillID
	head  record.Head
	moved int64
}

// run reads everything.
func (p *prover) run() error {
	for _, step := range []func() error{p.chains, p.strays, p.payments, p.given, p.keys} {
		if err := step(); err != nil {
			return err
		}
	}
	p.custody.Missing()
	return nil
}

// chains reads the records, epoch by epoch, with the lost branches of each behind it.
func (p *prover) chains() error {
	marks, err := database.All(p.ctx, p.db, func(row database.Scanner) (m markRow, err error) {
		var epoch, head []byte
		if err = row.Scan(&m.id, &m.till, &epoch, &m.head.Seq, &head, &m.moved); err != nil {
			return m, err
		}
		return m, errors.Join(exactly(m.head.Epoch[:], epoch, "epoch"), exactly(m.head.Hash[:], head, "head"))
	}, "SELECT id, till, epoch, seq, head, updated_at FROM marks ORDER BY till, epoch")
	if err != nil {
		return err
	}
	for i := range marks {
		p.custody.Mark(marks[i].till, marks[i].head, marks[i].moved)
	}
	for i := range marks {
		if err := p.chain(&marks[i]); err != nil {
			return err
		}
	}
	p.custody.Close()
	return nil
}

// chain reads one epoch.
func (p *prover) chain(m *markRow) error {
	const text = `SELECT id, kind, payment, coalesce(held, ''), received_at, signature, bytes FROM records WHERE id >= ? AND id < ? ORDER BY id`
	scan := func(row database.Scanner) (s reconcile.Stored, err error) {
		var id int64
		var payment []byte
		err = row.Scan(&id, &s.Kind, &payment, &s.Held, &s.ReceivedAt, &s.Signature, &s.Raw)
		s.Till, s.Epoch, s.Seq = m.till, m.head.Epoch, pos.Seq(id&(1<<40-1))
		return s, errors.Join(err, orNone(&s.Payment, payment))
	}
	for s, err := range database.Each(p.ctx, p.db, scan, text, m.id<<40, (m.id+1)<<40) {
		if err != nil {
			return err
		}
		p.read++
		p.custody.Record(&s)
		p.records = append(p.records, reconcile.Record{Till: s.Till, Epoch: s.Epoch, Seq: s.Seq, Hash: record.HeadOf(s.Epoch, s.Seq, s.Raw).Hash})
	}
	return p.forks(m)
}

// forks reads the branches that lost in one epoch.
func (p *prover) forks(m *markRow) error {
	const text = `SELECT seq, hash, kind, payment, coalesce(held, ''), received_at, signature, bytes FROM forks WHERE till = ? AND epoch = ? ORDER BY received_at, seq, hash`
	scan := func(row database.Scanner) (s reconcile.Stored, err error) {
		var hash, payment []byte
		err = row.Scan(&s.Seq, &hash, &s.Kind, &payment, &s.Held, &s.ReceivedAt, &s.Signature, &s.Raw)
		s.Till, s.Epoch = m.till, m.head.Epoch
		return s, errors.Join(err, exactly(s.Hash[:], hash, "hash"), orNone(&s.Payment, payment))
	}
	for s, err := range database.Each(p.ctx, p.db, scan, text, string(m.till), m.head.Epoch[:]) {
		if err != nil {
			return err
		}
		p.custody.Fork(&s)
	}
	return nil
}

// strays says how many records belong to no epoch.
func (p *prover) strays() error {
	var all, branches int
	if err := p.db.Row(p.ctx, "SELECT count(*) FROM records").Scan(&all); err != nil {
		return err
	}
	err := p.db.Row(p.ctx, "SELECT count(*) FROM forks WHERE NOT EXISTS (SELECT 1 FROM marks WHERE marks.till = forks.till AND marks.epoch = forks.epoch)").Scan(&branches)
	p.custody.Strays(all-p.read, branches)
	return err
}

// payments reads the payments' rows.
func (p *prover) payments() error {
	more := ", '', 0"
	if p.modern {
		more = ", merchant, updated_at"
	}
	text := "SELECT payment, till, epoch, seq, order_ref, attempt, tender, status, amount, currency, fork, state" + more + " FROM payments ORDER BY payment"
	scan := func(row database.Scanner) (r reconcile.LedgerRow, err error) {
		var payment, epoch string
		err = row.Scan(&payment, &r.Till, &epoch, &r.Seq, &r.Order, &r.Attempt, &r.Tender, &r.Status, &r.Money.Amount, &r.Money.Currency, &r.Fork, &r.State,
			&r.Merchant, &r.UpdatedAt)
		if err != nil {
			return r, err
		}
		if r.Epoch, err = pos.ParseEpoch(epoch); err != nil {
			return r, err
		}
		r.ID, err = pos.ParsePaymentID(payment)
		return r, err
	}
	for r, err := range database.Each(p.ctx, p.db, scan, text) {
		if err != nil {
			return err
		}
		p.custody.Row(&r)
		p.ledger = append(p.ledger, r.Payment)
	}
	return nil
}

// given reads what tills have given back of others' payments.
func (p *prover) given() error {
	if !p.foreign {
		return nil
	}
	const text = `SELECT payment, till, of_till, epoch, seq, order_ref, attempt, tender, returned, at_acquirer, currency, fork, state FROM foreign_pages
		ORDER BY payment, till`
	scan := func(row database.Scanner) (r reconcile.ForeignRow, err error) {
		var payment, epoch string
		err = row.Scan(&payment, &r.Till, &r.Of, &epoch, &r.Seq, &r.Key.Order, &r.Key.Attempt, &r.Tender, &r.Returned.Amount, &r.Acquirer, &r.Returned.Currency,
			&r.Fork, &r.State)
		if err != nil {
			return r, err
		}
		if r.Epoch, err = pos.ParseEpoch(epoch); err != nil {
			return r, err
		}
		r.Payment, err = pos.ParsePaymentID(payment)
		return r, err
	}
	for r, err := range database.Each(p.ctx, p.db, scan, text) {
		if err != nil {
			return err
		}
		p.custody.Foreign(&r)
	}
	return nil
}

// keys reads the keys that tills' records have named.
func (p *prover) keys() error {
	if !p.foreign {
		return nil
	}
	type named struct {
		till   pos.TillID
		public []byte
	}
	scan := func(row database.Scanner) (n named, err error) { return n, row.Scan(&n.till, &n.public) }
	for n, err := range database.Each(p.ctx, p.db, scan, "SELECT till, public FROM till_keys ORDER BY till, public") {
		if err != nil {
			return err
		}
		p.custody.Key(n.till, n.public)
	}
	return nil
}

// exactly copies a value of fixed length.
func exactly(to, from []byte, what string) error {
	if len(from) != len(to) {
		return fmt.Errorf("the ledger is damaged: a %s of %d bytes", what, len(from))
	}
	copy(to, from)
	return nil
}

// orNone reads the id of a payment, if there is one.
func orNone(id *pos.PaymentID, from []byte) error {
	if from == nil {
		return nil
	}
	return exactly(id[:], from, "payment")
}
