package leases

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
	"github.com/tillproof/tillproof/sync/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// replica is one of several that share a database.
type replica struct {
	*Leases
	t *testing.T
}

func newReplica(t *testing.T, address string) *replica {
	t.Helper()
	db, err := database.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	l, err := Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return &replica{l, t}
}

// renew says how many partitions the replica has then.
func (r *replica) renew() int {
	r.t.Helper()
	if err := r.Renew(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	return len(r.List())
}

// silent has the replica said nothing for a time, by the database's clock.
func (r *replica) silent(d time.Duration) {
	r.t.Helper()
	err := r.db.Transact(r.t.Context(), func(tx *database.Tx) error {
		for _, table := range []string{"leases", "replicas"} {
			if _, err := tx.Exec(r.t.Context(), "UPDATE "+table+" SET until = until - ? WHERE holder = ?", d.Milliseconds(), r.Holder()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

// guarded is a write that is fenced by tills.
func (r *replica) guarded(tills ...pos.TillID) error {
	return r.db.Transact(r.t.Context(), func(tx *database.Tx) error { return r.Guard(r.t.Context(), tx, tills...) })
}

func TestReplicasShareThePartitions(t *testing.T) {
	address := databasetest.Postgres(t)
	one, two := newReplica(t, address), newReplica(t, address)
	if n := one.renew(); n != wire.Partitions {
		t.Fatalf("alone with %d", n)
	}
	if n := two.renew(); n != 0 {
		t.Fatalf("the second one has taken %d that are not free", n)
	}
	if a, b := one.renew(), two.renew(); a != 32 || b != 32 {
		t.Fatalf("%d and %d", a, b)
	}
	for n := range 200 { // nobody has what another one has, and somebody has each
		till := pos.TillID(fmt.Sprint("till-", n))
		if one.Holds(till) == two.Holds(till) {
			t.Fatalf("%s", till)
		}
	}
	one.silent(11 * time.Second)
	if n := two.renew(); n != wire.Partitions {
		t.Errorf("after the silence of the other one: %d", n)
	}
	if n := one.renew(); n != 0 {
		t.Errorf("the silent one comes back and has %d", n)
	}
	if err := two.End(t.Context()); err != nil {
		t.Error(err)
	}
	if n := one.renew(); n != wire.Partitions {
		t.Errorf("after the other one has given all back: %d", n)
	}
}

// TestAWriteIsFencedByTheLease, whatever a replica believes.
func TestAWriteIsFencedByTheLease(t *testing.T) {
	address := databasetest.Postgres(t)
	one, two := newReplica(t, address), newReplica(t, address)
	if err := one.guarded("till-1"); !errors.Is(err, ErrNotLeased) {
		t.Errorf("without any lease: %v", err)
	}
	one.renew()
	select {
	case <-one.Changed():
	default:
		t.Error("nobody was told of a change")
	}
	if err := one.guarded("till-1", "till-2", "till-1"); err != nil {
		t.Error(err)
	}
	one.silent(time.Hour)
	two.renew()
	if !one.Holds("till-1") || !two.Holds("till-1") {
		t.Fatal("one of them does not believe to have the till")
	}
	if err := one.guarded("till-1"); !errors.Is(err, ErrNotLeased) {
		t.Errorf("after the other one has taken over: %v", err)
	}
	if err := two.guarded("till-1"); err != nil {
		t.Error(err)
	}
}
