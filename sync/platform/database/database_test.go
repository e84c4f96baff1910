package database_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func things() *database.Table {
	return &database.Table{Name: "things", Key: []string{"name"},
		Columns: []database.Column{{Name: "name", Type: "TEXT"}, {Name: "n", Type: "BIGINT"}, {Name: "raw", Type: "BYTEA"}}}
}

const makeThings = "CREATE TABLE things (name TEXT NOT NULL PRIMARY KEY, n BIGINT NOT NULL, raw BYTEA); CREATE INDEX things_n ON things (n)"

func open(t *testing.T, address string) *database.DB {
	t.Helper()
	d, err := database.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func names(n int) (values []any) {
	for i := range n {
		values = append(values, string(rune('a'+i%26))+string(rune('a'+i/26)), int64(i), []byte{byte(i), 0, 255})
	}
	return values
}

func sum(t *testing.T, d *database.DB) (rows, total int64) {
	t.Helper()
	if err := d.Row(t.Context(), "SELECT count(*), coalesce(sum(n), 0) FROM things").Scan(&rows, &total); err != nil {
		t.Fatal(err)
	}
	return rows, total
}

func TestBothDatabasesKeepTheSame(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, address string) {
		d := open(t, address)
		for range 2 { // the second time there is nothing to do
			if err := d.Migrate(t.Context(), "things", database.Both(makeThings)); err != nil {
				t.Fatal(err)
			}
		}
		write := func(f func(*database.Tx) error) error { return d.Transact(t.Context(), f) }
		if err := write(func(tx *database.Tx) error { return tx.Insert(t.Context(), things(), names(120)) }); err != nil {
			t.Fatal(err)
		}
		if err := write(func(tx *database.Tx) error {
			values := names(130)
			for i := 1; i < len(values); i += 3 {
				values[i] = int64(1)
			}
			return tx.Upsert(t.Context(), things(), values)
		}); err != nil {
			t.Fatal(err)
		}
		if rows, total := sum(t, d); rows != 130 || total != 130 {
			t.Errorf("%d rows, sum %d", rows, total)
		}
		refused := errors.New("refused")
		if err := write(func(tx *database.Tx) error {
			if n, err := tx.Exec(t.Context(), "UPDATE things SET n = ? WHERE n = ?", 5, 1); n != 130 || err != nil {
				t.Errorf("changed %d rows: %v", n, err)
			}
			return refused
		}); !errors.Is(err, refused) {
			t.Errorf("%v", err)
		}
		if _, total := sum(t, d); total != 130 {
			t.Errorf("a refused transaction has left something: %d", total)
		}
		raw, found, err := database.One(d.Row(t.Context(), "SELECT raw FROM things WHERE name = ?", "ca"), func(s database.Scanner) (b []byte, err error) {
			return b, s.Scan(&b)
		})
		if err != nil || !found || len(raw) != 3 || raw[0] != 2 {
			t.Errorf("%v %v %v", raw, found, err)
		}
		if err := d.Migrate(t.Context(), "things"); err == nil {
			t.Error("tables of a newer version were not refused")
		}
	})
}

func TestTransactionsThatLockTheSameCountEachOther(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, address string) {
		a, b := open(t, address), open(t, address)
		if err := a.Migrate(t.Context(), "things", database.Both(makeThings)); err != nil {
			t.Fatal(err)
		}
		if err := a.Transact(t.Context(), func(tx *database.Tx) error { return tx.Insert(t.Context(), things(), []any{"x", int64(0), nil}) }); err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		for _, d := range []*database.DB{a, b, a, b} {
			group.Go(func() {
				for range 25 {
					if err := d.Transact(context.WithoutCancel(t.Context()), func(tx *database.Tx) error { return increase(t, tx) }); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		if _, total := sum(t, a); total != 100 {
			t.Errorf("%d, not 100", total)
		}
	})
}

func increase(t *testing.T, tx *database.Tx) error {
	if err := tx.Lock(t.Context(), "things"); err != nil {
		return err
	}
	var n int64
	if err := tx.Row(t.Context(), "SELECT n FROM things WHERE name = ?"+tx.ForUpdate(), "x").Scan(&n); err != nil {
		return err
	}
	_, err := tx.Exec(t.Context(), "UPDATE things SET n = ? WHERE name = ?", n+1, "x")
	return err
}
