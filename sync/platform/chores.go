package platform

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/work"
	"github.com/tillproof/tillproof/sync/wallet"
)

// slowRefund is the number of fruitless tries after which a refund becomes somebody's work. It is tried on and on all the same.
const slowRefund = 10

// chore writes into the list of work what a step of the wallet leaves for people, in the transaction of the step. Without a list nothing is written.
func (s taskStore) chore(ctx context.Context, tx *database.Tx, task *wallet.Task, results []wallet.Result) error {
	if s.work == nil {
		return nil
	}
	for i := range results {
		var err error
		switch r := &results[i]; {
		case task.Kind == wallet.Card:
			err = s.choreOfCard(ctx, tx, task, r)
		case r.Operation != "":
			err = s.choreOfRefund(ctx, tx, task, r)
		case r.Status == pos.Refunded:
			err = s.work.Settle(ctx, tx, s.item(task, work.RefundFailed, task.RefundID), work.GivenBack, "platform")
		}
		if err != nil {
			return err
		}
	}
	if task.Tries != slowRefund || task.Stage != wallet.Refunding && task.Stage != wallet.Returning {
		return nil
	}
	item := s.item(task, work.RefundFailed, task.RefundID)
	item.Reason, item.Text = "refund_slow", "The acquirer has not given the money back in many tries; it is asked on and on. Ask it by telephone: "+task.Text
	for _, r := range task.Refunds {
		if task.Stage == wallet.Returning && r.State == pos.OperationRequested {
			item.Ref, item.Money.Amount = refundName(r.Till, r.Key), r.Amount
			break
		}
	}
	_, err := s.work.Add(ctx, tx, item)
	return err
}

// item is what all items about a payment of the wallet have in common.
func (s taskStore) item(task *wallet.Task, kind work.Kind, ref string) work.Item {
	i := work.Item{Kind: kind, Till: task.Till, Merchant: task.Merchant, Payment: task.Payment, Ref: ref, Order: task.Order, Money: task.Amount}
	if i.Merchant == "" {
		i.Merchant = s.merchantOf(task.Till)
	}
	return i
}

// refundName tells the refunds of a payment apart.
func refundName(till pos.TillID, key pos.OperationKey) string {
	return string(till) + "/" + string(key)
}

// choreOfCard is what an acquirer's word on an offline approval leaves. One without a deadline is no word of the acquirer: nobody was asked.
func (s taskStore) choreOfCard(ctx context.Context, tx *database.Tx, task *wallet.Task, r *wallet.Result) error {
	item := s.item(task, work.ForwardDeclined, "")
	switch {
	case r.Status == pos.Captured:
		return s.work.Settle(ctx, tx, item, work.Collected, "platform")
	case r.Status == pos.WrittenOff:
		return s.work.Settle(ctx, tx, item, work.WrittenOff, "platform")
	case r.Deadline == 0:
		return nil
	}
	item.Reason, item.Text, item.Deadline, item.Tries = r.Code, r.Text, r.Deadline, task.Asks()
	item.TriesAllowed = item.Tries + r.TriesLeft
	if item.Text == "" {
		item.Text = "The issuer has refused an offline approval."
	}
	added, err := s.work.Add(ctx, tx, item)
	if err != nil || added {
		return err
	}
	return s.work.Tried(ctx, tx, item)
}

// choreOfRefund is what an acquirer's word on a refund leaves. What the platform itself refuses is the cashier's business alone.
func (s taskStore) choreOfRefund(ctx context.Context, tx *database.Tx, task *wallet.Task, r *wallet.Result) error {
	item := s.item(task, work.RefundFailed, refundName(r.Till, r.Operation))
	switch {
	case r.Status == pos.Refunded:
		return s.work.Settle(ctx, tx, item, work.GivenBack, "platform")
	case r.Code == "not_refundable" || r.Code == "refund_exceeds" || r.Code == "not_supported":
		return nil
	}
	item.Reason, item.Text = r.Code, "The acquirer refuses to give money back: "+r.Text
	for _, asked := range task.Refunds {
		if asked.Key == r.Operation && asked.Till == r.Till {
			item.Money.Amount = asked.Amount
		}
	}
	_, err := s.work.Add(ctx, tx, item)
	return err
}

// writtenOff closes the item of an offline approval that a supervisor at its till has written off.
func (c *Custody) writtenOff(ctx context.Context, tx *database.Tx, payment pos.PaymentID, till pos.TillID) error {
	if c.work == nil {
		return nil
	}
	return c.work.Settle(ctx, tx, work.Item{Kind: work.ForwardDeclined, Till: till, Payment: payment}, work.WrittenOff, "till")
}

// choreEvery is how often the wishes of other processes are looked for; those of this one are told at once.
const choreEvery = 2 * time.Second

// chores carries out what people wish of the list of work, until the context ends.
func (d *desk) chores(ctx context.Context) {
	wake := make(chan struct{}, 1)
	d.work.OnWish(func() {
		select {
		case wake <- struct{}{}:
		default:
		}
	})
	tick := time.NewTicker(choreEvery)
	defer tick.Stop()
	for {
		if err := d.grantWishes(ctx); err != nil && ctx.Err() == nil {
			d.opts.Log.Error("what people wish of the list of work waits for the ledger", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-tick.C:
		}
	}
}

// grantWishes tells the loop what people have asked for. A wish whose payment is another replica's is left to it.
func (d *desk) grantWishes(ctx context.Context) error {
	list, err := d.work.Wished(ctx)
	if err != nil {
		return err
	}
	for i := range list {
		if !d.leased(list[i].Till) {
			continue
		}
		refused, err := d.grantWish(ctx, &list[i])
		if errors.Is(err, wallet.ErrUnderWay) {
			continue
		}
		if err != nil {
			return err
		}
		if err := d.work.Granted(ctx, list[i].ID, refused); err != nil {
			return err
		}
	}
	return nil
}

// grantWish carries out one. The name of a retry is made of what the item has seen so far, so that a platform that dies on the way does not try twice.
func (d *desk) grantWish(ctx context.Context, i *work.Item) (refused string, err error) {
	switch {
	case i.Kind != work.ForwardDeclined:
		refused = "Nothing of this kind can be tried again."
	case i.State == work.Retrying:
		refused, err = d.loop.Retry(ctx, i.Payment, pos.OperationKey(fmt.Sprintf("office/%d", i.Tries)))
	default:
		refused, err = d.loop.WriteOff(ctx, i.Payment, "The back office ("+i.By+") gave it up: "+i.Note)
	}
	if errors.Is(err, wallet.ErrNoTask) {
		refused, err = "The platform does not collect this payment.", nil
	}
	return refused, err
}
