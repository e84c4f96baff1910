package agent

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/outbox"
	"github.com/tillproof/tillproof/sync/platform"
	"github.com/tillproof/tillproof/sync/wire"
)

// oldShop is a till with a real journal whose old records go, and the custody of a platform that can be set back.
type oldShop struct {
	t       *testing.T
	ledger  string
	now     record.Times
	signer  *cose.Signer
	journal *journal.Journal
	source  *source
	codec   *wire.Codec
	tills   *platform.Tills
	custody *platform.Custody
	out     *outbox.Outbox
	gaps    int
	sales   int
}

func newOldShop(t *testing.T) *oldShop {
	t.Helper()
	s := &oldShop{t: t, ledger: filepath.Join(t.TempDir(), "ledger.db"), now: record.Times{Wall: 1_750_000_000_000, Mono: 1}}
	must := func(err error) {
		if t.Helper(); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	s.signer, err = cose.NewSigner(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	must(err)
	dir := t.TempDir()
	s.journal, err = journal.Open(journal.Options{Dir: filepath.Join(dir, "journal"), Views: filepath.Join(dir, "views.db"), Till: "till-1", Signer: s.signer,
		Version: "test", Clock: func() record.Times { return s.now }, Segment: 256 << 10})
	must(err)
	t.Cleanup(func() { _ = s.journal.Close() })
	s.codec, err = wire.NewCodec()
	must(err)
	s.source = newSource(s.journal, "till-1")
	must(s.source.restore(s.codec, cose.OneKey(s.signer.Public())))
	s.tills, err = platform.NewTills(map[pos.TillID]cose.PublicKey{"till-1": s.signer.Public()})
	must(err)
	s.out, err = outbox.New(outbox.Options{Till: "till-1", Merchant: "shop", Source: s.source, Platform: cose.OneKey(s.signer.Public()), Codec: s.codec,
		AckTimeout: 50 * time.Millisecond})
	must(err)
	return s
}

// sell writes n sales of one cent more each.
func (s *oldShop) sell(n int) {
	s.t.Helper()
	for range n {
		s.sales++
		var id pos.PaymentID
		id[6], id[8] = 0x70, 0x80
		binary.BigEndian.PutUint32(id[12:], uint32(s.sales))
		_, err := s.journal.Append(&record.Intent{Payment: id, Order: pos.OrderRef("order-" + id.String()[30:]), Attempt: 1, Amount: pos.Minor(s.sales), Currency: "EUR",
			Tender: pos.Card, Mode: pos.Online, Device: "counter"},
			&record.Result{Payment: id, Decision: record.Decision{Status: pos.Approved, Amount: pos.Minor(s.sales), Currency: "EUR"}},
			&record.Confirmed{Payment: id, Receipts: []record.Receipt{{For: "merchant", Lines: slices.Repeat([]string{strings.Repeat("-", 100)}, 70)}}})
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

// Publish implements [outbox.Courier]: the platform takes a batch, and its answer comes back at once.
func (s *oldShop) Publish(ctx context.Context, _ string, message []byte) error {
	d, err := s.tills.Verify("till-1", message)
	if err != nil {
		return err
	}
	acks, err := s.custody.Take(ctx, d)
	if err != nil {
		return err
	}
	if acks[0].State == wire.AckGap {
		s.gaps++
	}
	acks[0].At = s.now.Wall
	answer, err := s.codec.SealAck(&acks[0], s.signer)
	s.out.Receive(answer)
	return err
}

// drain delivers until nothing is left.
func (s *oldShop) drain() {
	s.t.Helper()
	var err error
	if s.custody, err = platform.OpenCustody(s.t.Context(), s.ledger); err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	ended := make(chan error, 1)
	go func() { ended <- s.out.Run(ctx, s) }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for s.source.Backlog() > 0 && ctx.Err() == nil {
		<-tick.C
	}
	left := s.source.Backlog()
	cancel()
	if err := <-ended; left > 0 {
		s.t.Errorf("%d records are left: %v, %v", left, err, s.out.Status().Err)
	}
	if err := s.custody.Close(); err != nil {
		s.t.Error(err)
	}
}

// amounts are the ledger's, in their order.
func (s *oldShop) amounts() (list []int) {
	s.t.Helper()
	l, err := platform.OpenLedger(s.ledger)
	if err != nil {
		s.t.Fatal(err)
	}
	defer l.Close()
	for row, err := range l.Payments(s.t.Context()) {
		if err != nil || row.Status != pos.Approved {
			s.t.Fatalf("%+v %v", row, err)
		}
		list = append(list, int(row.Money.Amount))
	}
	slices.Sort(list)
	return list
}

// TestAPlatformThatLostWhatTheTillHasRemoved restores a ledger that is older than the till's retention. What both have lost is named by the till, and everything
// else arrives, the sales of today too.
func TestAPlatformThatLostWhatTheTillHasRemoved(t *testing.T) {
	s := newOldShop(t)
	s.sell(20)
	s.drain()
	backup := filepath.Join(t.TempDir(), "backup.db")
	if report, err := platform.Backup(t.Context(), platform.Config{Database: s.ledger}, backup); err != nil || report.Records < 60 {
		t.Fatalf("%+v %v", report, err)
	}
	s.sell(100)
	s.drain()
	s.now.Wall, s.now.Mono = s.now.Wall+72*3_600_000, s.now.Mono+72*3_600_000
	epoch := s.journal.Head().Epoch
	begin, err := s.journal.Begin(epoch)
	for tries := 0; err == nil && begin.Seq < 100 && tries < 50; tries++ { // what is carried on needs room in the file of the day
		s.sell(1)
		if _, err := s.journal.Prune(journal.Retention{Keep: 48 * time.Hour, Proof: s.source.custody}); err != nil {
			t.Fatal(err)
		}
		begin, err = s.journal.Begin(epoch)
	}
	if err != nil || begin.Seq < 100 {
		t.Fatalf("%+v %v", begin, err)
	}
	for _, file := range []string{s.ledger, s.ledger + "-wal", s.ledger + "-shm"} {
		_ = os.Remove(file)
	}
	if err := os.Rename(backup, s.ledger); err != nil {
		t.Fatal(err)
	}
	s.drain()
	s.sell(3)
	s.drain()
	got := s.amounts()
	if s.gaps == 0 || len(got) < 24 || got[0] != 1 || got[19] != 20 || got[len(got)-1] != s.sales {
		t.Fatalf("%d gaps, %d payments of %d", s.gaps, len(got), s.sales)
	}
	for i := 21; i < len(got); i++ {
		if got[i] != got[i-1]+1 {
			t.Errorf("behind what was removed, payment %d is missing", got[i-1]+1)
		}
	}
	s.namesTheHole(epoch, begin.Seq)
}

// namesTheHole finds in the new epoch which records both have lost.
func (s *oldShop) namesTheHole(epoch pos.Epoch, removed pos.Seq) {
	s.t.Helper()
	now := s.journal.Head().Epoch
	if now == epoch {
		s.t.Fatal("no new epoch")
	}
	list, err := s.journal.Read(now, 1, 3)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, stored := range list {
		rec, _, err := s.journal.Codec().Decode(stored.Raw)
		if err != nil {
			s.t.Fatal(err)
		}
		if body, _ := s.journal.Codec().Body(&rec); body != nil {
			if hole, ok := body.(*record.Hole); ok && hole.Reason == record.HoleMissing && hole.Epoch == epoch && hole.To == removed && hole.From > 1 {
				return
			}
		}
	}
	s.t.Error("no hole names what was lost")
}
