package enrolled

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"maps"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
	"github.com/tillproof/tillproof/sync/platform/pki"
	"github.com/tillproof/tillproof/sync/platform/registry"
	"github.com/tillproof/tillproof/sync/platform/trust"
	"github.com/tillproof/tillproof/sync/platform/work"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// key is the n-th key of a test.
func key(n byte) cose.PublicKey {
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = n
	return ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
}

// newKeeper looks after the tills of merchant acme: till-1 with a key, till-2 without one. Of the ledger's tables it has those that a keeper reads.
func newKeeper(t *testing.T, configured ...registry.Till) (context.Context, *Keeper) {
	t.Helper()
	ctx := registry.As(t.Context(), "user:test")
	db, err := database.Open(ctx, databasetest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := cose.LoadOrCreate(t.TempDir() + "/platform.pem")
	if err != nil {
		t.Fatal(err)
	}
	r, err := registry.Open(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	for _, thing := range []registry.Thing{&registry.Merchant{Merchant: "acme"}, &registry.Merchant{Merchant: "other"},
		&registry.Till{Till: "till-1", Merchant: "acme", PublicKey: key(1)}, &registry.Till{Till: "till-2", Merchant: "acme"}} {
		if _, err := r.Put(ctx, thing, registry.Any); err != nil {
			t.Fatal(err)
		}
	}
	p, err := OpenPKI(ctx, db, r, pki.Options{Dir: t.TempDir(), Signer: signer})
	if err != nil {
		t.Fatal(err)
	}
	k := NewKeeper(db, Roll{Configured: configured, Registry: r, PKI: p}, signer, nil)
	t.Cleanup(k.Close)
	k.write(t, "CREATE TABLE marks (till TEXT, epoch BYTEA, seq BIGINT)")
	k.write(t, "CREATE TABLE till_keys (till TEXT, public BYTEA)")
	return ctx, k
}

func (k *Keeper) write(t *testing.T, text string, values ...any) {
	t.Helper()
	if err := k.db.Transact(t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(t.Context(), text, values...)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestTillsAreKnownFromEverywhere(t *testing.T) {
	ctx, k := newKeeper(t, registry.Till{Till: "till-1", Merchant: "former", PublicKey: key(2)}, registry.Till{Till: "till-3", Merchant: "acme"})
	keys, err := k.roll.Keys(ctx)
	if err != nil || len(keys) != 1 || len(keys["till-1"]) != 2 || !bytes.Equal(keys["till-1"][0], key(2)) || !bytes.Equal(keys["till-1"][1], key(1)) {
		t.Errorf("%v, %v", keys, err)
	}
	owners, err := k.roll.Owners(ctx)
	if want := map[pos.TillID]pos.MerchantID{"till-1": "acme", "till-2": "acme", "till-3": "acme"}; err != nil || !maps.Equal(owners, want) {
		t.Errorf("%v, %v", owners, err)
	}
}

func TestWhoMayEnrol(t *testing.T) {
	ctx, k := newKeeper(t)
	for _, c := range []struct {
		merchant pos.MerchantID
		till     pos.TillID
		says     string
	}{
		{"acme", "till-2", ""}, {"acme", "till-9", ""}, {"nobody", "till-9", "knows no merchant"}, {"other", "till-2", "belongs to merchant acme"},
	} {
		_, err := k.NewCode(ctx, c.merchant, c.till, pki.CodeLife)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s %s: %v", c.merchant, c.till, err)
		}
	}
}

// TestTrustIsTakenFromAllKeysOfATill, those that its own records have named too, and from one key alone.
func TestTrustIsTakenFromAllKeysOfATill(t *testing.T) {
	ctx, k := newKeeper(t)
	older, newer := pos.Epoch{1}, pos.Epoch{2}
	k.write(t, "INSERT INTO marks (till, epoch, seq) VALUES (?,?,?), (?,?,?)", "till-1", older[:], 90, "till-1", newer[:], 7)
	k.write(t, "INSERT INTO till_keys (till, public) VALUES (?,?), (?,?)", "till-1", []byte(key(1)), "till-1", []byte(key(2)))
	last, err := k.Mark(ctx, "till-1")
	if err != nil || last != (pki.Last{Epoch: newer, Seq: 7}) {
		t.Errorf("%+v, %v", last, err)
	}
	if none, err := k.Mark(ctx, "till-2"); err != nil || none != (pki.Last{}) {
		t.Errorf("%+v, %v", none, err)
	}
	if owner, err := k.OwnerOf(ctx, cose.IDOf(key(2))); err != nil || owner != "till-1" {
		t.Errorf("%s, %v", owner, err)
	}
	if _, err := k.OwnerOf(ctx, cose.IDOf(key(9))); err == nil {
		t.Error("a key of nobody has an owner")
	}
	if err := k.RevokeKey(ctx, "till-1", cose.IDOf(key(1)), last, "copied"); err != nil {
		t.Error(err)
	}
	kids, _, err := k.RevokeTill(ctx, "till-1", last, "stolen")
	if err != nil || len(kids) != 2 {
		t.Errorf("%v, %v", kids, err)
	}
	revoked, err := k.Revocations(ctx)
	if err != nil || len(revoked) != 2 {
		t.Fatalf("%v, %v", revoked, err)
	}
	for _, r := range revoked {
		if r.Till != "till-1" || r.Last != last || !r.Heirs {
			t.Errorf("%+v", r)
		}
	}
	if _, _, err := k.RevokeTill(ctx, "till-2", last, "stolen"); err == nil {
		t.Error("a till without a key was revoked")
	}
}

// newFollower follows what a keeper looks after, with a book that knows nobody yet.
func newFollower(t *testing.T, k *Keeper) *Follower {
	t.Helper()
	w, err := work.Open(t.Context(), k.db)
	if err != nil {
		t.Fatal(err)
	}
	f := &Follower{Roll: k.roll, Book: trust.New(nil), DB: k.db, Work: w, Owned: func(map[pos.TillID]pos.MerchantID) {}, Log: slog.New(slog.DiscardHandler)}
	f.Recall = func(context.Context) error {
		f.Book.Learn("till-1", key(7), cose.KeyID{})
		return nil
	}
	return f
}

func (f *Follower) looks(t *testing.T, asked bool) {
	t.Helper()
	if err := f.look(t.Context(), asked); err != nil {
		t.Fatal(err)
	}
}

// counts says whether a key counts for a till.
func (f *Follower) counts(till pos.TillID, n byte) bool {
	keys, _ := f.Book.Keys(till)
	_, found := keys(cose.IDOf(key(n)))
	return found
}

func TestTheBookFollowsWhoIsEnrolled(t *testing.T) {
	ctx, k := newKeeper(t)
	f := newFollower(t, k)
	var owners map[pos.TillID]pos.MerchantID
	f.Owned = func(all map[pos.TillID]pos.MerchantID) {
		if owners = all; f.Book.Len() == 0 && len(all) != 2 {
			t.Errorf("keys count before it is known whose the tills are: %v", all)
		}
	}
	f.looks(t, false)
	if !f.counts("till-1", 1) || !f.counts("till-1", 7) || f.counts("till-3", 3) || owners["till-2"] != "acme" {
		t.Errorf("the first look: %v", owners)
	}
	if _, err := k.roll.Registry.Put(ctx, &registry.Till{Till: "till-3", Merchant: "other", PublicKey: key(3)}, registry.Any); err != nil {
		t.Fatal(err)
	}
	f.looks(t, false)
	if !f.counts("till-3", 3) || owners["till-3"] != "other" {
		t.Errorf("a till has come: %v", owners)
	}
	owners = nil
	if f.looks(t, false); owners != nil {
		t.Error("everybody was read again, and nothing had changed")
	}
	if f.looks(t, true); owners == nil {
		t.Error("nobody was read for a till that is not known")
	}
}

// TestARevocationIsFollowedToItsHeirs, and people are told of a key that goes on.
func TestARevocationIsFollowedToItsHeirs(t *testing.T) {
	ctx, k := newKeeper(t)
	f := newFollower(t, k)
	epoch := pos.Epoch{2}
	last := pki.Last{Epoch: epoch, Seq: 7}
	if _, _, err := k.RevokeTill(ctx, "till-1", last, "stolen"); err != nil {
		t.Fatal(err)
	}
	f.looks(t, false)
	if n, err := f.Book.Counted("till-1", cose.IDOf(key(1)), epoch, 5, 9); err != nil || n != 3 {
		t.Errorf("%d, %v", n, err)
	}
	f.Book.Learn("till-1", key(8), cose.IDOf(key(1)))
	_, _ = f.Book.Counted("till-1", cose.IDOf(key(8)), epoch, 8, 1) // refused
	for range 2 {
		f.looks(t, false)
	}
	revoked, err := k.Revocations(ctx)
	if err != nil || len(revoked) != 2 {
		t.Errorf("written down: %v, %v", revoked, err)
	}
	items, _, err := f.Work.List(ctx, work.Filter{Kind: work.Forged})
	if err != nil || len(items) != 1 || items[0].Till != "till-1" || items[0].Merchant != "acme" || items[0].Reason != "revoked_key" {
		t.Errorf("%+v, %v", items, err)
	}
	k.write(t, "INSERT INTO marks (till, epoch, seq) VALUES (?,?,?)", "till-1", epoch[:], 7)
	f.looks(t, true)
	if _, err := f.Book.Counted("till-1", cose.IDOf(key(1)), pos.Epoch{1}, 1, 1); !errors.Is(err, trust.ErrRevoked) {
		t.Errorf("an epoch that the ledger has never heard of: %v", err)
	}
}
