package platform

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/outbox"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/wire"
)

// drawBody draws a record about one of a few payments: many make sense, some do not.
func drawBody(t *rapid.T, base int) record.Body {
	n := base + rapid.IntRange(1, 12).Draw(t, "payment")
	switch rapid.IntRange(0, 7).Draw(t, "kind") {
	case 0, 1, 2:
		return intent(n)
	case 3:
		return result(n, rapid.SampledFrom([]pos.Status{pos.Approved, pos.Declined}).Draw(t, "status"))
	case 4, 5:
		return confirmed(n)
	case 6:
		return &record.Resolution{Payment: paymentID(n), Status: rapid.SampledFrom([]pos.Status{pos.Unknown, pos.Declined, pos.Approved}).Draw(t, "to"),
			Evidence: record.ByLink, Text: "x"}
	}
	return &strange{Text: "poison"}
}

// drawJournal draws up to two epochs of commits of up to three records.
func drawJournal(t *rapid.T, till pos.TillID, base int) *outboxtest.Journal {
	j := outboxtest.New(till)
	for epoch := range rapid.IntRange(1, 2).Draw(t, "epochs") {
		if epoch > 0 {
			j.NewEpoch()
		}
		for range rapid.IntRange(1, 12).Draw(t, "commits") {
			var bodies []record.Body
			for range rapid.IntRange(1, 3).Draw(t, "records") {
				bodies = append(bodies, drawBody(t, base))
			}
			j.Commit(bodies...)
		}
	}
	return j
}

// cuts are all ways to cut one epoch after the other into batches; each is a till's whole drain.
func cuts(t *rapid.T, j *outboxtest.Journal) (batches []*wire.Batch) {
	var after record.Head
	for {
		c, err := j.Next(context.Background(), after, rapid.IntRange(1, 9).Draw(t, "size"), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if c.Count() == 0 {
			return batches
		}
		batches = append(batches, batchOf(j.Till, c))
		after = c.Last
	}
}

func batchOf(till pos.TillID, c outbox.Chunk) *wire.Batch {
	return &wire.Batch{Till: till, Prev: c.Prev, Count: c.Count(), Signature: c.Signature, Records: c.Records}
}

// TestAnyDelivery: whatever is lost, repeated, reordered and cut anew, in whatever groups, through restarts: when in the end each
// till has drained once in order, the ledger equals the fold of the journals. As tills do, an epoch is sent only after the one
// before it is in custody.
func TestAnyDelivery(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		journals := []*outboxtest.Journal{drawJournal(rt, "till-1", 0), drawJournal(rt, "till-2", 100)}
		keys := map[pos.TillID]cose.PublicKey{}
		var sent []*wire.Batch
		for _, j := range journals {
			keys[j.Till] = j.Signer.Public()
			sent = append(append(sent, cuts(rt, j)...), cuts(rt, j)...)
		}
		tills, err := NewTills(keys)
		if err != nil {
			rt.Fatal(err)
		}
		path, err := os.MkdirTemp(folder, "case")
		if err != nil {
			rt.Fatal(err)
		}
		b := &bench{t: t, path: filepath.Join(path, "ledger.db"), tills: tills}
		b.open()
		defer func() { b.custody.Close() }()
		for range rapid.IntRange(0, 15).Draw(rt, "deliveries") { // any of them, in any order, as often as it comes
			b.takeAll(drawGroup(rt, b, b.ready(journals, sent)))
			if rapid.IntRange(0, 9).Draw(rt, "restart") == 0 {
				b.restart()
			}
		}
		for _, j := range journals {
			for _, batch := range cuts(rt, j) {
				ack := b.bring(batch)
				if place, err := j.Locate(ack.Mark); err != nil || place != outbox.Same || ack.State == wire.AckGap || ack.State == wire.AckFork {
					rt.Fatalf("a drain in order is answered %s at %d", ack.State, ack.Mark.Seq)
				}
			}
		}
		sameLedger(t, b.path, slices.Clone(journals)...)
	})
}

func drawGroup(rt *rapid.T, b *bench, sent []*wire.Batch) (group []*Delivery) {
	for range rapid.IntRange(1, 4).Draw(rt, "group") {
		batch := rapid.SampledFrom(sent).Draw(rt, "batch")
		d, err := b.tills.Verify(batch.Till, encode(b.t, batch))
		if err != nil {
			rt.Fatal(err)
		}
		group = append(group, d)
	}
	return group
}

// ready leaves out the batches of a till's second epoch until its first one is in custody.
func (b *bench) ready(journals []*outboxtest.Journal, sent []*wire.Batch) (some []*wire.Batch) {
	first, missing := map[pos.TillID]pos.Epoch{}, map[pos.TillID]int{}
	for _, j := range journals {
		records := j.Records()
		first[j.Till] = records[0].Epoch
		for i := range records {
			if records[i].Epoch == first[j.Till] {
				missing[j.Till]++
			}
		}
	}
	for m, err := range (&Ledger{db: b.custody.db}).Marks(context.Background()) {
		if err != nil {
			b.t.Fatal(err)
		}
		if m.Head.Epoch == first[m.Till] {
			missing[m.Till] -= int(m.Head.Seq)
		}
	}
	for _, batch := range sent {
		if missing[batch.Till] == 0 || batch.Prev.Epoch == first[batch.Till] {
			some = append(some, batch)
		}
	}
	return some
}

func (b *bench) takeAll(group []*Delivery) {
	b.t.Helper()
	if _, err := b.custody.Take(context.Background(), group...); err != nil {
		b.t.Fatal(err)
	}
}

// FuzzVerify lets anything come in from the broker: it is refused, or it is what a till has signed.
func FuzzVerify(f *testing.F) {
	j := threeSales("till-1")
	tills, err := NewTills(map[pos.TillID]cose.PublicKey{j.Till: j.Signer.Public()})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(encode(f, cut(f, j, j.Head().Epoch, 1, 9)))
	f.Add(encode(f, cut(f, j, j.Head().Epoch, 4, 5)))
	f.Add([]byte{0xa0})
	signed := j.Records()
	f.Fuzz(func(t *testing.T, message []byte) {
		d, err := tills.Verify(j.Till, message)
		if err != nil {
			return
		}
		for i := range d.entries {
			if seq := d.entries[i].record.Seq; string(d.entries[i].record.Raw) != string(signed[seq-1].Raw) {
				t.Fatalf("record %d was never signed", seq)
			}
		}
	})
}
