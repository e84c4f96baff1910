package platform

import (
	"context"
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/wire"
)

// tooLate answers a call that comes after its deadline (see [wire.Call.Late]). What was begun before is told as it stands; what was not is not begun any more: a
// payment is closed for good, an operation was never received, so that its till may call again.
func (d *desk) tooLate(ctx context.Context, a asker, call *wire.Call) error {
	d.opts.Log.Warn("a call came after its deadline and is not carried out", "till", call.Till, "op", call.Op, "payment", call.Payment.String(),
		"late_ms", a.at.UnixMilli()-call.SentAt)
	if call.Op == wire.OpRefund || call.Op == wire.OpCapture {
		what := pos.Refund
		if call.Op == wire.OpCapture {
			what = pos.Capture
		}
		op, err := d.tills.operation(call, what)
		if err != nil {
			return err
		}
		call.Operation = op.Key
		return d.operationQuery(ctx, a, call)
	}
	task, err := d.tills.order(call, a.at)
	if err != nil {
		return err
	}
	task.Merchant = a.topic.Merchant
	if err := d.loop.Refuse(ctx, task, "too_late", "The call came after its deadline; nothing was taken. Ask the customer for a new code."); err != nil {
		return err
	}
	st, _, err := d.store.standing(ctx, call.Payment)
	if err != nil {
		return err
	}
	if st.task.Till != call.Till {
		return fmt.Errorf("%w: till %s asks for a payment of another till", ErrForged, call.Till)
	}
	return d.reply(ctx, a, stageOf(call.Op, &st), &st)
}
