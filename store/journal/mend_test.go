package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
)

// newest is the only segment of a journal that was filled.
func newest(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "journal", "*.seg"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	return files[len(files)-1]
}

// told is what the current epoch says of a damage.
type told struct {
	boot  *record.Boot
	holes []*record.Hole
}

func readTold(t *testing.T, j *journal.Journal, epoch pos.Epoch) (out told) {
	t.Helper()
	for from := pos.Seq(1); ; {
		list, err := j.Read(epoch, from, 100)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			return out
		}
		for _, s := range list {
			from = s.Key + 1
			rec, _, err := j.Codec().Decode(s.Raw)
			if err != nil {
				t.Fatal(err)
			}
			switch body, _ := j.Codec().Body(&rec); b := body.(type) {
			case *record.Boot:
				if rec.Seq == 1 {
					out.boot = b
				}
			case *record.Hole:
				out.holes = append(out.holes, b)
			}
		}
	}
}

func verifyDir(t *testing.T, dir string) journal.Report {
	t.Helper()
	report, err := journal.Verify(filepath.Join(dir, "journal"), till, cose.OneKey(signer(t).Public()))
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// A damaged newest file stops nobody from selling: it is kept as it is, what it still holds is saved, and a new epoch says what is in doubt.
func TestADamagedJournalSellsOn(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(path string) error
		saved  int // payments
	}{
		"garbage":      {func(path string) error { return os.WriteFile(path, []byte("not a database at all"), 0o600) }, 0},
		"cut short":    {func(path string) error { return os.Truncate(path, 4096*2) }, 0},
		"zeros":        {func(path string) error { return os.WriteFile(path, make([]byte, 1<<16), 0o600) }, 0},
		"both heads":   {func(path string) error { return overwrite(path, 0, make([]byte, 8192)) }, 10},
		"every branch": {damageBranches, 10},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filled(t)
			path := newest(t, dir)
			if err := c.damage(path); err != nil {
				t.Fatal(err)
			}
			before, _ := os.ReadFile(path)
			if err := os.Remove(filepath.Join(dir, "views.db")); err != nil {
				t.Fatal(err)
			}
			j, err := journal.Open(options(t, dir))
			if err != nil {
				t.Fatal(err)
			}
			if after, _ := os.ReadFile(path + ".damaged"); !bytes.Equal(after, before) {
				t.Error("the damaged file was changed")
			}
			said := readTold(t, j, j.Head().Epoch)
			if said.boot == nil || said.boot.Reason != record.Damaged || len(said.holes) != 1 || said.holes[0].Reason != record.HoleTail || !said.holes[0].End {
				t.Errorf("boot %+v, holes %+v", said.boot, said.holes)
			}
			if list, err := j.Views().List(journal.Query{Limit: 100}); err != nil || len(list) != c.saved {
				t.Errorf("%d payments, %v", len(list), err)
			}
			_, bodies := cashSale("after", 100)
			if _, err := j.Append(bodies...); err != nil || j.MaySell() != nil {
				t.Errorf("a sale: %v", err)
			}
			head := j.Head()
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			if report := verifyDir(t, dir); !report.OK {
				t.Errorf("%+v", report.Problems)
			}
			j = openPlain(t, dir)
			if j.Head().Epoch != head.Epoch || j.Head().Seq != head.Seq+1 {
				t.Errorf("head %+v after another start: it was mended twice", j.Head())
			}
			closeAndVerify(t, j, dir)
		})
	}
}

func overwrite(path string, at int64, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(b, at)
	return errors.Join(err, f.Close())
}

// damageBranches overwrites the heads of all pages, and so no frame.
func damageBranches(path string) error {
	content, err := os.ReadFile(path)
	for at := 0; at < len(content) && err == nil; at += 4096 {
		if !bytes.Contains(content[at:min(at+64, len(content))], []byte(record.FrameMagic)) {
			err = overwrite(path, int64(at), bytes.Repeat([]byte{0xee}, 16))
		}
	}
	return err
}

// flip changes a byte of the stored record with a number, so that its check value tells.
func flip(t *testing.T, dir string, seq uint64) {
	t.Helper()
	tamper(t, dir, func(b *bbolt.Bucket) error {
		frame := bytes.Clone(b.Get(key(seq)))
		frame[len(frame)-1] ^= 1
		return b.Put(key(seq), frame)
	})
}

func TestADamagedLastRecordIsNotOverwritten(t *testing.T) {
	dir := filled(t)
	flip(t, dir, 31)
	j := openPlain(t, dir)
	said := readTold(t, j, j.Head().Epoch)
	if said.boot == nil || said.boot.Own.Seq != 30 || said.boot.Platform.Seq != 28 {
		t.Fatalf("%+v", said.boot)
	}
	// The sale of three records was one commit, signed on the lost one: 29 and 30 are brought, 31 and what may have been behind it are lost.
	if n := len(said.holes); n != 3 || said.holes[0].From != 29 || len(said.holes[1].Raw) == 0 || said.holes[2].From != 31 || said.holes[2].Reason != record.HoleTail {
		t.Errorf("%d holes: %+v", n, said.holes[len(said.holes)-1])
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	report := verifyDir(t, dir)
	if !report.OK || len(report.Holes) == 0 {
		t.Errorf("problems %+v, holes %+v", report.Problems, report.Holes)
	}
}

// What cannot be read in the middle is named by its hash, and everything behind it is brought in a new epoch, byte for byte.
func TestMendBringsWhatIsBehindAHole(t *testing.T) {
	dir := filled(t)
	flip(t, dir, 9)
	j := openPlain(t, dir)
	old := j.Head().Epoch
	if err := j.Mend(old, 9); err != nil {
		t.Fatal(err)
	}
	said := readTold(t, j, j.Head().Epoch)
	if said.boot == nil || said.boot.Platform.Seq != 7 || said.boot.Own.Seq != 32 || !j.Mended(old) {
		t.Fatalf("%+v", said.boot)
	}
	var kinds []string
	for _, h := range said.holes {
		kinds = append(kinds, fmt.Sprintf("%d-%d %s", h.From, h.To, h.Reason))
	}
	if got := strings.Join(kinds[:4], ", "); got != "8-0 salvaged, 9-9 unreadable, 10-0 salvaged, 11-0 salvaged" || len(said.holes) != 26 {
		t.Errorf("%d holes: %s", len(said.holes), got)
	}
	ten, err := j.Read(old, 10, 1)
	if err != nil || !bytes.Equal(ten[0].Raw, said.holes[2].Raw) {
		t.Errorf("record 10: %v", err)
	}
	if rec, _, err := j.Codec().Decode(ten[0].Raw); err != nil || !bytes.Equal(rec.Prev[:], said.holes[1].Hash) {
		t.Errorf("the hash of record 9: %x, %v", said.holes[1].Hash, err)
	}
	head := j.Head()
	if err := j.Mend(old, 9); err != nil || j.Head() != head {
		t.Errorf("mended twice: %v", err)
	}
	reopen(t, &j, dir)
	if err := j.Mend(old, 9); err != nil || j.Head().Seq != head.Seq+1 || !j.Mended(old) {
		t.Errorf("mended again after a start: %v, head %+v", err, j.Head())
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if report := verifyDir(t, dir); !report.OK || len(report.Holes) != 1 || report.Holes[0].Seq != 9 {
		t.Errorf("problems %+v, holes %+v", report.Problems, report.Holes)
	}
}

// A crash may cut the series of holes, or stand between the two renames: the next start goes on.
func TestACrashWhileMendingIsMended(t *testing.T) {
	for left := range 5 {
		dir := filled(t)
		flip(t, dir, 30)
		if left == 4 { // the damaged file has its name, the saved one has not its own
			path := newest(t, dir)
			if err := os.Rename(path, path+".damaged"); err != nil {
				t.Fatal(err)
			}
		} else {
			j := openPlain(t, dir)
			if err := errors.Join(j.Mend(j.Head().Epoch, 30), j.Close()); err != nil {
				t.Fatal(err)
			}
			cut(t, newest(t, dir), uint64(1+left))
		}
		j := openPlain(t, dir)
		said := readTold(t, j, j.Head().Epoch)
		if said.boot == nil || len(said.holes) == 0 || !said.holes[len(said.holes)-1].End {
			t.Errorf("%d holes left: %+v %+v", left, said.boot, said.holes)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if report := verifyDir(t, dir); !report.OK {
			t.Errorf("%d holes left: %+v", left, report.Problems)
		}
	}
}

// cut deletes the records behind a number, and the views, which cover them.
func cut(t *testing.T, path string, last uint64) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte("records"))
		raw, _, err := record.ReadFrame(b.Get(key(last)))
		if err != nil {
			return err
		}
		signature, err := signer(t).Detached(raw, cose.ForRecord)
		if err != nil {
			return err
		}
		if err := b.Put(key(last), record.AppendFrame(nil, bytes.Clone(raw), signature)); err != nil {
			return err
		}
		for n := last + 1; b.Get(key(n)) != nil; n++ {
			if err := b.Delete(key(n)); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestAFileInTheWayIsNoDamage(t *testing.T) {
	dir := filled(t)
	r, err := journal.OpenReader(filepath.Join(dir, "journal"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var e *pos.Error
	if _, err := journal.Open(options(t, dir)); !errors.As(err, &e) || e.Code != "journal_locked" {
		t.Errorf("an agent beside a reader: %v", err)
	}
	if list, _ := filepath.Glob(filepath.Join(dir, "journal", "*.damaged")); len(list) > 0 {
		t.Errorf("%v", list)
	}
}
