package courier

import (
	"errors"
	"testing"

	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/wire"
)

// boots are records that need no payment.
func boots(n int) (bodies []record.Body) {
	for range n {
		bodies = append(bodies, &record.Boot{Version: "test", Reason: record.Started})
	}
	return bodies
}

// commitsOf reads the commits of a journal one by one.
func commitsOf(t *testing.T, j *outboxtest.Journal, add func(raw, signature []byte) error) {
	t.Helper()
	head := record.Genesis(j.Till, j.Head().Epoch)
	for head != j.Head() {
		c, err := j.Next(t.Context(), head, 1, 1)
		if err != nil {
			t.Fatal(err)
		}
		for rest := c.Records; len(rest) > 0; {
			r, behind, err := j.Codec.Decode(rest)
			if err != nil {
				t.Fatal(err)
			}
			signature := c.Signature
			if rest = behind; len(rest) > 0 {
				signature = nil
			}
			if err := add(r.Raw, signature); err != nil {
				t.Fatal(err)
			}
		}
		head = c.Last
	}
}

// pack makes the batches of a journal.
func pack(t *testing.T, j *outboxtest.Journal) (batches []*wire.Batch) {
	t.Helper()
	codec, err := wire.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	p := NewPacker(j.Till, codec, func(message []byte) error {
		b, err := codec.DecodeBatch(message)
		batches = append(batches, b)
		return err
	})
	if err := p.Begin(record.Genesis(j.Till, j.Head().Epoch)); err != nil {
		t.Fatal(err)
	}
	commitsOf(t, j, p.Add)
	if err := errors.Join(p.Flush(), p.Flush()); err != nil {
		t.Fatal(err)
	}
	return batches
}

func TestBatchesAreWholeCommitsWithoutGaps(t *testing.T) {
	j := outboxtest.New("till-1")
	for n := range 40 {
		j.Commit(boots(1 + n%wire.MaxCommit)...)
	}
	head, total := record.Genesis(j.Till, j.Head().Epoch), 0
	for _, b := range pack(t, j) {
		if b.Prev != head || b.Count > wire.MaxRecords {
			t.Fatalf("a batch of %d behind %d, after record %d", b.Count, b.Prev.Seq, head.Seq)
		}
		for rest := b.Records; len(rest) > 0; {
			r, behind, err := j.Codec.Decode(rest)
			if err != nil || !r.Follows(head) {
				t.Fatal(err)
			}
			head, rest, total = r.Head(), behind, total+1
		}
	}
	if head != j.Head() || total != int(j.Head().Seq) {
		t.Errorf("%d of %d records", total, j.Head().Seq)
	}
}

func TestASignerEndsItsBatch(t *testing.T) {
	j, other := outboxtest.New("till-1"), outboxtest.New("till-2")
	j.Commit(boots(3)...)
	j.Commit(&record.KeyChange{Public: record.Hex(other.Signer.Public())})
	j.Signer = other.Signer
	j.Commit(boots(2)...)
	batches := pack(t, j)
	if len(batches) != 2 || batches[0].Count != 4 || batches[1].Count != 2 {
		t.Errorf("%d batches", len(batches))
	}
}

func TestRecordsWithoutASignatureStay(t *testing.T) {
	codec, err := wire.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	j, sent := outboxtest.New("till-1"), 0
	p := NewPacker(j.Till, codec, func([]byte) error { sent++; return nil })
	j.Commit(boots(2)...)
	if err := p.Begin(record.Genesis(j.Till, j.Head().Epoch)); err != nil {
		t.Fatal(err)
	}
	for _, r := range j.Records() {
		if err := p.Add(r.Raw, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Flush(); err != nil || sent != 0 {
		t.Errorf("%d batches, %v", sent, err)
	}
	if err := p.Add(nil, []byte("no signature")); err == nil {
		t.Error("garbage was taken for a signature")
	}
}
