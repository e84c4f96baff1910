package journal_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
)

// openIDs lists the open payments as a supervisor sees them after a start.
func openIDs(t *testing.T, j *journal.Journal) (ids []pos.PaymentID) {
	t.Helper()
	list, err := j.Views().Open()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		ids = append(ids, p.Intent.Payment)
	}
	return ids
}

// halfSales begins three sales and finishes the second one in a later life of the journal, so that it was open in the file once.
func halfSales(t *testing.T, dir string) (open []pos.PaymentID) {
	t.Helper()
	var ids []pos.PaymentID
	j := openPlain(t, dir)
	var second []record.Body
	for _, order := range []string{"order-1", "order-2", "order-3"} {
		id, bodies := cashSale(order, 100)
		if ids = append(ids, id); order == "order-2" {
			second = bodies
		}
		if _, err := j.Append(bodies[0]); err != nil {
			t.Fatal(err)
		}
	}
	reopen(t, &j, dir)
	if _, err := j.Append(second[1:]...); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return []pos.PaymentID{ids[0], ids[2]}
}

func openPlain(t *testing.T, dir string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(options(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func reopen(t *testing.T, j **journal.Journal, dir string) {
	t.Helper()
	if err := (*j).Close(); err != nil {
		t.Fatal(err)
	}
	*j = openPlain(t, dir)
}

func TestOpenPaymentsAreFoundAfterAStart(t *testing.T) {
	for name, change := range map[string]func(*bbolt.Tx) error{
		"as they were left": func(tx *bbolt.Tx) error {
			if n := tx.Bucket([]byte("open")).Stats().KeyN; n != 2 {
				return fmt.Errorf("%d payments are kept as open, not 2", n)
			}
			return nil
		},
		"views of an earlier version": func(tx *bbolt.Tx) error { return tx.DeleteBucket([]byte("open")) },
		"an impossible id":            func(tx *bbolt.Tx) error { return tx.Bucket([]byte("open")).Put([]byte("short"), nil) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			want := halfSales(t, dir)
			db, err := bbolt.Open(filepath.Join(dir, "views.db"), 0o600, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Update(change); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			if got := openIDs(t, open(t, dir)); !slices.Equal(got, want) {
				t.Errorf("open after the start: %v, want %v", got, want)
			}
		})
	}
}
