package platform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/wallet"
	"github.com/tillproof/tillproof/sync/wire"
)

// operation reads the operation that a call asks for. What and how much are those of the record in the till's journal, and nothing else's.
func (t *Tills) operation(call *wire.Call, what pos.OperationKind) (*record.Operation, error) {
	r, rest, err := t.records.Decode(call.Intent)
	if err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("%w: no operation record in the call: %w", ErrBroken, err)
	}
	body, err := t.records.Body(&r)
	op, ok := body.(*record.Operation)
	switch {
	case err != nil || !ok || op.Payment != call.Payment || op.What != what || op.Amount <= 0 || !op.Currency.Known():
		return nil, fmt.Errorf("%w: the record is not the operation of the call", ErrBroken)
	case r.Till != call.Till:
		return nil, fmt.Errorf("%w: an operation of till %s in a call of %s", ErrForged, r.Till, call.Till)
	}
	if _, err := pos.ParseOperationKey(string(op.Key)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	return op, nil
}

// giveBack carries out a call for a refund: decides, makes it durable, and answers how it stands. The same call again finds the same refund.
func (d *desk) giveBack(ctx context.Context, a asker, call *wire.Call) error {
	op, err := d.tills.operation(call, pos.Refund)
	if err != nil {
		return err
	}
	row, results, err := d.store.reserve(ctx, call.Till, op, d.sameShop(call.Till))
	switch {
	case errors.Is(err, errNotInCustody):
		return d.answerOperation(ctx, a, neverReceived(call.Payment, op.Key, "The platform does not hold the payment yet: its records come first, then ask again."))
	case err != nil:
		return err
	case row.money != pos.Money{Amount: op.Amount, Currency: op.Currency}:
		d.opts.Log.Warn("a refund was asked for again with another amount; the first one counts", "payment", call.Payment.String(), "till", call.Till, "operation", op.Key)
	case len(results) > 0:
		d.touchTill(call.Till)
	}
	if row.state == pos.OperationRequested {
		if err := d.pursue(ctx, row); err != nil {
			return err
		}
	}
	return d.operationStands(ctx, a, &row)
}

// pursue gives a refund that was reserved to the wallet's loop, which may know it already. One that the loop knows no payment for is refused.
func (d *desk) pursue(ctx context.Context, r refundRow) error {
	task, found, err := d.store.Task(ctx, r.payment)
	if err != nil || found && !d.custody.mine(task.Till) || !found && !d.custody.mine(r.till) {
		return err // another replica's loop finds it in the table
	}
	err = d.loop.Refund(ctx, r.payment, wallet.Refund{Key: r.key, Till: r.till, Amount: r.money.Amount})
	if !errors.Is(err, wallet.ErrNoTask) {
		return err
	}
	result := wallet.Result{Payment: r.payment, Operation: r.key, Till: r.till, Status: pos.Declined, Amount: pos.Money{Currency: r.money.Currency},
		Code: "not_supported", Text: "No acquirer of this platform has taken the payment: give the money back as it came.", At: clock()}
	if err := d.store.tellOnly(ctx, result); err != nil {
		return err
	}
	d.touchTill(r.till)
	return nil
}

// tellOnly commits a result without a task.
func (s taskStore) tellOnly(ctx context.Context, r wallet.Result) error {
	return s.db.Transact(ctx, func(tx *database.Tx) error {
		if err := s.guard(ctx, tx, r.Till); err != nil {
			return err
		}
		return s.append(ctx, tx, r.Till, []wallet.Result{r})
	})
}

// resume gives the refunds that a dead platform had reserved to the loop again.
func (d *desk) resume(ctx context.Context) error {
	rows, err := database.All(ctx, d.store.db, scanRefund, refundColumns+"WHERE state = 'requested'")
	if err != nil {
		return err
	}
	for _, r := range rows {
		if err := d.pursue(ctx, r); err != nil && !errors.Is(err, wallet.ErrConflict) {
			return err
		}
	}
	return nil
}

// operationStands answers with the result of an operation, or that it is under way.
func (d *desk) operationStands(ctx context.Context, a asker, r *refundRow) error {
	o := &wire.Outcome{Payment: r.payment, Operation: r.key, Status: pos.Pending, Currency: r.money.Currency, Text: "It is under way."}
	told, found, err := d.store.result(ctx, r.payment, r.till, r.key)
	if err != nil {
		return err
	}
	if found {
		o = told
	}
	return d.answerOperation(ctx, a, o)
}

// result reads what a till was told of an operation; false when it has no outcome yet.
func (s taskStore) result(ctx context.Context, payment pos.PaymentID, till pos.TillID, key pos.OperationKey) (*wire.Outcome, bool, error) {
	const text = "SELECT n, outcome FROM results WHERE payment = ? AND till = ? AND operation = ? ORDER BY n LIMIT 1"
	return database.One(s.db.Row(ctx, text, payment.String(), string(till), string(key)), scanOutcome)
}

// scanOutcome reads a numbered result.
func scanOutcome(row database.Scanner) (*wire.Outcome, error) {
	var n uint64
	var raw []byte
	var r wallet.Result
	if err := row.Scan(&n, &raw); err != nil {
		return nil, err
	}
	err := json.Unmarshal(raw, &r)
	return outcomeOf(n, &r), err
}

func (d *desk) answerOperation(ctx context.Context, a asker, o *wire.Outcome) error {
	stage := wire.Final
	if o.Status == pos.Pending {
		stage = wire.Accepted
	}
	d.sent(a, d.send(ctx, a, wire.Reply{Stage: stage, Outcome: o}))
	return nil
}

// neverReceived says that nothing is known and nothing was decided: to call again is safe.
func neverReceived(payment pos.PaymentID, key pos.OperationKey, text string) *wire.Outcome {
	return &wire.Outcome{Payment: payment, Operation: key, Status: pos.Cancelled, Code: "never_received", Text: text}
}

// operationQuery answers how an operation stands that this till has asked for.
func (d *desk) operationQuery(ctx context.Context, a asker, call *wire.Call) error {
	_, known, err := d.store.result(ctx, call.Payment, call.Till, call.Operation)
	if err != nil {
		return err
	}
	rows, err := database.All(ctx, d.store.db, scanRefund, refundColumns+"WHERE payment = ?", call.Payment.String())
	if err != nil {
		return err
	}
	task, _, err := d.store.Task(ctx, call.Payment)
	if err != nil {
		return err
	}
	known = known || slices.ContainsFunc(rows, func(r refundRow) bool { return r.till == call.Till && r.key == call.Operation }) ||
		slices.ContainsFunc(task.Captures, func(c wallet.Capture) bool { return task.Till == call.Till && c.Key == call.Operation })
	if !known {
		return d.answerOperation(ctx, a, neverReceived(call.Payment, call.Operation, "The platform has never seen this operation: call again with its record."))
	}
	return d.operationStands(ctx, a, &refundRow{payment: call.Payment, till: call.Till, key: call.Operation, money: pos.Money{Currency: task.Amount.Currency}})
}

// capture carries out a call for the money of an offline approval that was refused. The same call again finds the same try.
func (d *desk) capture(ctx context.Context, a asker, call *wire.Call) error {
	op, err := d.tills.operation(call, pos.Capture)
	if err != nil {
		return err
	}
	task, found, err := d.store.Task(ctx, call.Payment)
	switch {
	case err != nil:
		return err
	case found && task.Till != call.Till:
		return fmt.Errorf("%w: till %s captures a payment of another till", ErrForged, call.Till)
	}
	err = d.loop.Capture(ctx, call.Payment, op.Key)
	if errors.Is(err, wallet.ErrNoTask) {
		err = d.notCollected(ctx, call, op)
	}
	if err != nil {
		return err
	}
	return d.operationStands(ctx, a, &refundRow{payment: call.Payment, till: call.Till, key: op.Key, money: task.Amount})
}

// notCollected refuses a capture of a payment that no acquirer of this platform collects, once.
func (d *desk) notCollected(ctx context.Context, call *wire.Call, op *record.Operation) error {
	_, found, err := d.store.result(ctx, call.Payment, call.Till, op.Key)
	if err != nil || found {
		return err
	}
	d.touchTill(call.Till)
	return d.store.tellOnly(ctx, wallet.Result{Payment: call.Payment, Operation: op.Key, Till: call.Till, Status: pos.ForwardDeclined,
		Amount: pos.Money{Currency: op.Currency}, Code: "not_supported", Text: "The platform does not collect this payment: ask the card terminal's acquirer.", At: clock()})
}

// sameShop says which other tills' payments a till may be told of and give back: those of its own merchant.
func (d *desk) sameShop(till pos.TillID) func(pos.TillID) bool {
	return func(other pos.TillID) bool {
		mine := d.merchants.of(till)
		return mine != "" && d.merchants.of(other) == mine
	}
}

// foreignQuery tells of a payment that another till of the merchant may have taken. It closes nothing.
func (d *desk) foreignQuery(ctx context.Context, a asker, call *wire.Call) error {
	o, err := d.store.foreign(ctx, call.Payment, call.Till, d.sameShop(call.Till))
	if errors.Is(err, errNotInCustody) {
		o, err = neverReceived(call.Payment, "", "No till of this merchant has brought such a payment to the platform."), nil
	}
	if err != nil {
		return err
	}
	return d.answerOperation(ctx, a, o)
}

// foreign describes a payment to another till of its merchant.
func (s taskStore) foreign(ctx context.Context, payment pos.PaymentID, till pos.TillID, mine func(pos.TillID) bool) (o *wire.Outcome, err error) {
	err = s.db.Transact(ctx, func(tx *database.Tx) error {
		p, owner, rows, err := s.books(ctx, tx, payment)
		if err != nil {
			return err
		}
		if p == nil || owner != till && !mine(owner) {
			return errNotInCustody
		}
		o = &wire.Outcome{Payment: payment, Status: p.Status, Amount: p.Intent.Amount, Currency: p.Intent.Currency, Scheme: p.Intent.Scheme, Text: p.Reason.Text}
		if p.Decision != nil {
			o.Amount = p.Decision.Amount
		}
		o.Of = &wire.Foreign{Till: owner, Order: p.Intent.Order, Attempt: p.Intent.Attempt, Tender: p.Intent.Tender, Amount: o.Amount}
		if !p.Unwanted && p.Status.Taken() {
			o.Of.Returnable = min(o.Amount, left(p, owner, rows, till, ""))
		}
		return nil
	})
	return o, err
}
