package journal_test

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
)

const till pos.TillID = "till-1"

func signer(t testing.TB) *cose.Signer {
	t.Helper()
	s, err := cose.NewSigner(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func options(t testing.TB, dir string) journal.Options {
	t.Helper()
	return journal.Options{Dir: filepath.Join(dir, "journal"), Views: filepath.Join(dir, "views.db"), Till: till, Signer: signer(t),
		Version: "test", Clock: journal.SystemClock, Segment: 512 << 10}
}

// open gives a journal that is closed and verified when the test ends.
func open(t testing.TB, dir string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(options(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeAndVerify(t, j, dir) })
	return j
}

func closeAndVerify(t testing.TB, j *journal.Journal, dir string) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	report, err := journal.Verify(filepath.Join(dir, "journal"), till, cose.OneKey(signer(t).Public()))
	if err != nil || !report.OK {
		t.Errorf("verify: %+v, %v", report, err)
	}
}

// sales counts, so that every id is of a later millisecond: ids of one millisecond have no order.
var sales atomic.Int64

func cashSale(order string, amount pos.Minor) (pos.PaymentID, []record.Body) {
	id := pos.NewPaymentID(time.UnixMilli(1_700_000_000_000 + sales.Add(1)))
	return id, []record.Body{
		&record.Intent{Payment: id, Order: pos.OrderRef(order), Attempt: 1, Amount: amount, Currency: "EUR", Tender: pos.Cash, Mode: pos.Offline},
		&record.Result{Payment: id, Decision: record.Decision{Status: pos.Approved, Amount: amount, Currency: "EUR"}},
		&record.Confirmed{Payment: id},
	}
}

func TestRecordsSurviveReopening(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	id, bodies := cashSale("order-1", 1250)
	if _, err := j.Append(bodies...); err != nil {
		t.Fatal(err)
	}
	head := j.Head()
	closeAndVerify(t, j, dir)

	j = open(t, dir)
	if got := j.Head(); got.Epoch != head.Epoch || got.Seq != head.Seq+1 {
		t.Errorf("head after reopening is %d, want one boot record after %d", got.Seq, head.Seq)
	}
	for name, find := range map[string]func() (pos.Status, error){
		"by id": func() (pos.Status, error) { p, err := j.Views().Payment(id); return p.Status, err },
		"by key": func() (pos.Status, error) {
			p, err := j.Views().ByKey(pos.OrderKey{Order: "order-1", Attempt: 1})
			return p.Status, err
		},
	} {
		if status, err := find(); status != pos.Approved || err != nil {
			t.Errorf("%s: %s, %v", name, status, err)
		}
	}
}

func TestViewsAreRecreatedFromTheRecords(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	id, bodies := cashSale("order-1", 1250)
	if _, err := j.Append(bodies...); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string]func(path string) error{
		"deleted": os.Remove,
		"garbage": func(path string) error { return os.WriteFile(path, []byte("no database"), 0o600) },
		"empty":   func(path string) error { return os.Truncate(path, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			if err := damage(filepath.Join(dir, "views.db")); err != nil {
				t.Fatal(err)
			}
			j := open(t, dir)
			if p, err := j.Views().Payment(id); err != nil || p == nil || p.Status != pos.Approved {
				t.Errorf("%+v, %v", p, err)
			}
		})
	}
}

func TestProducersShareCommits(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	const producers, each = 16, 50
	var wg sync.WaitGroup
	for p := range producers {
		wg.Go(func() {
			for n := range each {
				_, bodies := cashSale(fmt.Sprintf("order-%d-%d", p, n), 100)
				if _, err := j.Append(bodies...); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got, want := j.Head().Seq, pos.Seq(1+3*producers*each); got != want {
		t.Errorf("head %d, want %d", got, want)
	}
	if signed := signatures(t, j); signed >= producers*each {
		t.Errorf("%d commits for %d appends: nothing was shared", signed, producers*each)
	}
}

func signatures(t *testing.T, j *journal.Journal) (n int) {
	t.Helper()
	for from := pos.Seq(1); ; {
		list, err := j.Read(j.Head().Epoch, from, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			return n
		}
		for _, s := range list {
			from = s.Key + 1
			if len(s.Signature) > 0 {
				n++
			}
		}
	}
}

func TestARecordThatDoesNotFitItsPaymentLeavesNoTrace(t *testing.T) {
	j := open(t, t.TempDir())
	id, bodies := cashSale("order-1", 100)
	if _, err := j.Append(bodies...); err != nil {
		t.Fatal(err)
	}
	head := j.Head()
	for name, body := range map[string]record.Body{
		"approved becomes unknown": &record.Resolution{Payment: id, Status: pos.Unknown, Evidence: record.ByLink, Text: "x"},
		"confirmed twice":          &record.Confirmed{Payment: id},
		"nobody's result":          &record.Result{Payment: pos.NewPaymentID(time.Now())},
		"the same intent again":    bodies[0],
	} {
		if _, err := j.Append(body); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if j.Head() != head {
		t.Error("a refused record moved the head")
	}
	if _, bodies = cashSale("order-2", 100); true {
		if _, err := j.Append(bodies...); err != nil {
			t.Errorf("after a refusal: %v", err)
		}
	}
}

func TestOnlyOneAgentWrites(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	_, err := journal.Open(options(t, dir))
	var e *pos.Error
	if !errors.As(err, &e) || e.Code != "journal_locked" || e.Money != pos.NoneMoved {
		t.Fatalf("second agent: %v", err)
	}
	if _, err := journal.OpenReader(filepath.Join(dir, "journal")); !errors.As(err, &e) || e.Code != "journal_locked" {
		t.Errorf("reader beside an agent: %v", err)
	}
}

func TestSegmentsFollowEachOther(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	var want pos.Minor
	for n := range 1500 {
		_, bodies := cashSale(fmt.Sprintf("order-%d", n), 7)
		if _, err := j.Append(bodies...); err != nil {
			t.Fatal(err)
		}
		want += 7
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "journal", "0*.seg")); len(files) < 2 {
		t.Fatalf("%d segments", len(files))
	}
	if _, err := j.HeadAt(j.Head().Epoch, j.Head().Seq+1); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("beyond the end: %v", err)
	}
	closeAndVerify(t, j, dir)
	r, err := journal.OpenReader(filepath.Join(dir, "journal"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	payments, err := r.Payments()
	if err != nil {
		t.Fatal(err)
	}
	totals, err := payments.Totals()
	if err != nil || totals[pos.Cash]["EUR"] != (pos.Sum{Count: 1500, Amount: want}) {
		t.Errorf("totals %v, %v", totals, err)
	}
}

func TestTheAcknowledgementRidesOnACommit(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	j.Acknowledge([]byte("signed"), j.Head())
	if j.Acked() != j.Head() {
		t.Error("not told at once")
	}
	for n := range 2 {
		if n == 1 {
			_, bodies := cashSale("order", 1)
			if _, err := j.Append(bodies...); err != nil {
				t.Fatal(err)
			}
		}
		closeAndVerify(t, j, dir)
		j = open(t, dir)
		if raw, err := j.Acknowledgement(); string(raw) != "signed" || err != nil {
			t.Fatalf("after reopening: %q, %v", raw, err)
		}
	}
}

func TestDivergeBeginsAnEpochThatNamesBothHeads(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	id, bodies := cashSale("order-1", 100)
	if _, err := j.Append(bodies...); err != nil {
		t.Fatal(err)
	}
	own := j.Head()
	platform := record.Head{Epoch: own.Epoch, Seq: own.Seq + 10, Hash: record.Hash{1}}
	if err := j.Diverge(record.Restored, platform); err != nil {
		t.Fatal(err)
	}
	if j.Head().Epoch == own.Epoch || j.Head().Seq != 1 || j.Head().Epoch.String() <= own.Epoch.String() {
		t.Fatalf("new head %+v", j.Head())
	}
	list, err := j.Read(j.Head().Epoch, 1, 1)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	rec, _, err := j.Codec().Decode(list[0].Raw)
	if err != nil {
		t.Fatal(err)
	}
	body, err := j.Codec().Body(&rec)
	if boot, ok := body.(*record.Boot); err != nil || !ok || *boot.Own != own || *boot.Platform != platform {
		t.Errorf("%+v, %v", body, err)
	}
	closeAndVerify(t, j, dir)
	j = open(t, dir)
	if p, err := j.Views().Payment(id); err != nil || p == nil {
		t.Errorf("payment of the old epoch: %v, %v", p, err)
	}
	if len(j.Epochs()) != 2 {
		t.Errorf("epochs %v", j.Epochs())
	}
}

func TestAClockBehindTheJournalIsDoubtedAndSellingGoesOn(t *testing.T) {
	for behind, doubted := range map[time.Duration]bool{0: false, 50 * time.Second: false, 2 * time.Minute: true} {
		dir := t.TempDir()
		closeAndVerify(t, open(t, dir), dir)
		o := options(t, dir)
		o.Clock = func() record.Times {
			now := journal.SystemClock()
			now.Wall -= behind.Milliseconds()
			return now
		}
		j, err := journal.Open(o)
		if err != nil {
			t.Fatal(err)
		}
		_, bodies := cashSale("order-1", 100)
		if _, err := j.Append(bodies...); err != nil || j.MaySell() != nil || j.ClockDoubted() != doubted {
			t.Errorf("%s behind: doubted %v, %v", behind, j.ClockDoubted(), err)
		}
		closeAndVerify(t, j, dir)
	}
}

// A commit that fails while it is written may be on the disk all the same: nobody may say that no money has moved. What comes after it is not written.
func TestAFailedCommitIsNotDenied(t *testing.T) {
	j, err := journal.Open(options(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	journal.BreakDisk(t, j)
	for _, want := range []pos.MoneyState{pos.MoneyUnknown, pos.NoneMoved} {
		_, bodies := cashSale("order-"+string(want), 100)
		_, err := j.Append(bodies...)
		var e *pos.Error
		if !errors.As(err, &e) || e.Code != "journal_stopped" || e.Money != want {
			t.Errorf("%v, want money %s", err, want)
		}
	}
	if j.Stopped() == nil || j.MaySell() == nil {
		t.Error("the journal goes on")
	}
	_ = j.Close() // the broken file cannot be closed in order
}
