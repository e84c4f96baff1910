package platform

import (
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
	"github.com/tillproof/tillproof/sync/wallet"
)

// On either database card data come and go with their task, in one commit each.
func TestCardDataLiveAsLongAsTheirTaskNeedsThem(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, address string) {
		custody, err := OpenCustody(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = custody.Close() })
		s := taskStore{custody}
		task := wallet.Forwarded(paymentID(1), "till-1", "o", pos.Money{Amount: 100, Currency: "EUR"}, record.CardReader, clock())
		holds := func(want string) {
			t.Helper()
			var sealed []byte
			err := s.db.Row(t.Context(), "SELECT sealed FROM opaque WHERE payment = ?", task.Payment.String()).Scan(&sealed)
			if string(sealed) != want || want != "" && err != nil {
				t.Errorf("%q, %v; want %q", sealed, err, want)
			}
		}
		for _, sealed := range []string{"first", "second"} { // the first one counts
			if err := s.beginCard(t.Context(), task, "bank", []byte(sealed)); err != nil {
				t.Fatal(err)
			}
			holds("first")
		}
		task.Stage, task.Tries = wallet.Capturing, 3
		if err := s.commit(t.Context(), "bank", task, nil); err != nil {
			t.Fatal(err)
		}
		holds("first")
		task.Stage, task.Status = wallet.Done, pos.ForwardDeclined
		if err := s.commit(t.Context(), "bank", task, []wallet.Result{{Payment: task.Payment, Status: pos.ForwardDeclined, Amount: task.Amount, At: clock()}}); err != nil {
			t.Fatal(err)
		}
		holds("")
		if err := s.beginCard(t.Context(), task, "bank", []byte("third")); err != nil {
			t.Fatal(err)
		}
		holds("") // it has ended
	})
}
