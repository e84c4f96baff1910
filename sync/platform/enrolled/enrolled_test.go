package enrolled

import (
	"bytes"
	"context"
	"crypto/ed25519"
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
