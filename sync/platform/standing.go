package platform

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/wallet"
	"github.com/tillproof/tillproof/sync/wire"
)

// standing is how a payment stands at one moment: its task, and its last result with that result's number, 0 when there is none.
type standing struct {
	task wallet.Task
	n    uint64
	last wallet.Result
}

// standing reads how a payment stands; false says that the wallet never heard of it.
func (s taskStore) standing(ctx context.Context, payment pos.PaymentID) (st standing, found bool, err error) {
	var state, outcome []byte
	const text = "SELECT state, coalesce(n, 0), outcome FROM tasks LEFT JOIN results ON results.payment = tasks.payment AND operation = '' " +
		"WHERE tasks.payment = ? ORDER BY coalesce(n, 0) DESC LIMIT 1"
	switch err := s.db.Row(ctx, text, payment.String()).Scan(&state, &st.n, &outcome); {
	case errors.Is(err, database.ErrNoRows):
		return st, false, nil
	case err != nil:
		return st, false, err
	}
	err = json.Unmarshal(state, &st.task)
	if err == nil && st.n > 0 {
		err = json.Unmarshal(outcome, &st.last)
	}
	return st, err == nil, err
}

// settled says whether no further result is to be expected soon: the payment has ended, and no money is on its way back.
func (st *standing) settled() bool {
	return st.task.Stage == wallet.Done || st.task.Stage == wallet.Watched || st.task.Stage == wallet.Returning
}

// shown says whether the last news is a QR for the customer: that is all an issue_qr asks for.
func (st *standing) shown() bool { return st.n > 0 && st.last.Status == pos.Pending }

// outcome is the standing in the words of the wire.
func (st *standing) outcome() *wire.Outcome {
	if st.n > 0 {
		o := outcomeOf(st.n, &st.last)
		if o.Status == pos.Pending {
			o.Text = st.task.Text
		}
		return o
	}
	return &wire.Outcome{Payment: st.task.Payment, Status: pos.Pending, Currency: st.task.Amount.Currency, Scheme: st.task.Scheme, Code: st.task.Code,
		Text: st.task.Text, ExpiresAt: st.task.Expires}
}

// outcomeOf is a result in the words of the wire. A QR that is shown has moved nothing.
func outcomeOf(n uint64, r *wallet.Result) *wire.Outcome {
	o := &wire.Outcome{Payment: r.Payment, N: n, Status: r.Status, Amount: r.Amount.Amount, Currency: r.Amount.Currency, Scheme: r.Scheme, Code: r.Code,
		Text: r.Text, Transaction: r.Transaction, QR: r.QR, ExpiresAt: r.ExpiresAt, Operation: r.Operation,
		TriesLeft: r.TriesLeft, Deadline: r.Deadline}
	if r.Status == pos.Pending {
		o.Amount = 0
	}
	return o
}

// replySize bounds the texts of one reply with results, in bytes: well below what a till reads.
const replySize = 64 << 10

// after lists the till's results behind a number, as many as one reply holds; more says that there are others.
func (s taskStore) after(ctx context.Context, till pos.TillID, n uint64) (list []wire.Outcome, more bool, err error) {
	list, err = database.All(ctx, s.db, func(row database.Scanner) (wire.Outcome, error) {
		o, err := scanOutcome(row)
		if err != nil {
			return wire.Outcome{}, err
		}
		return *o, nil
	}, "SELECT n, outcome FROM results WHERE till = ? AND n > ? ORDER BY n LIMIT ?", string(till), int64(n), wire.MaxResults+1)
	size := 0
	for i := range list {
		size += len(list[i].Text) + len(list[i].QR) + len(list[i].Code) + len(list[i].Transaction)
		if i == wire.MaxResults || i > 0 && size > replySize {
			return list[:i], true, err
		}
	}
	return list, false, err
}

// journalled is what the till's own records say of a payment, as far as they have come in; nil when they have not, or are another till's.
func (s taskStore) journalled(ctx context.Context, till pos.TillID, payment pos.PaymentID) (*view.Payment, error) {
	var owner pos.TillID
	var state []byte
	switch err := s.db.Row(ctx, "SELECT till, state FROM payments WHERE payment = ?", payment.String()).Scan(&owner, &state); {
	case errors.Is(err, database.ErrNoRows) || err == nil && owner != till:
		return nil, nil
	case err != nil:
		return nil, err
	}
	return s.states.decode(state)
}

// owner is the till whose records have begun a payment, "" while none have come in.
func (s taskStore) owner(ctx context.Context, payment pos.PaymentID) (owner pos.TillID, err error) {
	err = s.db.Row(ctx, "SELECT till FROM payments WHERE payment = ?", payment.String()).Scan(&owner)
	if errors.Is(err, database.ErrNoRows) {
		return "", nil
	}
	return owner, err
}

// wished lists the payments that journals call unwanted and the loop is not told of yet.
func (s taskStore) wished(ctx context.Context) ([]pos.PaymentID, error) {
	scan := func(row database.Scanner) (pos.PaymentID, error) {
		var payment string
		if err := row.Scan(&payment); err != nil {
			return pos.PaymentID{}, err
		}
		return pos.ParsePaymentID(payment)
	}
	if s.leases == nil {
		return database.All(ctx, s.db, scan, "SELECT payment FROM tasks WHERE wish = 1")
	}
	return database.All(ctx, s.db, scan, "SELECT payment FROM tasks WHERE wish = 1 AND part = ANY (?)", s.leases.List())
}

// granted notes that the loop was told.
func (s taskStore) granted(ctx context.Context, payment pos.PaymentID) error {
	return s.db.Transact(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE tasks SET wish = 2 WHERE payment = ?", payment.String())
		return err
	})
}
