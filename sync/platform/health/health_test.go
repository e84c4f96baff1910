package health

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestADatabaseThatTakesWritesIsKnownForAWhile(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, address string) {
		db, err := database.Open(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		h, err := Open(t.Context(), db, "platform-1")
		if err != nil || !h.Writable() {
			t.Fatalf("after its first write: %v", err)
		}
		rows := func() (n int) {
			t.Helper()
			if err := db.Row(t.Context(), "SELECT count(*) FROM health").Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		old := time.Now().Add(-25 * time.Hour).UnixMilli()
		if err := db.Transact(t.Context(), func(tx *database.Tx) error {
			_, err := tx.Exec(t.Context(), "INSERT INTO health (name, at) VALUES ('platform-0', ?)", old)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		h.written.Store(time.Now().Add(-fresh).UnixMilli())
		if h.Writable() {
			t.Error("the last write is long ago")
		}
		if err := h.probe(t.Context()); err != nil || !h.Writable() || rows() != 1 {
			t.Errorf("%v, writable %v, %d processes", err, h.Writable(), rows())
		}
		h.written.Store(0)
		if h.Wrote(); !h.Writable() {
			t.Error("a batch was committed")
		}
	})
}

func TestADatabaseThatTakesNone(t *testing.T) {
	db, err := database.Open(t.Context(), databasetest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	h, err := Open(t.Context(), db, "platform-1")
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	h.written.Store(0)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var failures atomic.Int32
		go h.Run(ctx, func(error) { failures.Add(1) })
		time.Sleep(2*every + time.Second)
		synctest.Wait()
		if failures.Load() != 2 || h.Writable() {
			t.Errorf("%d tries, writable %v", failures.Load(), h.Writable())
		}
		time.Sleep(3 * time.Second)
		h.Wrote() // a second before the next look: nothing to find out
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if failures.Load() != 2 || !h.Writable() {
			t.Errorf("%d tries, writable %v", failures.Load(), h.Writable())
		}
		time.Sleep(fresh)
		synctest.Wait()
		if failures.Load() != 5 || h.Writable() {
			t.Errorf("%d tries, writable %v", failures.Load(), h.Writable())
		}
	})
}
