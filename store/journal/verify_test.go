package journal_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
)

// filled makes a journal of one boot record and ten cash sales, 31 records, and closes it.
func filled(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	j, err := journal.Open(options(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	for n := range 10 {
		_, bodies := cashSale(fmt.Sprintf("order-%d", n), 100)
		if _, err := j.Append(bodies...); err != nil {
			t.Fatal(err)
		}
	}
	j.Acknowledge([]byte("custody up to 31"), j.Head())
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// tamper changes the records of the only segment as somebody with the file could, check values included.
func tamper(t *testing.T, dir string, change func(b *bbolt.Bucket) error) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "journal", "*.seg"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	db, err := bbolt.Open(files[0], 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(func(tx *bbolt.Tx) error { return change(tx.Bucket([]byte("records"))) }), db.Close()); err != nil {
		t.Fatal(err)
	}
}

func key(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// rewrite puts other record bytes under a number, with a right check value and the old signature.
func rewrite(b *bbolt.Bucket, n uint64, edit func(raw []byte) []byte) error {
	raw, signature, err := record.ReadFrame(b.Get(key(n)))
	if err != nil {
		return err
	}
	return b.Put(key(n), record.AppendFrame(nil, edit(bytes.Clone(raw)), bytes.Clone(signature)))
}

func TestVerifyNamesTheRecord(t *testing.T) {
	for name, c := range map[string]struct {
		change func(b *bbolt.Bucket) error
		kind   journal.ProblemKind
		seq    pos.Seq
	}{
		"a byte changed": {func(b *bbolt.Bucket) error {
			return rewrite(b, 6, func(raw []byte) []byte { raw[len(raw)-1] ^= 1; return raw })
		}, journal.Changed, 6},
		"the last record changed": {func(b *bbolt.Bucket) error {
			return rewrite(b, 31, func(raw []byte) []byte { raw[len(raw)-1] ^= 1; return raw })
		}, journal.Unsigned, 31},
		"bytes added": {func(b *bbolt.Bucket) error {
			return rewrite(b, 7, func(raw []byte) []byte { return append(raw, 0) })
		}, journal.Changed, 7},
		"deleted": {func(b *bbolt.Bucket) error { return b.Delete(key(9)) }, journal.Missing, 9},
		"exchanged": {func(b *bbolt.Bucket) error {
			five, six := bytes.Clone(b.Get(key(5))), bytes.Clone(b.Get(key(6)))
			return errors.Join(b.Put(key(5), six), b.Put(key(6), five))
		}, journal.Reordered, 5},
		"doubled at the end": {func(b *bbolt.Bucket) error { return b.Put(key(32), bytes.Clone(b.Get(key(31)))) }, journal.Reordered, 32},
		"of another till": {func(b *bbolt.Bucket) error {
			return rewrite(b, 8, func(raw []byte) []byte { return bytes.Replace(raw, []byte("till-1"), []byte("till-2"), 1) })
		}, journal.Inserted, 8},
		"a bit flipped by the disk": {func(b *bbolt.Bucket) error {
			frame := bytes.Clone(b.Get(key(10)))
			frame[len(frame)-1] ^= 1
			return b.Put(key(10), frame)
		}, journal.Unreadable, 10},
		"no CBOR": {func(b *bbolt.Bucket) error {
			return rewrite(b, 11, func(raw []byte) []byte { return []byte{0xff} })
		}, journal.Unreadable, 11},
		"the signature taken away": {func(b *bbolt.Bucket) error {
			raw, _, err := record.ReadFrame(b.Get(key(31)))
			return errors.Join(err, b.Put(key(31), record.AppendFrame(nil, bytes.Clone(raw), nil)))
		}, journal.Unsigned, 31},
		"the end cut off": {func(b *bbolt.Bucket) error {
			return errors.Join(b.Delete(key(31)), b.Delete(key(30)), b.Delete(key(29)))
		}, journal.Truncated, 31},
		"the key of an index that is none": {func(b *bbolt.Bucket) error { return b.Put([]byte("x"), []byte("y")) }, journal.Unreadable, 32},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filled(t)
			tamper(t, dir, c.change)
			custody := func(raw []byte) (record.Head, bool) {
				r, err := journal.OpenReader(filepath.Join(dir, "journal"))
				if err != nil {
					t.Fatal(err)
				}
				defer r.Close()
				return record.Head{Epoch: r.Epochs()[0], Seq: 31}, string(raw) == "custody up to 31"
			}
			report, err := journal.Verify(filepath.Join(dir, "journal"), till, cose.OneKey(signer(t).Public()), custody)
			if err != nil || report.OK || len(report.Problems) == 0 {
				t.Fatalf("%+v, %v", report, err)
			}
			if p := report.Problems[0]; p.Kind != c.kind || p.Seq != c.seq || p.Text == "" {
				t.Errorf("first problem %+v, want %s at %d", p, c.kind, c.seq)
			}
		})
	}
}

func TestVerifyKnowsTheSigner(t *testing.T) {
	dir := filled(t)
	nobody := func(cose.KeyID) (cose.PublicKey, bool) { return nil, false }
	report, err := journal.Verify(filepath.Join(dir, "journal"), till, nobody)
	if err != nil || report.OK || report.Problems[0].Kind != journal.Unsigned {
		t.Errorf("%+v, %v", report, err)
	}
	if report, err = journal.Verify(filepath.Join(dir, "journal"), till, cose.OneKey(signer(t).Public())); err != nil || !report.OK || report.Records != 31 {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestRebuildGivesTheSameDump(t *testing.T) {
	dir := filled(t)
	segments, views := filepath.Join(dir, "journal"), filepath.Join(dir, "views.db")
	first, err := journal.Rebuild(segments, views)
	if err != nil || first.Payments != 10 || first.Records != 31 {
		t.Fatalf("%+v, %v", first, err)
	}
	if err := os.Remove(views); err != nil {
		t.Fatal(err)
	}
	if second, err := journal.Rebuild(segments, views); err != nil || second != first {
		t.Errorf("%+v, %v; want %+v", second, err, first)
	}
	if owner, err := journal.Owner(segments); err != nil || owner != till {
		t.Errorf("%s, %v", owner, err)
	}
	other := filled(t)
	if second, err := journal.Rebuild(filepath.Join(other, "journal"), filepath.Join(other, "views.db")); err != nil || second.Dump == first.Dump {
		t.Errorf("another journal gives the same dump: %+v, %v", second, err)
	}
}

func TestNoJournal(t *testing.T) {
	if _, err := journal.OpenReader(filepath.Join(t.TempDir(), "nothing")); !errors.Is(err, journal.ErrEmpty) {
		t.Errorf("missing folder: %v", err)
	}
	if _, err := journal.OpenReader(t.TempDir()); !errors.Is(err, journal.ErrEmpty) {
		t.Errorf("empty folder: %v", err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "nonsense.seg"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var e *pos.Error
	if _, err := journal.OpenReader(dir); !errors.As(err, &e) || e.Code != "journal_unreadable" {
		t.Errorf("a file of another name: %v", err)
	}
}
