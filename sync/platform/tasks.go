package platform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/wallet"
	"github.com/tillproof/tillproof/sync/wire"
)

// errBegun says that a task stands in the table already that was to be begun: somebody else was first, and nothing was changed.
var errBegun = errors.New("the payment was begun already")

// addTask begins a task; one that is there already stays as it is.
const addTask = "INSERT INTO tasks (payment, till, part, acquirer, next, state) VALUES (?,?,?,?,?,?) ON CONFLICT DO NOTHING"

// taskStore implements [wallet.Store] in the ledger's database. Its commits are small transactions between those of the intake; its readers
// wait for neither.
type taskStore struct{ *Custody }

var _ wallet.Store = taskStore{}

// Commit implements [wallet.Store]. A new task goes to the acquirer that takes its scheme now and stays with it, so that a changed
// configuration never asks one acquirer about another one's money.
func (s taskStore) Commit(ctx context.Context, task wallet.Task, results []wallet.Result) error {
	owner := ""
	if s.route != nil && task.Stage == wallet.Accepted {
		owner = s.route(task.Scheme)
	}
	return s.commit(ctx, owner, task, results)
}

func (s taskStore) commit(ctx context.Context, owner string, task wallet.Task, results []wallet.Result) error {
	state, err := json.Marshal(task)
	if err != nil {
		return err
	}
	err = s.db.Transact(ctx, func(tx *database.Tx) error {
		if err := s.guard(ctx, tx, task.Till); err != nil {
			return err
		}
		n, err := s.put(ctx, tx, &task, owner, state, begins(task, results))
		if err != nil || n != 1 {
			return errors.Join(errBegun, err)
		}
		if err := s.append(ctx, tx, task.Till, results); err != nil {
			return err
		}
		return errors.Join(s.chore(ctx, tx, &task, results), s.eraseOpaque(ctx, tx, &task))
	})
	if err != nil {
		return fmt.Errorf("wallet: payment %s: %w", task.Payment, err)
	}
	return nil
}

// put writes one task and returns 1, or 0 when it was begun already or never, or has changed since it was read. Who begins one locks the payment, as the intake does that brings records of it.
func (s taskStore) put(ctx context.Context, tx *database.Tx, task *wallet.Task, owner string, state []byte, begin bool) (n int64, err error) {
	const change = "UPDATE tasks SET next = ?, state = ? WHERE payment = ?"
	switch {
	case !begin && task.Seen != nil:
		return tx.Exec(ctx, change+" AND state = ?", task.Next, state, task.Payment.String(), task.Seen)
	case !begin:
		return tx.Exec(ctx, change, task.Next, state, task.Payment.String())
	}
	if err := tx.Lock(ctx, paymentLock(task.Payment)); err != nil {
		return 0, err
	}
	return tx.Exec(ctx, addTask, task.Payment.String(), string(task.Till), wire.Partition(task.Till), owner, task.Next, state)
}

// begins says whether a task is committed for the first time: nothing has left, nobody has cancelled; or it ends as it begins.
func begins(task wallet.Task, results []wallet.Result) bool {
	return task.Stage == wallet.Accepted && !task.Stop || task.Kind == "" && len(results) > 0
}

// append numbers results behind the last one of the till that must hear of them: that of the payment, or who has asked for the refund, which it ends.
func (s taskStore) append(ctx context.Context, tx *database.Tx, till pos.TillID, results []wallet.Result) error {
	for i := range results {
		r, to := &results[i], till
		if r.Operation != "" {
			to = r.Till
			if err := endRefund(ctx, tx, r); err != nil {
				return err
			}
		}
		if err := tx.Lock(ctx, "results/"+string(to)); err != nil {
			return err
		}
		n, err := lastResult(ctx, tx, to)
		if err != nil {
			return err
		}
		outcome, err := json.Marshal(r)
		if err != nil {
			return err
		}
		const add = "INSERT INTO results (till, n, payment, operation, outcome, at) VALUES (?,?,?,?,?,?)"
		if _, err := tx.Exec(ctx, add, string(to), n+1, r.Payment.String(), string(r.Operation), outcome, r.At); err != nil {
			return err
		}
	}
	return nil
}

// rower reads one row: a [database.DB], or a [database.Tx].
type rower interface {
	Row(ctx context.Context, text string, args ...any) database.Scanner
}

// lastResult is the number of the last result that a till is to hear of, or has heard of from a ledger that this one was restored over.
func lastResult(ctx context.Context, q rower, till pos.TillID) (n int64, err error) {
	const text = "SELECT coalesce(max(n), 0) FROM (SELECT max(n) AS n FROM results WHERE till = ? UNION ALL SELECT n FROM result_floors WHERE till = ?) AS given"
	return n, q.Row(ctx, text, string(till), string(till)).Scan(&n)
}

// Task implements [wallet.Store].
func (s taskStore) Task(ctx context.Context, payment pos.PaymentID) (task wallet.Task, found bool, err error) {
	return database.One(s.db.Row(ctx, "SELECT state FROM tasks WHERE payment = ?", payment.String()), readTask)
}

// readTask reads a task with the form that it is stored in: a replica that lost the till for a while and got it back must not write over what another one has
// done meanwhile.
func readTask(row database.Scanner) (task wallet.Task, err error) {
	var text []byte
	if err = row.Scan(&text); err == nil {
		err = json.Unmarshal(text, &task)
	}
	task.Seen = text
	return task, err
}

// fromJSON reads a row of one column.
func fromJSON[T any](row database.Scanner) (v T, err error) {
	var text []byte
	if err := row.Scan(&text); err != nil {
		return v, err
	}
	return v, json.Unmarshal(text, &v)
}

// Results implements [wallet.Store].
func (s taskStore) Results(ctx context.Context, payment pos.PaymentID) ([]wallet.Result, error) {
	return database.All(ctx, s.db, fromJSON[wallet.Result], "SELECT outcome FROM results WHERE payment = ? ORDER BY n", payment.String())
}

// Due implements [wallet.Store].
func (s taskStore) Due(ctx context.Context, limit int) ([]wallet.Due, error) {
	if s.leases == nil {
		return database.All(ctx, s.db, scanDue, "SELECT payment, next FROM tasks WHERE next > 0 ORDER BY next LIMIT ?", limit)
	}
	return database.All(ctx, s.db, scanDue, "SELECT payment, next FROM tasks WHERE next > 0 AND part = ANY (?) ORDER BY next LIMIT ?", s.leases.List(), limit)
}

func scanDue(row database.Scanner) (d wallet.Due, err error) {
	var payment string
	if err := row.Scan(&payment, &d.Next); err != nil {
		return d, err
	}
	d.Payment, err = pos.ParsePaymentID(payment)
	return d, err
}
