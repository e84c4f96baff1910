package platform

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/platform/database"
)

// Ledger reads a ledger, also while a platform writes it. It is safe for concurrent use.
type Ledger struct {
	db      *database.DB
	own     bool // whether db ends with this
	version int  // of the schema
}

// OpenLedger opens a ledger for reading only: the path of an SQLite file, or the address of a PostgreSQL database. It creates nothing.
func OpenLedger(address string) (*Ledger, error) {
	ctx := context.Background()
	db, err := database.OpenReader(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	l, err := newLedger(ctx, db)
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("ledger %s: %w", database.Name(address), err)
	}
	l.own = true
	return l, nil
}

// newLedger reads a ledger in a database that is open.
func newLedger(ctx context.Context, db *database.DB) (*Ledger, error) {
	version, err := schemaOf(ctx, db)
	if err != nil {
		return nil, err
	}
	if version < 1 || version > schemaVersion {
		return nil, fmt.Errorf("schema %d, this is %d", version, schemaVersion)
	}
	return &Ledger{db: db, version: version}, nil
}

// Close ends the use of the database.
func (l *Ledger) Close() error {
	if !l.own {
		return nil
	}
	return l.db.Close()
}

// Mark is how far the ledger holds an epoch of a till.
type Mark struct {
	Till      pos.TillID
	Head      record.Head
	UpdatedAt int64 // milliseconds since 1970-01-01 UTC
}

// StoredRecord is a row of records or forks. Raw and Signature are the till's own bytes.
type StoredRecord struct {
	Till       pos.TillID
	Head       record.Head // the place that the ledger gives it, and the hash of Raw
	Raw        []byte
	Signature  []byte // nil but for the last record of a batch
	Held       string // why it was set aside, "" when it was not
	ReceivedAt int64  // milliseconds since 1970-01-01 UTC
}

// PaymentRow is a row of ledger_v1.
type PaymentRow struct {
	Till    pos.TillID
	Epoch   pos.Epoch // of the record that changed the payment last
	Seq     pos.Seq   // of the record that changed the payment last
	Payment pos.PaymentID
	Key     pos.OrderKey
	Tender  pos.Tender
	Status  pos.Status
	Money   pos.Money // what was taken, else what was asked for
}

// Marks iterates over all epochs of all tills, in the order of till and epoch. An error ends it.
func (l *Ledger) Marks(ctx context.Context) iter.Seq2[Mark, error] {
	return database.Each(ctx, l.db, func(rows database.Scanner) (Mark, error) {
		var m Mark
		var epoch, head []byte
		if err := rows.Scan(&m.Till, &epoch, &m.Head.Seq, &head, &m.UpdatedAt); err != nil {
			return m, err
		}
		return m, errors.Join(blob(m.Head.Epoch[:], epoch, "epoch"), blob(m.Head.Hash[:], head, "head"))
	}, "SELECT till, epoch, seq, head, updated_at FROM marks ORDER BY till, epoch")
}

// Records iterates over the records that the marks go by, in the order of till, epoch and number. An error ends it.
func (l *Ledger) Records(ctx context.Context) iter.Seq2[StoredRecord, error] {
	const text = `SELECT till, epoch, records.id & 1099511627775, bytes, signature, coalesce(held, ''), received_at
		FROM marks JOIN records ON records.id BETWEEN marks.id << 40 AND (marks.id << 40) + marks.seq WHERE marks.id = ? ORDER BY records.id`
	return func(yield func(StoredRecord, error) bool) {
		marks, err := database.All(ctx, l.db, func(row database.Scanner) (id int64, err error) { return id, row.Scan(&id) },
			"SELECT id FROM marks ORDER BY till, epoch")
		if err != nil {
			yield(StoredRecord{}, err)
			return
		}
		for _, id := range marks {
			for r, err := range l.stored(ctx, text, id) {
				if !yield(r, err) || err != nil {
					return
				}
			}
		}
	}
}

// Forks iterates over the records of branches that lost, in the order of till, epoch, number and hash. An error ends it.
func (l *Ledger) Forks(ctx context.Context) iter.Seq2[StoredRecord, error] {
	return l.stored(ctx, `SELECT till, epoch, seq, bytes, signature, coalesce(held, ''), received_at FROM forks ORDER BY till, epoch, seq, hash`)
}

func (l *Ledger) stored(ctx context.Context, text string, args ...any) iter.Seq2[StoredRecord, error] {
	return database.Each(ctx, l.db, func(row database.Scanner) (StoredRecord, error) {
		var r StoredRecord
		var epoch []byte
		if err := row.Scan(&r.Till, &epoch, &r.Head.Seq, &r.Raw, &r.Signature, &r.Held, &r.ReceivedAt); err != nil {
			return r, err
		}
		r.Head.Hash = sha256.Sum256(r.Raw)
		return r, blob(r.Head.Epoch[:], epoch, "epoch")
	}, text, args...)
}

// Payments iterates over ledger_v1, in the order of payment ids and so of time. An error ends it.
func (l *Ledger) Payments(ctx context.Context) iter.Seq2[PaymentRow, error] {
	const text = "SELECT till, epoch, seq, payment, order_ref, attempt, tender, status, amount, currency FROM ledger_v1 ORDER BY payment"
	return database.Each(ctx, l.db, func(rows database.Scanner) (PaymentRow, error) {
		var p PaymentRow
		var epoch, payment string
		err := rows.Scan(&p.Till, &epoch, &p.Seq, &payment, &p.Key.Order, &p.Key.Attempt, &p.Tender, &p.Status, &p.Money.Amount, &p.Money.Currency)
		if err != nil {
			return p, err
		}
		if p.Epoch, err = pos.ParseEpoch(epoch); err != nil {
			return p, err
		}
		p.Payment, err = pos.ParsePaymentID(payment)
		return p, err
	}, text)
}

// ReturnRow is a row of returns_v1: what a till has given back of a payment that another till has taken.
type ReturnRow struct {
	Till    pos.TillID // that has given it back
	Of      pos.TillID // that has taken the payment
	Payment pos.PaymentID
	Key     pos.OrderKey
	Tender  pos.Tender // by which it was taken
	Epoch   pos.Epoch  // of the record of Till that changed it last
	Seq     pos.Seq
	Money   pos.Money // given back so far, 0 while it is under way

	Acquirer pos.Minor // of Money: through the acquirer that had taken it
}

// Returns iterates over returns_v1, in the order of payment and till. An error ends it. A ledger of an earlier version has none.
func (l *Ledger) Returns(ctx context.Context) iter.Seq2[ReturnRow, error] {
	if l.version < 3 {
		return func(func(ReturnRow, error) bool) {}
	}
	const text = "SELECT till, of_till, payment, order_ref, attempt, tender, epoch, seq, amount, at_acquirer, currency FROM returns_v1 ORDER BY payment, till"
	return database.Each(ctx, l.db, func(rows database.Scanner) (r ReturnRow, err error) {
		var payment, epoch string
		err = rows.Scan(&r.Till, &r.Of, &payment, &r.Key.Order, &r.Key.Attempt, &r.Tender, &epoch, &r.Seq, &r.Money.Amount, &r.Acquirer, &r.Money.Currency)
		if err != nil {
			return r, err
		}
		if r.Epoch, err = pos.ParseEpoch(epoch); err != nil {
			return r, err
		}
		r.Payment, err = pos.ParsePaymentID(payment)
		return r, err
	}, text)
}
