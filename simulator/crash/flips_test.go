//go:build linux

package crash

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/crash/draw"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// TestDamagedFiles flips bits in a journal's files, cuts files short and empties sectors. Reading says what is damaged or gives exactly what
// was written; nothing dies of it; and every other record can be salvaged.
func TestDamagedFiles(t *testing.T) {
	from, cases := draw.Seed(t), draw.Count(t, "FLIPS", 500, 10_000)
	input := os.Getenv("CRASH_INPUT")
	if input == "" {
		input = scratch(t)
		if err := workFor(input, from, 60, func(a answer) {
			if a.err != nil {
				t.Error(a.err)
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	spread(t, "flips", task{Seed: from, To: cases, Input: input}).tell(t, "damaged files")
	if t.Failed() {
		keep(t, input)
	}
}

// keep copies the files that were damaged to where they can be looked at: no two journals are the same, even of one seed.
func keep(t *testing.T, input string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "tillproof-damaged-")
	if err == nil {
		err = os.CopyFS(dir, os.DirFS(input))
	}
	t.Logf("the files are kept, %v: SEED and CRASH_INPUT=%s repeat this", err, dir)
}

// stored names a record as it is stored.
type stored struct {
	epoch pos.Epoch
	seq   pos.Seq
}

// flipJob is the child's side.
type flipJob struct {
	task
	files   map[string][]byte // what was written, by path
	names   []string
	records map[stored][sha256.Size]byte
	known   map[[sha256.Size]byte]bool
	views   []byte // canonical dump
	told    view.Payments
	codec   *record.Codec
}

func newFlipJob(t task) (*flipJob, error) {
	j := &flipJob{task: t, files: map[string][]byte{}, known: map[[sha256.Size]byte]bool{}}
	for _, pattern := range []string{"journal/*.seg", "views.db"} {
		found, err := filepath.Glob(filepath.Join(t.Input, pattern))
		if err != nil {
			return nil, err
		}
		for _, path := range found {
			name, _ := filepath.Rel(t.Input, path)
			if j.files[name], err = os.ReadFile(path); err != nil {
				return nil, err
			}
			j.names = append(j.names, name)
		}
	}
	if err := j.restore(); err != nil {
		return nil, err
	}
	r, err := journal.OpenReader(filepath.Join(t.Dir, "journal"))
	if err != nil {
		return nil, err
	}
	payments, err := r.Payments()
	if err != nil {
		return nil, err
	}
	j.views, j.told, j.codec, j.records = dumpMap(payments), payments, r.Codec(), map[stored][sha256.Size]byte{}
	read, _ := readAll(r)
	for key, raw := range read {
		sum := sha256.Sum256(raw)
		j.records[key], j.known[sum] = sum, true
	}
	return j, r.Close()
}

// restore makes the child's copy whole again.
func (j *flipJob) restore() error {
	if err := emptyFolder(j.Dir); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(j.Dir, "journal"), 0o700); err != nil {
		return err
	}
	for name, content := range j.files {
		if err := os.WriteFile(filepath.Join(j.Dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// readAll reads every record that can be read, and says how many tries failed.
func readAll(r *journal.Reader) (read map[stored][]byte, failed int) {
	read = map[stored][]byte{}
	for _, epoch := range r.Epochs() {
		for from := pos.Seq(1); from < 10_000; from++ {
			err := r.Each(epoch, from, func(s journal.Stored) error {
				read[stored{epoch, s.Key}] = s.Raw
				from = s.Key + 1
				return nil
			})
			if err == nil {
				break
			}
			if failed++; failed > 2_000 {
				return read, failed
			}
		}
	}
	return read, failed
}

func (j *flipJob) judge(n int) (kind string, err error) {
	dice := rand.New(rand.NewPCG(j.Seed, uint64(n)))
	if err := j.restore(); err != nil {
		return "", err
	}
	name := j.names[dice.IntN(len(j.names))]
	what, err := j.damage(name, dice)
	if err != nil {
		return "", err
	}
	file := "segment"
	if name == "views.db" {
		file = "views"
		kind, err = j.judgeViews()
	} else {
		kind, err = j.judgeSegment(n, name)
	}
	if err != nil {
		return "WRONG", fmt.Errorf("%s in %s: %w", what, name, err)
	}
	return file + " " + kind, nil
}

// damage changes one bit, mostly where something is written; or cuts the file short; or loses one sector.
func (j *flipJob) damage(name string, dice *rand.Rand) (what string, err error) {
	content := slices.Clone(j.files[name])
	at := dice.IntN(len(content))
	for range 20 {
		sector := at / 512 * 512
		if bytes.Count(content[sector:sector+512], []byte{0}) < 500 {
			break
		}
		at = dice.IntN(len(content))
	}
	switch dice.IntN(20) {
	case 0, 1:
		what, content = fmt.Sprintf("cut at byte %d", at), content[:at]
	case 2:
		what = fmt.Sprintf("zeros from byte %d", at/512*512)
		clear(content[at/512*512:][:512])
	default:
		bit := dice.IntN(8)
		what = fmt.Sprintf("bit %d of byte %d", bit, at)
		content[at] ^= 1 << bit
	}
	return what, os.WriteFile(filepath.Join(j.Dir, name), content, 0o600)
}

// judgeSegment reads as an auditor does, then as a till that is started.
func (j *flipJob) judgeSegment(n int, name string) (kind string, err error) {
	whole, err := j.readSegments()
	if err != nil {
		return "", err
	}
	report, problem := journal.Verify(filepath.Join(j.Dir, "journal"), till, cose.OneKey(options(j.Dir, later).Signer.Public()))
	detected := problem != nil || !report.OK
	switch {
	case !whole && !detected:
		return "", errors.New("SILENT: records differ and verify finds nothing")
	case !whole:
		kind = "detected"
	case detected:
		kind = "detected and all there"
	default:
		kind = "harmless"
	}
	touched, err := j.scan(name)
	if err != nil {
		return "", err
	}
	return kind, j.start(n, touched)
}

// readSegments says whether all records read as they were written. What is read and was never written is an error.
func (j *flipJob) readSegments() (whole bool, err error) {
	r, err := journal.OpenReader(filepath.Join(j.Dir, "journal"))
	if err != nil {
		return false, worded(err)
	}
	defer r.Close()
	read, failed := readAll(r)
	whole = failed == 0 && len(read) == len(j.records)
	for key, raw := range read {
		sum := sha256.Sum256(raw)
		if !j.known[sum] {
			return false, fmt.Errorf("SILENT: record %d was read and never written so", key.seq)
		}
		whole = whole && j.records[key] == sum
	}
	return whole, nil
}

// worded wants an error that a person understands.
func worded(err error) error {
	var e *pos.Error
	if errors.As(err, &e) && e.Text != "" && e.Next != "" {
		return nil
	}
	return fmt.Errorf("an error without a next step: %w", err)
}

// scan finds records by their frames, as the last resort does: at most what was in the damaged place is gone. It returns the payments there.
func (j *flipJob) scan(name string) (touched map[pos.PaymentID]bool, err error) {
	content, err := os.ReadFile(filepath.Join(j.Dir, name))
	if err != nil {
		return nil, err
	}
	original, touched := j.files[name], map[pos.PaymentID]bool{}
	now := j.frames(content)
	for at, length := range j.frames(original) {
		if end := at + length; end > len(content) || !bytes.Equal(original[at:end], content[at:end]) {
			for _, id := range j.paymentsIn(original[at:]) {
				touched[id] = true
			}
		} else if now[at] != length {
			return nil, fmt.Errorf("the record at byte %d, which was not damaged, is not found again", at)
		}
	}
	return touched, nil
}

// paymentsIn are the payments that a framed record speaks of.
func (j *flipJob) paymentsIn(frame []byte) (ids []pos.PaymentID) {
	raw, _, _ := record.ReadFrame(frame)
	rec, _, err := j.codec.Decode(raw)
	if err != nil {
		return nil
	}
	body, _ := j.codec.Body(&rec)
	switch b := body.(type) {
	case record.Subject:
		ids = append(ids, b.PaymentID())
	case *record.Carry:
		carried, _ := view.UnpackPayments(b)
		for _, p := range carried {
			ids = append(ids, p.Intent.Payment)
		}
	}
	return ids
}

// frames are the lengths of the whole frames in a file, by their place.
func (j *flipJob) frames(content []byte) map[int]int {
	found := map[int]int{}
	for at := 0; ; at++ {
		i := bytes.Index(content[at:], []byte("TPR1"))
		if i < 0 {
			return found
		}
		at += i
		if raw, signature, err := record.ReadFrame(content[at:]); err == nil && j.known[sha256.Sum256(raw)] {
			found[at] = 16 + len(raw) + len(signature)
		}
	}
}

// start opens the journal as a till does: it sells on, and shows every payment but those whose own bytes are damaged; every other time its views are
// gone too.
func (j *flipJob) start(n int, touched map[pos.PaymentID]bool) error {
	if n%2 == 1 {
		if err := os.Remove(filepath.Join(j.Dir, "views.db")); err != nil {
			return err
		}
	}
	o, err := journal.Open(options(j.Dir, later))
	if err != nil {
		return fmt.Errorf("not started: %w", err)
	}
	shown, sold := sellOn(o, promise{})
	if err := errors.Join(sold, o.Close()); err != nil {
		return fmt.Errorf("started, but: %w", err)
	}
	now := view.Payments{}
	for _, p := range shown {
		now[p.Intent.Payment] = p
	}
	for id, was := range j.told {
		if p := now[id]; !touched[id] && (p == nil || p.Status != was.Status || p.Taken() != was.Taken()) {
			return fmt.Errorf("%w: payment %s was not damaged and is not salvaged: it was %s and is %+v", errLost, id, was.Status, p)
		}
	}
	return nil
}

// judgeViews wants views that show what the records say, or that were made anew.
func (j *flipJob) judgeViews() (kind string, err error) {
	o, err := journal.Open(options(j.Dir, later))
	if err != nil {
		return "not opened", worded(err)
	}
	shown, err := o.Views().List(journal.Query{Limit: math.MaxInt})
	if err := errors.Join(err, o.Close()); err != nil {
		return "unreadable", worded(err)
	}
	if !bytes.Equal(dump(slices.Values(shown)), j.views) {
		return "", errors.New("SILENT: the views differ from the records")
	}
	return "equal", nil
}
