package api

import (
	"crypto/ed25519"
	"path/filepath"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
)

// A payment that has changed again while the listener was told belongs to the next telling, under the id of its own record.
func TestAPaymentThatChangedAgainIsToldLater(t *testing.T) {
	signer, err := cose.NewSigner(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	j, err := journal.Open(journal.Options{Dir: filepath.Join(dir, "journal"), Views: filepath.Join(dir, "views.db"), Till: "till-1", Signer: signer,
		Version: "test", Clock: journal.SystemClock, Segment: 512 << 10})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	id := pos.PaymentID{1}
	start := headOf(j)
	if _, err := j.Append(&record.Intent{Payment: id, Order: "A", Attempt: 1, Amount: 1, Currency: "EUR", Tender: pos.QR, Mode: pos.Online}); err != nil {
		t.Fatal(err)
	}
	middle := headOf(j)
	if list, err := changes(j, start, middle); err != nil || len(list) != 1 || placeOf(list[0]) != middle {
		t.Fatalf("%v, %v", list, err)
	}
	if _, err := j.Append(&record.Resolution{Payment: id, Status: pos.Cancelled, Evidence: record.ByCashier, Text: "stopped"}); err != nil {
		t.Fatal(err)
	}
	if list, err := changes(j, start, middle); err != nil || len(list) != 0 {
		t.Errorf("told before its record: %v, %v", list, err)
	}
	if list, err := changes(j, middle, headOf(j)); err != nil || len(list) != 1 || placeOf(list[0]) != headOf(j) {
		t.Errorf("%v, %v", list, err)
	}
}
