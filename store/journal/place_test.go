package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
)

// sellOn opens the journal in a folder, sells until it has the given number of files and two more orders, and closes it.
func sellOn(t *testing.T, dir string, files int) (paths []string) {
	t.Helper()
	o := options(t, dir)
	o.Segment = 256 << 10
	j, err := journal.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	for more := 2; more > 0; {
		_, bodies := cashSale(fmt.Sprintf("order-%d", sales.Load()), 100)
		if _, err := j.Append(bodies...); err != nil {
			t.Fatal(err)
		}
		if paths, _ = filepath.Glob(filepath.Join(dir, "journal", "0*.seg")); len(paths) >= files {
			more--
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return paths
}

func verify(t *testing.T, dir string, custody ...journal.Custody) journal.Report {
	t.Helper()
	report, err := journal.Verify(filepath.Join(dir, "journal"), till, cose.OneKey(signer(t).Public()), custody...)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// copied puts one file's content under another name.
func copied(from, to string) error {
	content, err := os.ReadFile(from)
	return errors.Join(err, os.WriteFile(to, content, 0o600))
}

// A file that is damaged as a whole, or stands in the place of another, is named, and keeps nobody from the others. The agent goes on without a damaged file.
// It touches none that a person has mixed up: it would sell on behind the wrong record, or give up what only lies elsewhere.
func TestVerifyNamesTheFile(t *testing.T) {
	whole := t.TempDir()
	sellOn(t, whole, 3)
	if r := verify(t, whole); !r.OK {
		t.Fatalf("before: %+v", r)
	}
	for name, c := range map[string]struct {
		change func(list []string) error
		kind   journal.ProblemKind
		file   int
		starts bool
	}{
		"empty":      {func(list []string) error { return os.Truncate(list[0], 0) }, journal.Unreadable, 0, true},
		"heads gone": {func(list []string) error { return zeroed(list[1], 8192) }, journal.Unreadable, 1, true},
		"all gone": {func(list []string) error {
			return errors.Join(zeroed(list[0], 8192), zeroed(list[1], 8192), zeroed(list[2], 8192))
		}, journal.Unreadable, 2, true},
		"exchanged": {func(list []string) error {
			return errors.Join(os.Rename(list[1], list[1]+".x"), os.Rename(list[2], list[1]), os.Rename(list[1]+".x", list[2]))
		}, journal.Inserted, 1, false},
		"copied over another":    {func(list []string) error { return copied(list[0], list[1]) }, journal.Inserted, 1, false},
		"copied behind the last": {func(list []string) error { return copied(list[1], numbered(list[0], 99999)) }, journal.Inserted, 3, false},
		"copied into another life": {func(list []string) error {
			return copied(list[1], filepath.Join(filepath.Dir(list[1]), "01ffffff"+filepath.Base(list[0])[8:]))
		}, journal.Inserted, 3, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
				t.Fatal(err)
			}
			list, _ := filepath.Glob(filepath.Join(dir, "journal", "0*.seg"))
			if err := c.change(list); err != nil {
				t.Fatal(err)
			}
			report := verify(t, dir)
			now, _ := filepath.Glob(filepath.Join(dir, "journal", "0*.seg"))
			at := now[c.file]
			named := slices.ContainsFunc(report.Problems, func(p journal.Problem) bool {
				return p.Kind == c.kind && strings.HasSuffix(at, fmt.Sprintf("%s.%016d.seg", p.Epoch, p.Seq))
			})
			if report.OK || !named || name != "all gone" && report.Records == 0 {
				t.Errorf("%s is not named: %+v", filepath.Base(at), report)
			}
			j, err := journal.Open(options(t, dir))
			var e *pos.Error
			if c.starts && err != nil || !c.starts && (!errors.As(err, &e) || e.Code != "journal_unreadable" || e.Next == "") {
				t.Errorf("start: %v", err)
			}
			if j != nil {
				_ = j.Close()
				if r := verify(t, dir); r.OK && len(r.Holes) == 0 && name != "heads gone" { // all of that one was found again
					t.Errorf("what is lost is told by nobody: %+v", r)
				}
			} else if left, _ := filepath.Glob(filepath.Join(dir, "journal", "*")); slices.ContainsFunc(left, func(p string) bool { return strings.Contains(p, "damaged") }) {
				t.Errorf("a refused start has changed something: %s", left)
			}
		})
	}
}

func zeroed(path string, n int) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(bytes.Repeat([]byte{0}, n))
	return errors.Join(err, f.Close())
}

// numbered is the name of a file of the same epoch that begins with another record.
func numbered(path string, first int) string {
	epoch, _, _ := strings.Cut(filepath.Base(path), ".")
	return filepath.Join(filepath.Dir(path), fmt.Sprintf("%s.%016d.seg", epoch, first))
}

// Two tills sold on from copies of one journal. Parts of both in one folder are named, and so is the one that the platform did not go on with.
func TestVerifyNamesAFork(t *testing.T) {
	one, two := filled(t), t.TempDir()
	list, _ := filepath.Glob(filepath.Join(one, "journal", "0*.seg"))
	if err := errors.Join(os.Mkdir(filepath.Join(two, "journal"), 0o700), copied(list[0], filepath.Join(two, "journal", filepath.Base(list[0])))); err != nil {
		t.Fatal(err)
	}
	sellOn(t, one, 1)
	sellOn(t, two, 1)
	a, b := verify(t, one), verify(t, two)
	if !a.OK || !b.OK || a.Epochs[0].LastSeq != 38 || b.Epochs[0].LastSeq != 38 {
		t.Fatalf("%+v %+v", a, b)
	}
	ack := record.Head{Epoch: b.Epochs[0].Epoch, Seq: 38, Hash: b.Epochs[0].Head}
	custody := func([]byte) (record.Head, bool) { return ack, true }
	if r := verify(t, one, custody); len(r.Problems) != 1 || r.Problems[0].Kind != journal.ForkedAt || r.Problems[0].Seq != 38 {
		t.Errorf("another record is acknowledged: %+v", r)
	}
	if r := verify(t, two, custody); !r.OK {
		t.Errorf("its own record is acknowledged: %+v", r)
	}
	frames := map[uint64][]byte{}
	tamper(t, two, func(b *bbolt.Bucket) error {
		for n := uint64(36); n <= 38; n++ {
			frames[n] = bytes.Clone(b.Get(key(n)))
		}
		return nil
	})
	tamper(t, one, func(b *bbolt.Bucket) error {
		return errors.Join(b.Put(key(36), frames[36]), b.Put(key(37), frames[37]), b.Put(key(38), frames[38]))
	})
	if r := verify(t, one); len(r.Problems) != 1 || r.Problems[0].Kind != journal.ForkedAt || r.Problems[0].Seq != 35 {
		t.Errorf("two branches in one folder: %+v", r)
	}
}
