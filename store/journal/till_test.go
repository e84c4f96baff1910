package journal_test

import (
	"path/filepath"
	"reflect"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

func shiftOpened(number uint64) *record.ShiftOpened {
	return &record.ShiftOpened{ID: pos.UUID{byte(number)}, Cashier: "ann", Date: "2026-03-29", Float: 100, Currency: "EUR", Number: number}
}

// aDay writes a sale, an open shift and the first step of a settlement, and returns what the views hold then.
func aDay(t *testing.T, dir string) (till view.Till, sale *view.Payment) {
	t.Helper()
	j := openPlain(t, dir)
	id, bodies := cashSale("order-1", 100)
	for _, body := range append(bodies, shiftOpened(1), &record.Settlement{ID: pos.UUID{9}, Device: "left", State: record.SettlementBegun, Date: "2026-03-29"}) {
		if _, err := j.Append(body); err != nil {
			t.Fatal(err)
		}
	}
	sale, err := j.Views().Payment(id)
	till = j.Views().Till()
	if err != nil || till.Shift == nil || till.Devices["left"].Open == nil || len(sale.Bookings) != 1 {
		t.Fatalf("%+v, %+v, %v", till, sale, err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return till, sale
}

func TestTheTillIsKeptWithThePayments(t *testing.T) {
	for name, change := range map[string]func(*bbolt.Tx) error{
		"as it was left":                     func(*bbolt.Tx) error { return nil },
		"by a version that knew of no shift": func(tx *bbolt.Tx) error { return tx.Bucket([]byte("state")).Delete([]byte("till")) },
		"written on by such a version": func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("state")).Delete([]byte("covers"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			till, sale := aDay(t, dir)
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
			j := openPlain(t, dir)
			defer j.Close()
			if got := j.Views().Till(); !reflect.DeepEqual(got, till) {
				t.Errorf("%+v, want %+v", got, till)
			}
			if got, err := j.Views().Payment(sale.Intent.Payment); err != nil || !reflect.DeepEqual(got, sale) {
				t.Errorf("%+v, want %+v, %v", got, sale, err)
			}
		})
	}
}

func TestAnImpossibleStepOfTheDayIsNotWritten(t *testing.T) {
	j := openPlain(t, t.TempDir())
	defer j.Close()
	if _, err := j.Append(shiftOpened(1)); err != nil {
		t.Fatal(err)
	}
	head := j.Head()
	id, sale := cashSale("order-1", 100)
	if _, err := j.Append(append(sale, shiftOpened(2))...); err == nil || j.Head() != head {
		t.Errorf("a second shift: %v, head %+v, before %+v", err, j.Head(), head)
	}
	if p, err := j.Views().Payment(id); p != nil || err != nil {
		t.Errorf("half of a refused entry: %+v, %v", p, err)
	}
	if _, err := j.Append(&record.ShiftClosed{ID: pos.UUID{1}}, shiftOpened(2)); err != nil { // one entry sees its own steps
		t.Error(err)
	}
}

func TestTheDumpTellsOfShifts(t *testing.T) {
	dir := t.TempDir()
	aDay(t, dir)
	rebuild := func() journal.Rebuilt {
		t.Helper()
		r, err := journal.Rebuild(filepath.Join(dir, "journal"), filepath.Join(dir, "views.db"))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	first := rebuild()
	if again := rebuild(); again.Dump != first.Dump {
		t.Errorf("%+v, then %+v", first, again)
	}
	j := openPlain(t, dir)
	if _, err := j.Append(&record.ShiftClosed{ID: pos.UUID{1}}); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if later := rebuild(); later.Dump == first.Dump || later.Payments != first.Payments {
		t.Errorf("%+v, before %+v", later, first)
	}
}
