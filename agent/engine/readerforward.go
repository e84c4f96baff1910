package engine

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/vault"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/wire"
)

const (
	vaultEvery   = time.Second      // between looks at the vault
	forwardAgain = 10 * time.Minute // a blob that the platform has taken is sent again when there is no answer for so long: it may have lost it
	refusedAgain = time.Minute      // and one that it has not taken
)

// forwarding is what is known of the vault's entries that wait for the acquirer's word. Only keepReaders works on it.
type forwarding struct {
	sent map[pos.PaymentID]sending
}

// sending is the platform's last answer about an entry.
type sending struct {
	again   time.Time // when it is asked next
	refused error     // why it does not take the entry; nil when it has
}

// VaultState is what people see of the vault.
type VaultState struct {
	Entries int                      // offline approvals whose card data wait for the acquirer's word
	Stuck   map[pos.PaymentID]string // those that cannot be forwarded, and why; somebody has to look at them
}

// VaultState tells of the vault as it was looked at last; false where there is none.
func (e *Engine) VaultState() (s VaultState, has bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return VaultState{Entries: e.entries, Stuck: maps.Clone(e.stuck)}, e.opts.Vault != nil
}

// seen notes what a look at an entry brought; the log is told what is new.
func (e *Engine) seen(id pos.PaymentID, err error) {
	e.mu.Lock()
	before := e.stuck[id]
	delete(e.stuck, id)
	if err != nil {
		e.stuck[id] = err.Error()
	}
	e.mu.Unlock()
	if err != nil && err.Error() != before {
		e.log.Error("card data in the vault cannot be forwarded; they are kept", "payment", id, "error", err)
	}
}

// keepReaders looks after the readers and the vault until ctx ends: it forwards entries to the platform, erases those whose payment is decided, and ends
// sales that nobody swipes a card for.
func (e *Engine) keepReaders(ctx context.Context) {
	f := &forwarding{sent: map[pos.PaymentID]sending{}}
	tick := time.NewTicker(vaultEvery)
	defer tick.Stop()
	for {
		e.forgotten()
		e.forwardAll(ctx, f)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// forwardAll looks at every entry.
func (e *Engine) forwardAll(ctx context.Context, f *forwarding) {
	list, err := e.opts.Vault.List()
	if err != nil {
		e.log.Error("the vault cannot be read; what is in it waits", "error", err)
		return
	}
	for _, id := range list {
		if ctx.Err() != nil {
			return
		}
		e.seen(id, e.forward(ctx, f, id))
	}
	if left, err := e.opts.Vault.List(); err == nil {
		e.mu.Lock()
		e.entries = len(left)
		e.mu.Unlock()
	}
}

// errNoPayment says that the journal does not know an entry's payment: the journal was restored from a backup, or lost. The entry is kept.
var errNoPayment = errors.New("the journal does not know the payment of this entry; it is kept")

// forward does for one entry what its payment wants: nothing, the platform, or the end. It holds the order, so that nobody voids what is on its way.
func (e *Engine) forward(ctx context.Context, f *forwarding, id pos.PaymentID) error {
	p, err := e.journal.Views().Payment(id)
	switch {
	case err != nil:
		return err
	case p == nil:
		return errNoPayment
	}
	defer e.orders.lock(p.Intent.Order)()
	if p, err = e.Payment(id); err != nil {
		return err
	}
	switch {
	case p.Status == pos.Pending:
		return nil
	case p.Status != pos.ApprovedOffline || p.Decision == nil || len(p.Decision.Sealed) == 0:
		delete(f.sent, id)
		return e.opts.Vault.Erase(id) // decided, and that is on disk; or no approval rests on it
	case time.Now().Before(f.sent[id].again) || e.opts.Platform == nil || !e.opts.Platform.Answering() || !e.inCustody(p):
		return f.sent[id].refused
	}
	return e.bring(ctx, f, p)
}

// bring sends an entry to the platform. The same entry again is the same payment there.
func (e *Engine) bring(ctx context.Context, f *forwarding, p *view.Payment) error {
	id := p.Intent.Payment
	sealed, err := e.opts.Vault.Get(id)
	if err != nil {
		return err
	}
	if vault.HashOf(sealed) != vault.Hash(p.Decision.Sealed) {
		return errors.Join(vault.ErrDamaged, errors.New("it is not the one that the record names"))
	}
	reply, err := e.opts.Platform.Ask(ctx, &wire.Call{ID: pos.NewUUID(time.Now()), Op: wire.OpCapture, Payment: id, Opaque: sealed})
	if err != nil {
		return nil //nolint:nilerr // the platform may have it; it is asked again
	}
	s := sending{again: time.Now().Add(forwardAgain)}
	if o := reply.Outcome; o != nil && o.Status == pos.Cancelled && o.N == 0 {
		s = sending{time.Now().Add(refusedAgain), errors.New("the platform does not take it (" + o.Code + "): " + o.Text)}
	}
	f.sent[id] = s
	e.heard(reply)
	return s.refused
}

// inCustody says whether the platform holds all records of a payment, those of earlier lives of the journal included.
func (e *Engine) inCustody(p *view.Payment) bool {
	acked := e.journal.Acked()
	return record.Place{Epoch: p.Epoch, Seq: p.Seq}.Compare(record.Place{Epoch: acked.Epoch, Seq: acked.Seq}) <= 0
}
