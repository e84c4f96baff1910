package agent

import (
	"context"
	"crypto/ed25519"
	"errors"
	"path/filepath"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
)

// The agent ends itself when its journal has stopped, so that whoever watches over it starts it again; until then it would only refuse.
func TestAStoppedJournalEndsTheAgent(t *testing.T) {
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
	ctx, cancel := context.WithCancelCause(t.Context())
	till := &till{journal: j}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		till.watchJournal(ctx, cancel)
	}()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j.Acknowledge(nil, j.Head()) // wakes who waits for a change, as a failed commit does
	<-ended
	var e *pos.Error
	if !errors.As(context.Cause(ctx), &e) || e.Code != "journal_stopped" || e.Money != pos.MoneyUnknown {
		t.Errorf("%v", context.Cause(ctx))
	}
}
