package platform

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/wallet"
	"github.com/tillproof/tillproof/sync/wire"
)

// VerifyCall reads a message of up/call that came in under a till's name: till of the topic = of the call = owner of the key, else it fails with
// [ErrForged]; what the till's key has not signed as it stands fails with [ErrBroken]. Neither is answered, and nothing was done.
func (t *Tills) VerifyCall(from pos.TillID, message []byte) (*wire.Call, error) {
	keys, known := t.book.Keys(from)
	if !known {
		t.book.Miss()
		return nil, fmt.Errorf("%w: till %s is not enrolled", ErrForged, from)
	}
	call, err := t.wire.OpenCall(message, keys)
	switch {
	case errors.Is(err, cose.ErrUnknownKey):
		return nil, fmt.Errorf("%w: %w", ErrForged, err)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrBroken, err)
	case call.Till != from:
		return nil, fmt.Errorf("%w: a call of till %s under the name of %s", ErrForged, call.Till, from)
	}
	by, err := cose.SignedBy(message)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	return call, t.answers(from, by)
}

// order reads what a payment call asks for. Amount, currency and order are those of the intent record in the till's journal, and nothing else's.
func (t *Tills) order(call *wire.Call, now time.Time) (wallet.Task, error) {
	r, rest, err := t.records.Decode(call.Intent)
	if err != nil || len(rest) > 0 {
		return wallet.Task{}, fmt.Errorf("%w: no intent record in the call: %w", ErrBroken, err)
	}
	body, err := t.records.Body(&r)
	intent, ok := body.(*record.Intent)
	tender, source, kind := pos.Code, record.Source(""), wallet.Code
	byCard := len(call.Opaque) > 0
	switch {
	case call.Op == wire.OpIssueQR:
		tender, source, kind = pos.QR, record.FromPlatform, wallet.QR
	case byCard:
		tender = pos.Card
	}
	switch {
	case ok && byCard != intent.ByReader() || byCard != (call.Scheme == record.CardReader):
		return wallet.Task{}, fmt.Errorf("%w: a card in a call that is for none, or none where one belongs", ErrBroken)
	case err != nil || !ok || intent.Payment != call.Payment || intent.Tender != tender || intent.Source != source:
		return wallet.Task{}, fmt.Errorf("%w: the intent is not that of the call", ErrBroken)
	case r.Till != call.Till:
		return wallet.Task{}, fmt.Errorf("%w: an intent of till %s in a call of %s", ErrForged, r.Till, call.Till)
	}
	task := wallet.Task{Payment: intent.Payment, Till: call.Till, Order: intent.Order, Kind: kind, Scheme: call.Scheme,
		Amount: pos.Money{Amount: intent.Amount, Currency: intent.Currency}}
	if kind == wallet.QR {
		task.Scheme = intent.Scheme
	}
	if call.DeadlineMS > 0 {
		task.Expires = now.UnixMilli() + call.DeadlineMS
	}
	return task, nil
}

// answer takes calls one after another until the context ends.
func (d *desk) answer(ctx context.Context, in <-chan letter) {
	for {
		select {
		case <-ctx.Done():
			return
		case l := <-in:
			if !d.leased(l.topic.Till) {
				continue
			}
			if err := d.take(ctx, l); err != nil && ctx.Err() == nil {
				d.meter.refused(err)
				d.refuse(l, err)
			}
		}
	}
}

// take carries out one call and answers it. After an error there is no answer.
func (d *desk) take(ctx context.Context, l letter) error {
	call, err := d.tills.VerifyCall(l.topic.Till, l.message)
	if err != nil {
		return err
	}
	a := asker{topic: l.topic, op: call.Op, id: call.ID, hash: wire.CallHash(l.message), at: time.Now()}
	switch {
	case call.Op == wire.OpCapture && len(call.Opaque) > 0:
		return d.forwardCard(ctx, a, call) // however late: it is taken over once, and the till keeps its own until there is an answer
	case call.Late(a.at):
		return d.tooLate(ctx, a, call)
	case call.Op == wire.OpTime:
		d.sent(a, d.send(ctx, a, wire.Reply{Stage: wire.Final}))
		return nil
	case call.Op == wire.OpResults:
		return d.results(ctx, a, call)
	case call.Op == wire.OpKeys:
		return d.keysCall(ctx, a, call)
	case call.Op == wire.OpRefund:
		return d.giveBack(ctx, a, call)
	case call.Op == wire.OpCapture:
		return d.capture(ctx, a, call)
	case call.Op == wire.OpQuery && call.Operation != "":
		return d.operationQuery(ctx, a, call)
	case call.Op == wire.OpQuery && call.Foreign:
		return d.foreignQuery(ctx, a, call)
	}
	st, err := d.carryOut(ctx, a.topic, call)
	if err != nil {
		return err
	}
	if st.task.Till != call.Till {
		return fmt.Errorf("%w: till %s asks for a payment of another till", ErrForged, call.Till)
	}
	d.sent(a, d.reply(ctx, a, stageOf(call.Op, &st), &st))
	if !st.settled() {
		a.heard(&st)
		d.asked.remember(call.Payment, a)
		d.touch(call.Payment, false) // something may have happened before it was remembered
	}
	return nil
}

// stageOf says whether a standing ends a call.
func stageOf(op wire.Op, st *standing) wire.Stage {
	if st.settled() || op != wire.OpCancel && st.shown() {
		return wire.Final
	}
	return wire.Accepted
}

// reply signs and sends how a payment stands.
func (d *desk) reply(ctx context.Context, a asker, stage wire.Stage, st *standing) error {
	return d.send(ctx, a, wire.Reply{Stage: stage, Outcome: st.outcome()})
}

// results answers with what lies behind the last result that the till knows.
func (d *desk) results(ctx context.Context, a asker, call *wire.Call) error {
	if err := d.store.raise(ctx, call.Till, call.After); err != nil {
		return err
	}
	list, more, err := d.store.after(ctx, call.Till, call.After)
	if err != nil {
		return err
	}
	d.sent(a, d.send(ctx, a, wire.Reply{Stage: wire.Final, Results: list, More: more}))
	return nil
}

// sent counts a call that was carried out, whether or not its answer could leave.
func (d *desk) sent(a asker, err error) {
	d.count(func(c *Counts) { c.Calls++ })
	d.meter.answered(a.op, err)
	if err != nil {
		d.opts.Log.Info("an answer was not sent; the till will ask again", "till", a.topic.Till, "error", err)
	}
}

func (d *desk) send(ctx context.Context, a asker, r wire.Reply) error {
	r.ID, r.CallHash, r.At = a.id, a.hash, clock()
	message, err := d.codec.SealReply(&r, d.signer)
	if err != nil {
		return err
	}
	return d.publish(ctx, a.topic.On(wire.DownReply), message)
}
