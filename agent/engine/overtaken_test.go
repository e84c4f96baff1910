package engine

import (
	"crypto/ed25519"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
)

// A cashier gives a payment up while the terminal tells its outcome: the outcome counts, and he is told so.
func TestACancellationThatIsOvertaken(t *testing.T) {
	dir := t.TempDir()
	signer, err := cose.NewSigner(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(journal.Options{Dir: filepath.Join(dir, "journal"), Views: filepath.Join(dir, "views.db"), Till: "till-1", Signer: signer,
		Version: "test", Clock: journal.SystemClock, Segment: 512 << 10})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	}()
	e, err := New(Options{Journal: j, Tenders: []pos.Tender{pos.Cash}, Mode: func() pos.Mode { return pos.Online }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := e.Pay(Request{Order: "A-1", Attempt: 1, Amount: pos.Money{Amount: 100, Currency: "EUR"}, Tender: pos.Cash})
	if err != nil {
		t.Fatal(err)
	}
	// The payment was unknown when Cancel looked; by now it is approved, and the journal refuses to doubt it again.
	_, refused := j.Append(&record.Resolution{Payment: p.Intent.Payment, Status: pos.Unknown, Evidence: record.ByCashier, Unwanted: true})
	if refused == nil {
		t.Fatal("an approved payment was doubted")
	}
	var told *pos.Error
	if _, err := e.overtaken(p.Intent.Payment, refused); !errors.As(err, &told) || told.Code != "not_cancellable" || told.Money != pos.Moved {
		t.Errorf("%v", err)
	}
	if words(refused) != refused.Error() || words(nil) == "" {
		t.Errorf("%q, %q", words(refused), words(nil))
	}
}
