package journal_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
)

// years is a till whose days pass as the test says.
type years struct {
	t    *testing.T
	dir  string
	j    *journal.Journal
	now  record.Times
	sold map[string]pos.PaymentID
}

// live runs a till in a bubble, so that a test can wait for what the journal does beside the sales.
func live(t *testing.T, f func(y *years)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		y := &years{t: t, dir: t.TempDir(), now: record.Times{Wall: 1_750_000_000_000, Mono: 1000}, sold: map[string]pos.PaymentID{}}
		y.open()
		ended := false
		defer func() {
			if !ended { // the bubble ends when its goroutines have
				_ = y.j.Close()
			}
		}()
		f(y)
		ended = true
		if err := y.j.Close(); err != nil {
			t.Error(err)
		}
		y.verify()
	})
}

func (y *years) open() {
	y.t.Helper()
	o := options(y.t, y.dir)
	o.Clock = func() record.Times { return y.now }
	o.Segment = 256 << 10
	j, err := journal.Open(o)
	if err != nil {
		y.t.Fatal(err)
	}
	y.j = j
	synctest.Wait()
}

// restart closes the journal and opens it again. With fresh views they are made from the records alone.
func (y *years) restart(fresh bool) {
	y.t.Helper()
	if err := y.j.Close(); err != nil {
		y.t.Fatal(err)
	}
	if fresh {
		if err := os.Remove(filepath.Join(y.dir, "views.db")); err != nil {
			y.t.Fatal(err)
		}
	}
	y.open()
}

func (y *years) pass(d time.Duration) {
	y.now.Wall += d.Milliseconds()
	y.now.Mono += uint64(d.Milliseconds())
}

func (y *years) append(bodies ...record.Body) {
	y.t.Helper()
	if _, err := y.j.Append(bodies...); err != nil {
		y.t.Fatal(err)
	}
	synctest.Wait() // until the keeper has prepared what it was asked for
}

// sell makes one finished sale of 100, and remembers it under its order.
func (y *years) sell(order string) {
	y.t.Helper()
	id, bodies := cashSale(order, 100)
	y.sold[order] = id
	y.append(bodies...)
}

// day is a day of five sales.
func (y *years) day(n int) {
	y.t.Helper()
	for i := range 5 {
		y.sell(fmt.Sprintf("day-%d-%d", n, i))
	}
	y.pass(24 * time.Hour)
}

// acknowledge lets the platform take everything into custody.
func (y *years) acknowledge() {
	y.t.Helper()
	raw, err := cbor.Marshal(y.j.Head())
	if err != nil {
		y.t.Fatal(err)
	}
	y.j.Acknowledge(raw, y.j.Head())
	y.sell(fmt.Sprintf("ack-%d", y.j.Head().Seq)) // it rides on a commit
}

// proof believes every head.
func proof(raw []byte) []record.Head {
	var h record.Head
	if cbor.Unmarshal(raw, &h) != nil {
		return nil
	}
	return []record.Head{h}
}

func (y *years) prune(keep time.Duration, want int) {
	y.t.Helper()
	n, err := y.j.Prune(journal.Retention{Keep: keep, Proof: proof})
	if err != nil || want >= 0 && n != want {
		y.t.Fatalf("%d files removed, not %d: %v", n, want, err)
	}
}

func (y *years) segments() []string {
	files, _ := filepath.Glob(filepath.Join(y.dir, "journal", "*.seg"))
	var list []string
	for _, f := range files {
		if name := filepath.Base(f); name[0] != 'n' {
			list = append(list, f)
		}
	}
	return list
}

func (y *years) dump() string {
	y.t.Helper()
	d, err := y.j.Dump()
	if err != nil {
		y.t.Fatal(err)
	}
	return d.Dump
}

func (y *years) verify() {
	y.t.Helper()
	report, err := journal.Verify(filepath.Join(y.dir, "journal"), till, cose.OneKey(signer(y.t).Public()), func(raw []byte) (record.Head, bool) {
		heads := proof(raw)
		return heads[0], len(heads) > 0
	})
	if err != nil || !report.OK {
		y.t.Errorf("verify: %+v, %v", report.Problems, err)
	}
}

// totals reads them from the records alone. The journal must be closed.
func (y *years) totals() pos.Totals {
	y.t.Helper()
	r, err := journal.OpenReader(filepath.Join(y.dir, "journal"))
	if err != nil {
		y.t.Fatal(err)
	}
	defer r.Close()
	totals, err := r.Totals()
	if err != nil {
		y.t.Fatal(err)
	}
	return totals
}

func (y *years) known(order string) bool {
	y.t.Helper()
	p, err := y.j.Views().ByKey(pos.OrderKey{Order: pos.OrderRef(order), Attempt: 1})
	if err != nil {
		y.t.Fatal(err)
	}
	return p != nil
}

func (y *years) expired(order string) bool {
	y.t.Helper()
	gone, err := y.j.Views().Expired(pos.OrderKey{Order: pos.OrderRef(order), Attempt: 1})
	if err != nil {
		y.t.Fatal(err)
	}
	return gone
}

func TestASegmentEndsWithItsDay(t *testing.T) {
	live(t, func(y *years) {
		for n := range 4 {
			y.day(n)
		}
		if n := len(y.segments()); n != 4 {
			t.Errorf("%d segments in 4 days", n)
		}
		y.pass(-3 * 24 * time.Hour)
		y.day(9)
		if n := len(y.segments()); n != 4 {
			t.Errorf("%d segments after the clock was set back", n)
		}
	})
}

// What goes leaves its money, its keys and whatever is not finished; and what the views hold is what they would be made of.
func TestPruningForgetsNoMoney(t *testing.T) {
	live(t, func(y *years) {
		pending, half := cashSale("pending", 100)
		y.append(half[0])
		refunded, whole := cashSale("refunded-later", 100)
		y.append(whole...)
		for n := range 6 {
			y.day(n)
		}
		y.append(&record.Operation{Payment: refunded, Key: "r1", What: pos.Refund, Amount: 40, Currency: "EUR", Tender: pos.Cash, Mode: pos.Offline})
		y.append(&record.OperationEnd{Payment: refunded, Key: "r1", State: pos.OperationDone})
		y.acknowledge()
		y.restart(false)
		before := y.totalsNow()
		y.prune(72*time.Hour, 3)
		if after := y.totalsNow(); !after.Equal(before) {
			t.Errorf("totals were %v and are %v", before, after)
		}
		live := y.dump()
		y.restart(true)
		if rebuilt := y.dump(); rebuilt != live {
			t.Errorf("made anew the views are %s, live they are %s", rebuilt, live)
		}
		if y.known("day-0-0") || !y.expired("day-0-0") || !y.known("day-5-0") || y.expired("day-5-0") || y.expired("never") {
			t.Error("an order that went, one that stays or one that never was is not what it should be")
		}
		if p, err := y.j.Views().Payment(refunded); err != nil || p == nil || p.Returned != 40 {
			t.Errorf("a payment with later records: %+v, %v", p, err)
		}
		if list, err := y.j.Views().Open(); err != nil || len(list) != 1 || list[0].Intent.Payment != pending {
			t.Errorf("open: %v, %v", list, err)
		}
		y.append(&record.Resolution{Payment: pending, Status: pos.Cancelled, Evidence: record.ByCashier, Text: "given up"})
	})
}

// totalsNow closes the journal to read it.
func (y *years) totalsNow() pos.Totals {
	y.t.Helper()
	if err := y.j.Close(); err != nil {
		y.t.Fatal(err)
	}
	totals := y.totals()
	y.open()
	return totals
}

// The carry records go themselves one day; what they carry goes on, order keys for 400 days.
func TestCarriedOnAgainAndAgain(t *testing.T) {
	live(t, func(y *years) {
		pending, half := cashSale("pending", 100)
		y.append(half[0])
		for n := range 24 {
			y.day(n)
			if n%3 == 2 {
				y.acknowledge()
				y.prune(48*time.Hour, -1)
				y.pass(9 * 24 * time.Hour)
			}
		}
		if n := len(y.segments()); n > 8 {
			t.Errorf("%d segments are left", n)
		}
		if !y.expired("day-10-0") {
			t.Error("an order of a few months ago is forgotten")
		}
		sum := y.totalsNow()[pos.Cash]["EUR"]
		if sum.Count != len(y.sold) || sum.Amount != pos.Minor(100*len(y.sold)) {
			t.Errorf("%d sales of 100 are %+v", len(y.sold), sum)
		}
		for n := range 5 {
			y.pass(100 * 24 * time.Hour)
			y.sell(fmt.Sprintf("late-%d", n))
			y.acknowledge()
			y.prune(48*time.Hour, -1)
		}
		if y.expired("day-10-0") || !y.expired("late-2") {
			t.Error("keys are to be kept 400 days")
		}
		live := y.dump()
		y.restart(true)
		if rebuilt := y.dump(); rebuilt != live {
			t.Errorf("made anew the views are %s, live they are %s", rebuilt, live)
		}
		if list, err := y.j.Views().Open(); err != nil || len(list) != 1 || list[0].Intent.Payment != pending {
			t.Errorf("open: %v, %v", list, err)
		}
	})
}

// A crash after the carry records and before the file is gone: it goes at the next try, and nothing counts twice.
func TestACrashInTheMiddleOfAPruneChangesNothing(t *testing.T) {
	live(t, func(y *years) {
		for n := range 5 {
			y.day(n)
		}
		y.acknowledge()
		before := y.totalsNow()
		first := y.segments()[0]
		kept, err := os.ReadFile(first)
		if err != nil {
			t.Fatal(err)
		}
		views, err := os.ReadFile(filepath.Join(y.dir, "views.db"))
		if err != nil {
			t.Fatal(err)
		}
		y.prune(90*time.Hour, 1)
		live, head := y.dump(), y.j.Head()
		for _, old := range []string{"views of after it", "views of before it", "no views"} {
			if err := y.j.Close(); err != nil {
				t.Fatal(err)
			}
			err := os.WriteFile(first, kept, 0o600)
			switch old {
			case "views of before it":
				err = errors.Join(err, os.WriteFile(filepath.Join(y.dir, "views.db"), views, 0o600))
			case "no views":
				err = errors.Join(err, os.Remove(filepath.Join(y.dir, "views.db")))
			}
			if err != nil {
				t.Fatal(err)
			}
			if after := y.totals(); !after.Equal(before) {
				t.Errorf("%s: totals were %v and are %v", old, before, after)
			}
			y.open()
			if got := y.dump(); got != live {
				t.Errorf("%s: views %s, not %s", old, got, live)
			}
			y.prune(90*time.Hour, 1)
			if got := y.dump(); got != live {
				t.Errorf("%s: views %s after the second try, not %s", old, got, live)
			}
			if head.Seq++; y.j.Head().Seq != head.Seq { // the boot record
				t.Errorf("%s: head %d, not %d: it was carried on twice", old, y.j.Head().Seq, head.Seq)
			}
		}
	})
}

func TestWhatIsNotCoveredOrTooYoungStays(t *testing.T) {
	for name, change := range map[string]func(y *years, r *journal.Retention){
		"no acknowledgement":      func(y *years, r *journal.Retention) { r.Proof = func([]byte) []record.Head { return nil } },
		"of an unknown epoch":     func(y *years, r *journal.Retention) { r.Proof = oneHead(record.Head{Epoch: pos.Epoch{0xff}, Seq: 9}) },
		"of another record":       func(y *years, r *journal.Retention) { h := y.j.Head(); h.Hash[0] ^= 1; r.Proof = oneHead(h) },
		"of the first record":     func(y *years, r *journal.Retention) { h, _ := y.j.HeadAt(y.j.Head().Epoch, 1); r.Proof = oneHead(h) },
		"too young":               func(y *years, r *journal.Retention) { r.Keep = 60 * 24 * time.Hour },
		"less than the least":     func(y *years, r *journal.Retention) { r.Keep = 0; y.pass(-5 * 24 * time.Hour) },
		"the clock off the proof": func(y *years, r *journal.Retention) { y.j.Prove(y.now.Wall-200_000, y.now, y.now) },
		"the clock was set": func(y *years, r *journal.Retention) {
			y.now.Wall += time.Hour.Milliseconds()
			y.sell("after the jump")
		},
	} {
		t.Run(name, func(t *testing.T) {
			live(t, func(y *years) {
				for n := range 5 {
					y.day(n)
				}
				y.acknowledge()
				r := journal.Retention{Keep: 24 * time.Hour, Proof: proof}
				change(y, &r)
				if n, err := y.j.Prune(r); n != 0 || err != nil {
					t.Errorf("%d files removed, %v", n, err)
				}
			})
		})
	}
}

func oneHead(h record.Head) func([]byte) []record.Head {
	return func([]byte) []record.Head { return []record.Head{h} }
}

func TestTheUnusedEndOfADayIsCutOff(t *testing.T) {
	live(t, func(y *years) {
		for n := range 3 {
			y.day(n)
		}
		synctest.Wait()
		for i, path := range y.segments() {
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if last := i == len(y.segments())-1; last != (info.Size() == 256<<10) {
				t.Errorf("file %d has %d bytes", i, info.Size())
			}
		}
		y.restart(true)
	})
}

// Only what a carry record names may be gone.
func TestVerifyKnowsWhatMayBeGone(t *testing.T) {
	for name, c := range map[string]struct {
		prune  bool
		remove int // of the files that are left, -1 for none
		kind   journal.ProblemKind
	}{
		"pruned":                           {true, -1, ""},
		"the first file deleted":           {false, 0, journal.Missing},
		"pruned, and one more deleted":     {true, 0, journal.Missing},
		"pruned, and the middle deleted":   {true, 1, journal.Missing},
		"deleted in the middle":            {false, 2, journal.Missing},
		"pruned, and what says so deleted": {true, 3, journal.Missing},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				y := &years{t: t, dir: t.TempDir(), now: record.Times{Wall: 1_750_000_000_000, Mono: 1000}, sold: map[string]pos.PaymentID{}}
				y.open()
				for n := range 5 {
					y.day(n)
				}
				y.acknowledge()
				custody := y.j.Acked()
				if c.prune {
					y.prune(72*time.Hour, 2)
				}
				if err := y.j.Close(); err != nil {
					t.Fatal(err)
				}
				if c.remove >= 0 {
					if err := os.Remove(y.segments()[c.remove]); err != nil {
						t.Fatal(err)
					}
				}
				report, err := journal.Verify(filepath.Join(y.dir, "journal"), till, cose.OneKey(signer(t).Public()),
					func([]byte) (record.Head, bool) { return custody, true })
				if err != nil || report.OK != (c.kind == "") || c.kind != "" && report.Problems[0].Kind != c.kind {
					t.Errorf("%+v, %v", report, err)
				}
			})
		})
	}
}

// A till that comes from a backup begins a new epoch; what is old goes from the former one, and in the end all of it.
func TestPruningAcrossEpochs(t *testing.T) {
	live(t, func(y *years) {
		y.day(0)
		y.day(1)
		old := y.j.Head()
		if err := y.j.Diverge(record.Restored, record.Head{Epoch: old.Epoch, Seq: old.Seq + 10, Hash: record.Hash{1}}); err != nil {
			t.Fatal(err)
		}
		for n := range 4 {
			y.day(10 + n)
		}
		y.acknowledge()
		before := y.totalsNow()
		y.prune(72*time.Hour, 3)
		if list := y.j.Epochs(); len(list) != 1 || list[0] == old.Epoch {
			t.Errorf("epochs %v", list)
		}
		live := y.dump()
		if after := y.totalsNow(); !after.Equal(before) {
			t.Errorf("totals were %v and are %v", before, after)
		}
		y.restart(true)
		if rebuilt := y.dump(); rebuilt != live || !y.expired("day-0-0") {
			t.Errorf("made anew the views are %s, live they are %s", rebuilt, live)
		}
	})
}
