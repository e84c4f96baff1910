package platform

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/wallet"
	"github.com/tillproof/tillproof/sync/wire"
)

// carryOut makes durable what a call asks for and returns how its payment stands then. A call that comes again, as the same message or as
// another one for the same payment, changes nothing and finds the same. After an error it may have been made durable; it is not answered.
func (d *desk) carryOut(ctx context.Context, topic wire.Topic, call *wire.Call) (standing, error) {
	st, known, err := d.store.standing(ctx, call.Payment)
	if err != nil || known && st.task.Till != call.Till {
		return st, err // the caller refuses what belongs to another till
	}
	if !known {
		if owner, err := d.store.owner(ctx, call.Payment); err != nil || owner != "" && owner != call.Till {
			return standing{task: wallet.Task{Till: owner}}, err // closed for this one it would be closed to its own till too, and its money may be taken
		}
	}
	switch call.Op {
	case wire.OpAuthorise, wire.OpIssueQR:
		err = d.begin(ctx, topic, call)
	case wire.OpCancel:
		err = d.cancel(ctx, call, known)
	case wire.OpQuery:
		if known {
			return st, nil
		}
		own, reported, err := d.unreported(ctx, call)
		if !reported || err != nil {
			return own, err
		}
		if err := d.bury(ctx, call); err != nil {
			return st, err
		}
	default:
		return st, fmt.Errorf("%w: operation %q", ErrBroken, call.Op)
	}
	if err != nil {
		return st, err
	}
	if st, known, err = d.store.standing(ctx, call.Payment); err == nil && !known {
		err = fmt.Errorf("payment %s: begun, and not there", call.Payment)
	}
	return st, err
}

// begin begins a payment at the acquirer of its scheme. Without one it is declined, and one that its own journal has given up in the meantime is
// closed; both for good.
func (d *desk) begin(ctx context.Context, topic wire.Topic, call *wire.Call) error {
	task, err := d.tills.order(call, time.Now())
	if err != nil {
		return err
	}
	task.Merchant = topic.Merchant
	p, err := d.store.journalled(ctx, call.Till, call.Payment)
	switch {
	case err != nil:
		return err
	case p != nil && (p.Unwanted || !p.Status.Open()):
		return d.bury(ctx, call)
	case d.acquirers.route(task.Scheme) == "":
		return d.decline(ctx, task)
	}
	code := call.Code
	if len(call.Opaque) > 0 {
		if d.readable(call) != nil {
			return d.loop.Refuse(ctx, task, "opaque_unreadable", "The platform cannot open the card data: they were sealed to another key. Nothing was taken.")
		}
		code = string(call.Opaque) // lives where a customer's code lives
	}
	err = d.loop.Begin(ctx, task, code)
	switch {
	case errors.Is(err, wallet.ErrInvalid):
		return fmt.Errorf("%w: %w", ErrBroken, err)
	case errors.Is(err, wallet.ErrConflict) || errors.Is(err, errBegun):
		d.opts.Log.Warn("a payment was asked for again with other data; the first call counts", "payment", call.Payment.String(), "till", call.Till)
		return nil
	case err != nil:
		return err
	}
	return d.stillWanted(ctx, call)
}

// stillWanted looks at the journal once more when a payment has begun: its record that nobody wants it may have come in between, and would have found no
// task to tell.
func (d *desk) stillWanted(ctx context.Context, call *wire.Call) error {
	p, err := d.store.journalled(ctx, call.Till, call.Payment)
	if err != nil || p == nil || !p.Unwanted {
		return err
	}
	return d.loop.Cancel(ctx, call.Payment, true)
}

// cancel gives a payment up. One that never came is closed, so that it can never begin.
func (d *desk) cancel(ctx context.Context, call *wire.Call, known bool) error {
	if !known {
		if err := d.bury(ctx, call); err != nil {
			return err
		}
	}
	return d.loop.Cancel(ctx, call.Payment, call.Unwanted)
}

// bury closes a payment that the platform never saw. One that came in the meantime stays as it is.
func (d *desk) bury(ctx context.Context, call *wire.Call) error {
	err := d.loop.Tombstone(ctx, wallet.Task{Payment: call.Payment, Till: call.Till, Merchant: d.merchants.of(call.Till)})
	if errors.Is(err, errBegun) {
		return nil
	}
	return err
}

// decline refuses a payment that no acquirer takes. The refusal is a result like any other.
func (d *desk) decline(ctx context.Context, task wallet.Task) error {
	at := clock()
	task.Kind, task.Stage, task.Status, task.Began, task.Ended, task.Expires = "", wallet.Done, pos.Declined, at, at, 0
	task.Code = "not_supported"
	task.Text = fmt.Sprintf("No acquirer of this platform takes %q; nothing was taken.", task.Scheme)
	results := []wallet.Result{{Payment: task.Payment, Status: pos.Declined, Amount: pos.Money{Currency: task.Amount.Currency}, Scheme: task.Scheme,
		Code: task.Code, Text: task.Text, At: at}}
	err := d.store.commit(ctx, "", task, results)
	if errors.Is(err, errBegun) {
		return nil
	}
	if err == nil {
		d.notify(task, results)
	}
	return err
}

// unreported is the standing of a QR of the till's own whose money no acquirer here reports: it can be paid, so nobody may call it closed.
// Of everything else it says that it is reported.
func (d *desk) unreported(ctx context.Context, call *wire.Call) (st standing, reported bool, err error) {
	p, err := d.store.journalled(ctx, call.Till, call.Payment)
	if err != nil || p == nil || p.Intent.Source != record.FromTill || p.Presented == nil {
		return st, true, err
	}
	return standing{task: wallet.Task{Payment: call.Payment, Till: call.Till, Amount: p.Asked(), Scheme: p.Intent.Scheme,
		Expires: p.Presented.ExpiresAt, Stage: wallet.Waiting, Status: pos.Pending,
		Text: "No acquirer reports the money of this QR; the account's statement tells."}}, false, nil
}
