package agent

import (
	"crypto/ed25519"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/outbox"
	"github.com/tillproof/tillproof/sync/wire"
)

// The drain goes on behind what was removed, and a mark of the platform in there is no sign of a backup.
func TestTheDrainKnowsWhatWasRemoved(t *testing.T) {
	dir := t.TempDir()
	signer, err := cose.NewSigner(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	now := record.Times{Wall: 1_750_000_000_000, Mono: 1}
	j, err := journal.Open(journal.Options{Dir: filepath.Join(dir, "journal"), Views: filepath.Join(dir, "views.db"), Till: "till-1", Signer: signer,
		Version: "test", Clock: func() record.Times { return now }, Segment: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	codec, err := wire.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	s := newSource(j, "till-1")
	if err := s.restore(codec, cose.OneKey(signer.Public())); err != nil {
		t.Fatal(err)
	}
	var heads []record.Head
	for n := 0; len(heads) < 10 || heads[len(heads)-1].Seq < 900; n++ {
		rec, err := j.Append(&record.PlatformResult{N: uint64(n), Note: fmt.Sprintf("note %02000d", n)})
		if err != nil {
			t.Fatal(err)
		}
		heads = append(heads, rec[0].Head())
	}
	now.Wall, now.Mono = now.Wall+72*3_600_000, now.Mono+72*3_600_000
	last := j.Head()
	ack, err := codec.SealAck(&wire.Ack{Till: "till-1", Mark: last, State: wire.AckOK, Last: &last, At: now.Wall}, signer)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Acknowledge(last, ack); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(&record.PlatformResult{N: 9999}); err != nil {
		t.Fatal(err)
	}
	if n, err := j.Prune(journal.Retention{Keep: 48 * time.Hour, Proof: s.custody}); n == 0 || err != nil {
		t.Fatalf("%d files removed, %v", n, err)
	}
	begin, err := j.Begin(last.Epoch)
	if err != nil || begin.Seq < 3 || begin != heads[begin.Seq-heads[0].Seq] {
		t.Fatalf("begins behind %+v, %v", begin, err)
	}
	other := begin
	other.Hash[0] ^= 1
	for name, c := range map[string]struct {
		head record.Head
		want outbox.Place
	}{
		"the last one removed":      {begin, outbox.Same},
		"another under its number":  {other, outbox.Differs},
		"one before it":             {heads[0], outbox.Removed},
		"the beginning":             {record.Genesis("till-1", last.Epoch), outbox.Removed},
		"one that is here":          {last, outbox.Same},
		"behind the end":            {record.Head{Epoch: last.Epoch, Seq: j.Head().Seq + 5}, outbox.Beyond},
		"of an epoch of nobody":     {record.Head{Epoch: pos.Epoch{1}, Seq: 1}, outbox.Elsewhere},
		"the last one that is here": {j.Head(), outbox.Same},
	} {
		if place, err := s.Locate(c.head); place != c.want || err != nil {
			t.Errorf("%s: place %d, %v, want %d", name, place, err, c.want)
		}
	}
	for _, after := range []record.Head{{}, heads[0], begin} {
		chunk, err := s.Next(t.Context(), after, 500, 1<<20)
		if err != nil || chunk.Prev != begin || chunk.Count() == 0 {
			t.Errorf("behind %d: %+v to %+v, %v", after.Seq, chunk.Prev, chunk.Last, err)
		}
	}
	if ms, ok := j.Offset(); ok {
		t.Errorf("an acknowledgement of what was never asked for has proven %d", ms)
	}
}
