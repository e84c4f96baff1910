package api

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
)

// What cannot be read is passed over record by record, and what is read before it is not lost.
func TestAWebhookPassesDamageAndPrunedParts(t *testing.T) {
	epoch := pos.Epoch{1}
	at := func(seq pos.Seq) position { return position{epoch, seq} }
	stored := func(keys ...pos.Seq) (list []journal.Stored) {
		for _, key := range keys {
			list = append(list, journal.Stored{Key: key})
		}
		return list
	}
	damage := fmt.Errorf("record 12: %w", record.ErrDamaged)
	fault := pos.NewError("journal_unreadable", pos.Permanent, pos.MoneyUnknown, "", "")
	for name, c := range map[string]struct {
		list []journal.Stored
		err  error
		want pos.Seq
		fail bool
	}{
		"whole":              {stored(11, 12, 13), nil, 13, false},
		"ends at the damage": {stored(11), damage, 11, false},
		"begins with it":     {nil, damage, 11, false},
		"a fault":            {nil, fault, 11, false},
		"pruned":             {stored(5000, 5001), nil, 4999, false},
		"pruned, damaged":    {stored(5000), damage, 4999, false},
		"closed":             {nil, errors.New("database not open"), 10, true},
	} {
		got, err := readable(at(10), at(13), c.list, c.err)
		if (err != nil) != c.fail || got != at(c.want) {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

// A place may be before, in, between or behind the journal's lives.
func TestPlacesOfAJournal(t *testing.T) {
	j := openJournal(t, t.TempDir(), journal.SystemClock)
	n := NewNotices(Options{Journal: j})
	first := headOf(j)
	for range 3 {
		if _, err := j.Append(&record.PlatformResult{Note: "of no payment"}); err != nil {
			t.Fatal(err)
		}
	}
	left := headOf(j)
	if err := j.Diverge("forked", j.Head()); err != nil {
		t.Fatal(err)
	}
	head := headOf(j)
	for place, want := range map[string]uint64{head.String(): 0, left.String(): 1, first.String(): 4, "nonsense": 5, position{first.epoch, 99}.String(): 1,
		position{head.epoch, 99}.String(): 0, position{pos.Epoch{0xff}, 1}.String(): 0, position{pos.Epoch{0, 1}, 7}.String(): 5} {
		if got := n.Behind(place); got != want {
			t.Errorf("%s is %d behind, want %d", place, got, want)
		}
		steps, at := 0, place
		for ; steps < 10; steps++ {
			refs, next, err := n.Next(at)
			if err != nil || len(refs) != 0 {
				t.Errorf("%v, %v", refs, err)
			}
			if next == at {
				break
			}
			at = next
		}
		if end := n.Behind(at); end != 0 || steps > 2 {
			t.Errorf("from %s the end is not reached: %s", place, at)
		}
	}
	if n.Back(1) != (position{head.epoch, 0}).String() || n.Back(99) != n.Back(1) || n.Back(0) != n.Head() {
		t.Errorf("%s", n.Back(1))
	}
}

func openJournal(t *testing.T, dir string, clock journal.Clock) *journal.Journal {
	t.Helper()
	signer, err := cose.NewSigner(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(journal.Options{Dir: filepath.Join(dir, "journal"), Views: filepath.Join(dir, "views.db"), Till: "till-1", Signer: signer,
		Version: "test", Clock: clock, Segment: 256 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j
}

// Who was away for longer than records are kept gets an overview on the stream; a webhook goes on with what is still there.
func TestRetentionTakesPlacesAway(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		retentionTakesPlacesAway(t, dir)
	})
}

func retentionTakesPlacesAway(t *testing.T, dir string) {
	var mu sync.Mutex
	now := record.Times{Wall: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli(), Mono: 1}
	j := openJournal(t, dir, func() record.Times {
		mu.Lock()
		defer mu.Unlock()
		return now
	})
	start := headOf(j)
	fill(t, j, 4000)
	middle := headOf(j)
	mu.Lock()
	now.Wall, now.Mono = now.Wall+72*3_600_000, now.Mono+72*3_600_000
	mu.Unlock()
	custody := j.Head()
	j.Acknowledge([]byte("proof"), custody)
	fill(t, j, 1)
	removed, err := j.Prune(journal.Retention{Keep: 24 * time.Hour, Proof: func([]byte) []record.Head { return []record.Head{custody} }})
	if err != nil || removed == 0 {
		t.Fatalf("%d segments removed, %v", removed, err)
	}
	if n, ok := behind(j, start); ok {
		t.Errorf("a place that retention took is %d behind", n)
	}
	if _, ok := behind(j, middle); !ok {
		t.Error("a place that is there is not known")
	}
	n := NewNotices(Options{Journal: j})
	steps, at := 0, start.String()
	for ; n.Behind(at) > 0 && steps < 1000; steps++ {
		if _, at, err = n.Next(at); err != nil {
			t.Fatal(err)
		}
	}
	if end := n.Head(); at != end || steps > 60 {
		t.Errorf("after %d steps at %s, not at %s", steps, at, end)
	}
}

// fill appends records that speak of nothing.
func fill(t *testing.T, j *journal.Journal, count int) {
	t.Helper()
	for count > 0 {
		bodies := make([]record.Body, min(count, journal.CommitRecords))
		for i := range bodies {
			bodies[i] = &record.PlatformResult{Note: "of no payment"}
		}
		if _, err := j.Append(bodies...); err != nil {
			t.Fatal(err)
		}
		count -= len(bodies)
		synctest.Wait() // the next segment is made ready
	}
}
