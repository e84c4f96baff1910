package enrolled

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/pki"
	"github.com/tillproof/tillproof/sync/platform/trust"
	"github.com/tillproof/tillproof/sync/platform/work"
)

// How often it is looked whether tills have come or keys were revoked; a till that is not known has it looked at once.
const (
	every  = 2 * time.Second
	least  = 200 * time.Millisecond // between two looks
	anyway = time.Minute            // everybody is read again, changed or not: other replicas learn keys too
)

// Follower keeps the book of keys in step with who is enrolled, and tells people of keys that go on though they were revoked. It is for one goroutine.
type Follower struct {
	Roll   Roll
	Book   *trust.Book
	DB     *database.DB // of the ledger, whose marks are read
	Work   *work.Work
	Owned  func(map[pos.TillID]pos.MerchantID) // is told whose the tills are, before the keys that came with them count
	Recall func(context.Context) error         // has the book learn the keys that records have named so far, after each change
	Log    *slog.Logger

	registered, issued uint64 // versions that were taken over
	taken              time.Time
	crl                time.Time
}

// Run works until the context ends. What fails is tried again; those who are known go on being known.
func (f *Follower) Run(ctx context.Context) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		asked := false
		select {
		case <-ctx.Done():
			return
		case <-f.Book.Missed():
			asked = true
		case <-tick.C:
		}
		if err := f.look(ctx, asked); err != nil && ctx.Err() == nil {
			f.Log.Warn("it was not read who is enrolled; those who are known go on", "error", err)
		}
		if asked && !pause(ctx, least) {
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
func (f *Follower) look(ctx context.Context, all bool) error {
	if err := errors.Join(f.inherit(ctx), f.distrust(ctx)); err != nil {
		return err
	}
	registered, err := f.Roll.Registry.Version(ctx)
	if err != nil {
		return err
	}
	issued, err := f.Roll.PKI.Version(ctx)
	if err != nil {
		return err
	}
	if all || registered != f.registered || issued != f.issued || time.Since(f.taken) > anyway {
		if err := f.Take(ctx); err != nil {
			return err
		}
		f.registered, f.issued, f.taken = registered, issued, time.Now()
	}
	return f.writeCRL(ctx)
}

// Take reads everybody.
func (f *Follower) Take(ctx context.Context) error {
	news, err := f.read(ctx)
	if err != nil {
		return err
	}
	owners, err := f.Roll.Owners(ctx)
	if err != nil {
		return err
	}
	f.Owned(owners)
	for _, v := range f.Book.Know(news) {
		f.Log.Warn("a key of a till is revoked; what it signs behind the last record that counts is refused", "till", v.Till, "kid", v.Kid.String(),
			"seq", v.Last.Seq, "reason", v.Reason)
	}
	return f.Recall(ctx)
}

func (f *Follower) read(ctx context.Context) (n trust.News, err error) {
	if n.Keys, err = f.Roll.Keys(ctx); err != nil {
		return n, err
	}
	if n.Revoked, err = f.Roll.PKI.Revocations(ctx); err != nil {
		return n, err
	}
	list, err := f.Roll.Registry.Tills(ctx)
	if err != nil {
		return n, err
	}
	n.Silent = map[pos.TillID]bool{}
	for i := range list {
		n.Silent[list[i].Till] = !list[i].Enabled
	}
	n.Held = map[pos.TillID]map[pos.Epoch]bool{}
	for i := range n.Revoked {
		if n.Held[n.Revoked[i].Till], err = epochsOf(ctx, f.DB, n.Revoked[i].Till); err != nil {
			return n, err
		}
	}
	return n, nil
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
func (f *Follower) inherit(ctx context.Context) error {
	list := f.Book.Inherited()
	if len(list) == 0 {
		return nil
	}
	err := f.Roll.PKI.Revoke(ctx, list...)
	if err != nil {
		f.Book.Again(list)
	}
	return err
}

// writeCRL writes the list of revoked certificates anew long before it ends, once there is one.
func (f *Follower) writeCRL(ctx context.Context) error {
	if time.Since(f.crl) < pki.CRLEvery {
		return nil
	}
	f.crl = time.Now()
	return f.Roll.PKI.RefreshCRL(ctx)
}

// distrust makes people look at messages that revoked keys have signed behind the last record that counts: one item for each key, however often they come.
func (f *Follower) distrust(ctx context.Context) error {
	var errs []error
	for _, m := range f.Book.Distrusted() {
		item := work.Item{Kind: work.Forged, Till: m.Till, Merchant: f.merchantOf(ctx, m.Till), Ref: m.Kid.String(), Reason: "revoked_key",
			Text: fmt.Sprintf("Till %s goes on sending with the key %s, which was revoked. What comes behind record %d is refused and stays on that till.",
				m.Till, m.Kid, m.Last.Seq)}
		err := f.DB.Transact(ctx, func(tx *database.Tx) error {
			_, err := f.Work.Add(ctx, tx, item)
			return err
		})
		if err != nil {
			f.Book.Untold(m.Kid) // the next look tells it
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// merchantOf is whose a till is, "" when that is not known.
func (f *Follower) merchantOf(ctx context.Context, till pos.TillID) pos.MerchantID {
	t, _, err := f.Roll.Registry.Till(ctx, till)
	if err != nil {
		return ""
	}
	return t.Merchant
}
