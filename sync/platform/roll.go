package platform

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/pki"
	"github.com/tillproof/tillproof/sync/platform/trust"
	"github.com/tillproof/tillproof/sync/platform/work"
)

// rollEvery is how often the platform looks whether tills have come or keys were revoked; a till that is not known has it look at once.
const (
	rollEvery  = 2 * time.Second
	rollLeast  = 200 * time.Millisecond // between two looks
	rollAnyway = time.Minute            // everybody is read again, changed or not: other replicas learn keys too
)

// roll keeps the tills' keys in step with who is enrolled.
type roll struct {
	*Service
	registered, issued uint64 // versions that were taken over
	taken              time.Time
	crl                time.Time
}

// run works until the context ends. What fails is tried again; those who are known go on being known.
func (r *roll) run(ctx context.Context) {
	tick := time.NewTicker(rollEvery)
	defer tick.Stop()
	for {
		asked := false
		select {
		case <-ctx.Done():
			return
		case <-r.tills.book.Missed():
			asked = true
		case <-tick.C:
		}
		if err := r.look(ctx, asked); err != nil && ctx.Err() == nil {
			r.opts.Log.Warn("it was not read who is enrolled; those who are known go on", "error", err)
		}
		if asked && !pause(ctx, rollLeast) {
			return
		}
	}
}

// pause waits; false when the context ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// look takes over what has changed, all of it when a till came that is not known: its key may be one that its own records have named elsewhere.
func (r *roll) look(ctx context.Context, all bool) error {
	if err := errors.Join(r.inherit(ctx), r.distrust(ctx)); err != nil {
		return err
	}
	registered, err := r.registry.Version(ctx)
	if err != nil {
		return err
	}
	issued, err := r.pki.Version(ctx)
	if err != nil {
		return err
	}
	if all || registered != r.registered || issued != r.issued || time.Since(r.taken) > rollAnyway {
		if err := r.take(ctx); err != nil {
			return err
		}
		r.registered, r.issued, r.taken = registered, issued, time.Now()
	}
	return r.writeCRL(ctx)
}

// take reads everybody.
func (r *roll) take(ctx context.Context) error {
	enrolled, err := r.enrolled()
	if err != nil {
		return err
	}
	keys, err := enrolled.Keys(ctx)
	if err != nil {
		return err
	}
	revoked, err := r.pki.Revocations(ctx)
	if err != nil {
		return err
	}
	list, err := r.registry.Tills(ctx)
	if err != nil {
		return err
	}
	silent := map[pos.TillID]bool{}
	for i := range list {
		silent[list[i].Till] = !list[i].Enabled
	}
	held := map[pos.TillID]map[pos.Epoch]bool{}
	for i := range revoked {
		if held[revoked[i].Till], err = epochsOf(ctx, r.db, revoked[i].Till); err != nil {
			return err
		}
	}
	if err := r.learnMerchants(ctx); err != nil {
		return err
	}
	for _, v := range r.tills.book.Know(trust.News{Keys: keys, Revoked: revoked, Silent: silent, Held: held}) {
		r.opts.Log.Warn("a key of a till is revoked; what it signs behind the last record that counts is refused", "till", v.Till, "kid", v.Kid.String(),
			"seq", v.Last.Seq, "reason", v.Reason)
	}
	return r.custody.Recall(ctx, r.tills)
}

// epochsOf lists the epochs of a till that the ledger holds.
func epochsOf(ctx context.Context, db *database.DB, till pos.TillID) (map[pos.Epoch]bool, error) {
	held := map[pos.Epoch]bool{}
	list, err := database.All(ctx, db, func(row database.Scanner) (raw []byte, err error) { return raw, row.Scan(&raw) },
		"SELECT epoch FROM marks WHERE till = ?", string(till))
	for _, raw := range list {
		if len(raw) == len(pos.Epoch{}) {
			held[pos.Epoch(raw)] = true
		}
	}
	return held, err
}

// inherit writes down the revocations of keys that revoked ones have named.
func (r *roll) inherit(ctx context.Context) error {
	list := r.tills.book.Inherited()
	if len(list) == 0 {
		return nil
	}
	err := r.pki.Revoke(ctx, list...)
	if err != nil {
		r.tills.book.Again(list)
	}
	return err
}

// writeCRL writes the list of revoked certificates anew long before it ends, once there is one.
func (r *roll) writeCRL(ctx context.Context) error {
	if time.Since(r.crl) < pki.CRLEvery {
		return nil
	}
	r.crl = time.Now()
	return r.pki.RefreshCRL(ctx)
}

// distrust makes people look at messages that revoked keys have signed behind the last record that counts: one item for each key, however often they come.
func (r *roll) distrust(ctx context.Context) error {
	for _, m := range r.tills.book.Distrusted() {
		item := work.Item{Kind: work.Forged, Till: m.Till, Merchant: r.merchantOf(ctx, m.Till), Ref: m.Kid.String(), Reason: "revoked_key",
			Text: fmt.Sprintf("Till %s goes on sending with the key %s, which was revoked. What comes behind record %d is refused and stays on that till.", m.Till, m.Kid, m.Last.Seq)}
		err := r.db.Transact(ctx, func(tx *database.Tx) error {
			_, err := r.work.Add(ctx, tx, item)
			return err
		})
		if err != nil {
			r.tills.book.Untold(m.Kid)
			return err
		}
	}
	return nil
}

// merchantOf is whose a till is, "" when that is not known.
func (r *roll) merchantOf(ctx context.Context, till pos.TillID) pos.MerchantID {
	t, _, err := r.registry.Till(ctx, till)
	if err != nil {
		return ""
	}
	return t.Merchant
}
