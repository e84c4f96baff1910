package platform

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/wallet"
)

// errBegun says that a task stands in the table already that was to be begun: somebody else was first, and nothing was changed.
var errBegun = errors.New("the payment was begun already")

// prepareWallet prepares what the wallet's tables are asked and told.
func (c *Custody) prepareWallet(ctx context.Context) error {
	var failed error
	write := func(text string) *sql.Stmt {
		s, err := c.conn.PrepareContext(ctx, text)
		failed = errors.Join(failed, err)
		return s
	}
	read := func(text string) *sql.Stmt {
		s, err := c.db.PrepareContext(ctx, text)
		failed = errors.Join(failed, err)
		return s
	}
	q := &c.q
	q.addTask = write("INSERT INTO tasks (payment, till, acquirer, next, state) VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING")
	q.moveTask = write("UPDATE tasks SET next = ?, state = ? WHERE payment = ?")
	q.wish = write("UPDATE tasks SET wish = 1 WHERE payment = ? AND till = ? AND wish = 0")
	q.granted = write("UPDATE tasks SET wish = 2 WHERE payment = ?")
	q.lastResult = write("SELECT coalesce(max(n), 0) FROM results WHERE till = ?")
	q.addResult = write("INSERT INTO results (till, n, payment, operation, outcome, at) VALUES (?,?,?,?,?,?)")
	q.task = read("SELECT state FROM tasks WHERE payment = ?")
	q.due = read("SELECT payment, next FROM tasks WHERE next > 0 ORDER BY next LIMIT ?")
	q.wishes = read("SELECT payment FROM tasks WHERE wish = 1")
	q.owner = read("SELECT acquirer FROM tasks WHERE payment = ?")
	q.standing = read("SELECT state, coalesce(n, 0), outcome FROM tasks LEFT JOIN results ON results.payment = tasks.payment AND operation = '' " +
		"WHERE tasks.payment = ? ORDER BY n DESC LIMIT 1")
	q.resultsOf = read("SELECT outcome FROM results WHERE payment = ? ORDER BY n")
	q.resultsAfter = read("SELECT n, outcome FROM results WHERE till = ? AND n > ? ORDER BY n LIMIT ?")
	q.payment = read("SELECT till, state FROM payments WHERE payment = ?")
	c.prepareRefunds(write, read)
	return failed
}

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
	s.mu.Lock()
	defer s.mu.Unlock()
	err = s.transaction(ctx, func() error {
		var r sql.Result
		if begins(task, results) {
			r, err = s.q.addTask.ExecContext(ctx, task.Payment.String(), string(task.Till), owner, task.Next, state)
		} else {
			r, err = s.q.moveTask.ExecContext(ctx, task.Next, state, task.Payment.String())
		}
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n != 1 {
			return errors.Join(errBegun, err)
		}
		return s.append(ctx, task.Till, results)
	})
	if err != nil {
		return fmt.Errorf("wallet: payment %s: %w", task.Payment, err)
	}
	return nil
}

// begins says whether a task is committed for the first time: nothing has left, nobody has cancelled; or it ends as it begins.
func begins(task wallet.Task, results []wallet.Result) bool {
	return task.Stage == wallet.Accepted && !task.Stop || task.Kind == "" && len(results) > 0
}

// append numbers results behind the last one of the till that must hear of them: that of the payment, or who has asked for the refund, which it ends.
func (s taskStore) append(ctx context.Context, till pos.TillID, results []wallet.Result) error {
	for i := range results {
		r, to := &results[i], till
		if r.Operation != "" {
			to = r.Till
			if err := s.endRefund(ctx, r); err != nil {
				return err
			}
		}
		var n int64
		if err := s.q.lastResult.QueryRowContext(ctx, string(to)).Scan(&n); err != nil {
			return err
		}
		outcome, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if _, err := s.q.addResult.ExecContext(ctx, string(to), n+1, r.Payment.String(), string(r.Operation), outcome, r.At); err != nil {
			return err
		}
	}
	return nil
}

// Task implements [wallet.Store].
func (s taskStore) Task(ctx context.Context, payment pos.PaymentID) (task wallet.Task, found bool, err error) {
	var state []byte
	switch err := s.q.task.QueryRowContext(ctx, payment.String()).Scan(&state); {
	case errors.Is(err, sql.ErrNoRows):
		return task, false, nil
	case err != nil:
		return task, false, err
	}
	err = json.Unmarshal(state, &task)
	return task, err == nil, err
}

// Results implements [wallet.Store].
func (s taskStore) Results(ctx context.Context, payment pos.PaymentID) ([]wallet.Result, error) {
	return all(ctx, s.q.resultsOf, func(rows *sql.Rows) (r wallet.Result, err error) {
		var outcome []byte
		if err := rows.Scan(&outcome); err != nil {
			return r, err
		}
		return r, json.Unmarshal(outcome, &r)
	}, payment.String())
}

// Due implements [wallet.Store].
func (s taskStore) Due(ctx context.Context, limit int) ([]wallet.Due, error) {
	return all(ctx, s.q.due, func(rows *sql.Rows) (d wallet.Due, err error) {
		var payment string
		if err := rows.Scan(&payment, &d.Next); err != nil {
			return d, err
		}
		d.Payment, err = pos.ParsePaymentID(payment)
		return d, err
	}, limit)
}

// all reads every row of a query.
func all[T any](ctx context.Context, q *sql.Stmt, scan func(*sql.Rows) (T, error), args ...any) (list []T, err error) {
	rows, err := q.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}
