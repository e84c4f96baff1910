package platform

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/wallet"
)

// Results are numbered for each till without gaps, and a till takes the next number only. A ledger that was restored from a backup has forgotten the last
// numbers that it gave: it would give them again, for other results, and the till would pass them over as old news. So it learns from the till which numbers
// are gone. A call for results tells the last one: new results begin behind it (the floor). And the till's own records, which come again after a restore,
// tell under which number it has journalled what: a result that has got such a number meanwhile is given a new one.

// schemaFloors makes the table of the lowest numbers that may not be given any more.
const schemaFloors = `CREATE TABLE IF NOT EXISTS result_floors (till TEXT NOT NULL PRIMARY KEY, n BIGINT NOT NULL);`

// mostResults bounds what a till may tell of its results' numbers: more than a platform gives in a thousand years. What is above raises nothing. Counted on
// from there the numbers would run over, and no result and no record of that till could be written any more, nor those of tills in the same transaction.
const mostResults = 1 << 40

// raise lets the numbers of a till's results begin behind one that the till knows already.
func (s taskStore) raise(ctx context.Context, till pos.TillID, n uint64) error {
	if n == 0 || n > mostResults {
		return nil
	}
	if last, err := lastResult(ctx, s.db, till); err != nil || uint64(last) >= n {
		return err
	}
	return s.db.Transact(ctx, func(tx *database.Tx) error {
		if err := tx.Lock(ctx, "results/"+string(till)); err != nil {
			return err
		}
		return raiseTo(ctx, tx, till, n)
	})
}

// raiseTo is raise within a transaction that holds the lock of the till's results.
func raiseTo(ctx context.Context, tx *database.Tx, till pos.TillID, n uint64) error {
	if n > mostResults {
		return nil
	}
	last, err := lastResult(ctx, tx, till)
	if err != nil || uint64(last) >= n {
		return err
	}
	_, err = tx.Exec(ctx, "INSERT INTO result_floors (till, n) VALUES (?,?) ON CONFLICT (till) DO UPDATE SET n = excluded.n", string(till), int64(n))
	return err
}

// told is a result as a till's own record tells of it.
type told struct {
	till    pos.TillID
	n       uint64
	payment pos.PaymentID // zero when the till does not know it
	status  pos.Status    // "" when the record only keeps the count
}

// toldBy reads what a record tells of the platform's results.
func toldBy(till pos.TillID, body record.Body) (t told, ok bool) {
	switch b := body.(type) {
	case *record.Presented:
		return told{till, b.N, b.Payment, pos.Pending}, b.N > 0
	case *record.PlatformResult:
		t = told{till: till, n: b.N, payment: b.Payment}
		if b.Decision != nil {
			t.status = b.Decision.Status
		}
		return t, b.N > 0
	}
	return t, false
}

// is says whether a result may be the one that the till's record tells of.
func (t *told) is(r *wallet.Result) bool {
	return (t.payment.IsZero() || t.payment == r.Payment) && (t.status == "" || t.status == r.Status)
}

// recount compares the numbers that tills have journalled with those of the ledger, in the transaction of the records.
func (s *sitting) recount() error {
	slices.SortStableFunc(s.told, func(a, b told) int { return strings.Compare(string(a.till), string(b.till)) })
	for i := range s.told {
		t := &s.told[i]
		if i == 0 || s.told[i-1].till != t.till {
			if err := s.tx.Lock(s.ctx, "results/"+string(t.till)); err != nil {
				return err
			}
		}
		if err := s.recountOne(t); err != nil {
			return err
		}
	}
	return nil
}

// recountOne gives a result another number when the till has journalled something else under its own.
func (s *sitting) recountOne(t *told) error {
	row := s.tx.Row(s.ctx, "SELECT outcome FROM results WHERE till = ? AND n = ?", string(t.till), int64(t.n))
	r, err := fromJSON[wallet.Result](row)
	switch {
	case errors.Is(err, database.ErrNoRows):
		return raiseTo(s.ctx, s.tx, t.till, t.n)
	case err != nil || t.is(&r):
		return err
	}
	last, err := lastResult(s.ctx, s.tx, t.till)
	if err != nil {
		return err
	}
	_, err = s.tx.Exec(s.ctx, "UPDATE results SET n = ? WHERE till = ? AND n = ?", last+1, string(t.till), int64(t.n))
	return err
}
