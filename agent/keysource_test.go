package agent

import (
	"bytes"
	"crypto/ed25519"
	"path/filepath"
	"testing"

	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/outbox"
)

// The platform trusts a new key because the former one has signed the record that names it: that signature must travel, so it ends a batch.
func TestABatchDoesNotReachFromOneSignerToTheNext(t *testing.T) {
	dir := t.TempDir()
	var signers []*cose.Signer
	for n := range 2 {
		s, err := cose.NewSigner(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{byte(n)}, ed25519.SeedSize)))
		if err != nil {
			t.Fatal(err)
		}
		signers = append(signers, s)
	}
	j, err := journal.Open(journal.Options{Dir: filepath.Join(dir, "journal"), Views: filepath.Join(dir, "views.db"), Till: "till-1", Signer: signers[0],
		Version: "test", Clock: func() record.Times { return record.Times{Wall: 1_750_000_000_000, Mono: 1} }, Segment: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	note := func(n uint64) {
		t.Helper()
		if _, err := j.Append(&record.PlatformResult{N: n}); err != nil {
			t.Fatal(err)
		}
	}
	note(1)
	if err := j.ChangeKey(journal.NextKey{Signer: signers[1], Install: func() error { return nil }}, "copied"); err != nil {
		t.Fatal(err)
	}
	changed := j.Head()
	note(2)
	note(3)
	s := newSource(j, "till-1")
	first, err := s.Next(t.Context(), record.Genesis("till-1", changed.Epoch), 500, 1<<20)
	if err != nil || first.Last != changed || signedBy(t, first) != cose.IDOf(signers[0].Public()) {
		t.Fatalf("%+v, %v: the first batch must end on the change at %d", first.Last, err, changed.Seq)
	}
	second, err := s.Next(t.Context(), first.Last, 500, 1<<20)
	if err != nil || second.Last != j.Head() || signedBy(t, second) != cose.IDOf(signers[1].Public()) {
		t.Fatalf("%+v, %v", second.Last, err)
	}
}

func signedBy(t *testing.T, c outbox.Chunk) cose.KeyID {
	t.Helper()
	id, err := cose.SignedBy(c.Signature)
	if err != nil {
		t.Fatal(err)
	}
	return id
}
