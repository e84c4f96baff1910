//go:build linux

package crash

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/crash/draw"
	"github.com/tillproof/tillproof/simulator/disk"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
)

// faultSteps is the work of a run with a fault: each kind of step twice, which also changes the segment.
const faultSteps = 34

// faultImages is how many power cuts follow each fault.
const faultImages = 2

// failures are what is tried at every position: once, and where it can be, from there on.
func failures() []disk.Fault {
	return []disk.Fault{{Do: disk.EIO}, {Do: disk.ENOSPC}, {Do: disk.Short}, {Do: disk.Slow}, {Do: disk.EIO, Stays: true}, {Do: disk.ENOSPC, Stays: true}}
}

// TestDiskFaults lets every operation of a journal at work fail in every way. The journal stops or goes on, and never lies: what was answered as
// durable is there afterwards, what was refused is not, and what the disk left open is there as a whole or not at all.
func TestDiskFaults(t *testing.T) {
	from := draw.Seed(t)
	d, dir := mount(t)
	spare := scratch(t)
	stride := draw.Count(t, "FAULT_STRIDE", 20, 1)
	tally := map[string]int{}
	positions := workWith(t, d, dir, spare, from, nil, tally)
	runs := 0
	for _, f := range failures() {
		for at := int(from % uint64(stride)); at < positions; at += stride {
			f.At = at
			workWith(t, d, dir, spare, from, &f, tally)
			if runs++; t.Failed() {
				t.Fatalf("%s at operation %d of %d, stays: %v", f.Do, at, positions, f.Stays)
			}
		}
	}
	t.Logf("%d runs with a fault over %d positions of %d: %v", runs, (positions+stride-1)/stride, positions, tally)
}

// workWith works on a disk with a fault, judges what is left as a restarted till finds it, and as a till finds it after a power cut. It
// returns the number of operations.
func workWith(t *testing.T, d *disk.Disk, dir, spare string, seed uint64, f *disk.Fault, tally map[string]int) (operations int) {
	t.Helper()
	clean(t, dir)
	if err := d.Begin(f); err != nil {
		t.Fatal(err)
	}
	var answers []answer
	note := func(a answer) {
		answers = append(answers, a)
		mark(t, d, a)
		if a.err != nil {
			checkError(t, a.err)
		}
	}
	if err := workFor(dir, seed, faultSteps, note); err != nil {
		tally["stopped"]++
	} else {
		tally["went on"]++
	}
	log, err := d.Log()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Begin(nil); err != nil {
		t.Fatal(err)
	}
	if err := kept(dir, answers, tally); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	judgeCuts(t, spare, log, seed)
	for _, op := range log {
		if op.Kind != disk.Mark {
			operations++
		}
	}
	return operations
}

// checkError wants words for the cashier.
func checkError(t *testing.T, err error) {
	t.Helper()
	var e *pos.Error
	if !errors.As(err, &e) || e.Text == "" || e.Next == "" {
		t.Errorf("an error without a next step: %v", err)
	}
}

// kept holds the journal against what was answered.
func kept(dir string, answers []answer, tally map[string]int) error {
	promised := promise{Whole: true}
	for _, a := range answers {
		promised.add(a)
	}
	if err := survives(dir, promised, later); err != nil {
		return err
	}
	there, removed, err := bodiesIn(dir)
	if err != nil {
		return err
	}
	for _, a := range answers {
		if order := bytes.Compare(a.head.Epoch[:], removed.Epoch[:]); a.err == nil && (order < 0 || order == 0 && a.head.Seq <= removed.Seq) {
			continue // it was removed by the retention
		}
		if err := a.holds(there, tally); err != nil {
			return err
		}
	}
	return nil
}

// bodiesIn counts the bodies in a journal, and tells the last record that was removed from it.
func bodiesIn(dir string) (there map[string]int, removed record.Head, err error) {
	r, err := journal.OpenReader(filepath.Join(dir, "journal"))
	if err != nil {
		return nil, removed, err
	}
	defer r.Close()
	there = map[string]int{}
	if err := r.All(func(rec *record.Record) error {
		body, err := r.Codec().Body(rec)
		if err == nil {
			there[identity(body)]++
		}
		return err
	}); err != nil {
		return nil, removed, err
	}
	gone, err := r.Carried()
	return there, gone.Of, err
}

// holds compares one answer with the records that are there.
func (a *answer) holds(there map[string]int, tally map[string]int) error {
	found := 0
	for _, b := range a.bodies {
		switch there[identity(b)] {
		case 0:
		case 1:
			found++
		default:
			return fmt.Errorf("%T of one entry is there %d times", b, there[identity(b)])
		}
	}
	var e *pos.Error
	open := errors.As(a.err, &e) && e.Retry == pos.OutcomeUnknown
	switch {
	case found != 0 && found != len(a.bodies):
		return errors.Join(fmt.Errorf("half an entry is there: %d of %d records", found, len(a.bodies)), a.err)
	case a.err == nil && found == 0:
		return fmt.Errorf("%w: an entry that was answered as durable is not there", errLost)
	case a.err != nil && !open && found > 0:
		return fmt.Errorf("an entry is there that was refused: %w", a.err)
	case open && found > 0:
		tally["open entries kept"]++
	case open:
		tally["open entries not kept"]++
	}
	return nil
}

// judgeCuts lets the power fail after the fault.
func judgeCuts(t *testing.T, dir string, log []disk.Op, seed uint64) {
	t.Helper()
	for n := range faultImages {
		job := imageJob{task: task{Seed: seed, Dir: dir}, log: log}
		dice := rand.New(rand.NewPCG(seed, uint64(n)))
		if err := job.cut(len(log)-dice.IntN(1+len(log)/4), dice); err != nil {
			t.Errorf("after a power cut: %v", err)
		}
	}
}
