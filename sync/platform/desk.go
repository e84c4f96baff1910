package platform

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/mqtt"
	"github.com/tillproof/tillproof/sync/wallet"
	"github.com/tillproof/tillproof/sync/wire"
)

// The sizes of the way of a call. What finds a queue full is dropped: its till hears nothing, takes the payment for unknown, and asks.
const (
	callLanes = 4  // calls of different tills at the same time; those of one till are taken in their order
	callQueue = 64 // calls that wait in a lane
)

// desk answers the tills' calls: it makes what they ask for durable, lets the wallet's loop carry it out, and tells them what comes of it.
type desk struct {
	*intake
	store taskStore
	loop  *wallet.Loop
	asked *asked

	mu    sync.Mutex
	fresh map[pos.PaymentID]bool // to be told of: true when there are new results, false when only the words have changed
	heirs map[pos.TillID]bool    // tills that wait for the result of a refund
	wake  chan struct{}
}

func newDesk(i *intake) *desk {
	d := &desk{intake: i, store: taskStore{i.custody}, asked: newAsked(),
		fresh: map[pos.PaymentID]bool{}, heirs: map[pos.TillID]bool{}, wake: make(chan struct{}, 1)}
	d.loop = wallet.New(i.acquirers, d.store, wallet.Options{Settings: i.config.Wallet.settings(), Log: i.opts.Log, Notify: d.notify})
	return d
}

// run works until the context ends.
func (d *desk) run(ctx context.Context) {
	var group sync.WaitGroup
	for n := range d.calls {
		group.Go(func() { d.answer(ctx, d.calls[n]) })
	}
	group.Go(func() { d.tell(ctx) })
	group.Go(func() { d.follow(ctx) })
	group.Go(func() { d.chores(ctx) })
	group.Go(func() { d.messages.Run(ctx, d.opts.Log) })
	group.Go(func() { _ = d.loop.Run(ctx) }) // it ends with the context, and never with an error
	group.Wait()
}

// notify is called by the loop after a commit, and must not block.
func (d *desk) notify(task wallet.Task, results []wallet.Result) {
	ofPayment := false
	for i := range results {
		if results[i].Operation != "" {
			d.touchTill(results[i].Till)
		} else {
			ofPayment = true
		}
	}
	d.touch(task.Payment, ofPayment)
}

// touchTill has a till told that there are results of its refunds.
func (d *desk) touchTill(till pos.TillID) {
	d.mu.Lock()
	d.heirs[till] = true
	d.mu.Unlock()
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// touch has a payment looked at by tell.
func (d *desk) touch(payment pos.PaymentID, results bool) {
	d.mu.Lock()
	d.fresh[payment] = d.fresh[payment] || results
	d.mu.Unlock()
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// touched empties the lists of payments and tills to be told of.
func (d *desk) touched() (map[pos.PaymentID]bool, map[pos.TillID]bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	list, tills := d.fresh, d.heirs
	d.fresh, d.heirs = map[pos.PaymentID]bool{}, map[pos.TillID]bool{}
	return list, tills
}

// tell sends news to the tills until the context ends. What cannot be sent or read is left to the tills, which ask for results anyway.
func (d *desk) tell(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.wake:
		}
		payments, tills := d.touched()
		for payment, results := range payments {
			if err := d.tellOf(ctx, payment, results); err != nil && ctx.Err() == nil {
				d.opts.Log.Info("news of a payment was not sent; the till will ask for it", "payment", payment.String(), "error", err)
			}
		}
		for till := range tills {
			if err := d.tellTill(ctx, till); err != nil && ctx.Err() == nil {
				d.opts.Log.Info("news of a refund was not sent; the till will ask for it", "till", till, "error", err)
			}
		}
	}
}

// tellOf answers those who asked for a payment, as far as there is something that they have not heard, and hints at new results.
func (d *desk) tellOf(ctx context.Context, payment pos.PaymentID, results bool) error {
	st, found, err := d.store.standing(ctx, payment)
	if err != nil || !found {
		return err
	}
	for _, a := range d.asked.news(payment, &st) {
		if err := d.reply(ctx, a, stageOf(a.op, &st), &st); err != nil {
			return err
		}
	}
	if !results || st.n == 0 {
		return nil
	}
	merchant := st.task.Merchant
	if merchant == "" {
		merchant = d.merchants.of(st.task.Till)
	}
	return d.hint(ctx, merchant, st.task.Till, st.n)
}

// tellTill hints at a till's results.
func (d *desk) tellTill(ctx context.Context, till pos.TillID) error {
	n, err := lastResult(ctx, d.store.db, till)
	if err != nil {
		return err
	}
	return d.hint(ctx, d.merchants.of(till), till, uint64(n))
}

// hint tells a till up to which number there are results.
func (d *desk) hint(ctx context.Context, merchant pos.MerchantID, till pos.TillID, n uint64) error {
	message, err := d.codec.SealEvent(&wire.Event{Till: till, N: n}, d.signer)
	if err != nil {
		return err
	}
	return d.publish(ctx, wire.Topic{Merchant: merchant, Till: till}.On(wire.DownEvent), message)
}

func (d *desk) publish(ctx context.Context, topic string, message []byte) error {
	conn := d.conn.Load()
	if conn == nil {
		return mqtt.ErrClosed
	}
	return conn.Publish(ctx, topic, message)
}

// retry is the pause after the ledger could not be read or written.
const retry = time.Second

// follow brings what the intake left in the wallet's tables to the loop: first what an earlier life of the platform left, then what comes.
func (d *desk) follow(ctx context.Context) {
	for resumed := false; ; {
		d.loop.Wake()
		var again <-chan time.Time
		if err := d.catchUp(ctx, &resumed); err != nil && ctx.Err() == nil {
			d.opts.Log.Error("payments that are unwanted and refunds that were asked for wait for the ledger", "error", err)
			again = time.After(retry)
		}
		if d.leases != nil { // another replica may have left something for the payments of this one
			resumed, again = false, time.After(retry)
		}
		select {
		case <-ctx.Done():
			return
		case <-again:
		case <-d.custody.stirred:
		}
	}
}

// catchUp tells the loop what the tables hold: refunds once, since later ones are told when they are asked for.
func (d *desk) catchUp(ctx context.Context, resumed *bool) error {
	if !*resumed {
		if err := d.resume(ctx); err != nil {
			return err
		}
		*resumed = true
	}
	return d.grant(ctx)
}

// grant tells the loop which payments are unwanted.
func (d *desk) grant(ctx context.Context) error {
	list, err := d.store.wished(ctx)
	if err != nil {
		return err
	}
	for _, payment := range list {
		if err := d.loop.Cancel(ctx, payment, true); err != nil && !errors.Is(err, wallet.ErrNoTask) {
			return err
		}
		if err := d.store.granted(ctx, payment); err != nil {
			return err
		}
	}
	return nil
}
