//go:build linux

package crash

import (
	"encoding/gob"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/tillproof/tillproof/simulator/crash/draw"
	"github.com/tillproof/tillproof/simulator/disk"
)

// imageLogs is how many days of work the images are cut from; each has its own seed.
const imageLogs = 5

// mount gives a disk and its folder.
func mount(t *testing.T) (d *disk.Disk, dir string) {
	t.Helper()
	back, dir := scratch(t), t.TempDir()
	d, err := disk.Start(back, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d, dir
}

// TestCrashImages records what a journal at work writes, and cuts the power at random places: every state that the disk may then
// be in keeps what was answered as durable.
func TestCrashImages(t *testing.T) {
	from, images := draw.Seed(t), draw.Count(t, "IMAGES", 5_000, 100_000)
	d, dir := mount(t)
	for n := range imageLogs {
		input := filepath.Join(scratch(t), "log")
		ops := recordWork(t, d, dir, input, from+uint64(n))
		v := spread(t, "images", task{Seed: from + uint64(n), To: max(1, images/imageLogs), Input: input})
		v.tell(t, fmt.Sprintf("images of %d operations, SEED+%d", ops, n))
	}
}

// recordWork lets a shop work on the disk and keeps the log of it, with a mark for each promise.
func recordWork(t *testing.T, d *disk.Disk, dir, log string, seed uint64) (ops int) {
	t.Helper()
	clean(t, dir)
	if err := d.Begin(nil); err != nil {
		t.Fatal(err)
	}
	if err := workFor(dir, seed, 60, func(a answer) {
		mark(t, d, a)
	}); err != nil {
		t.Fatal(err)
	}
	list, err := d.Log()
	if err != nil {
		t.Fatal(err)
	}
	writeLog(t, log, list)
	return len(list)
}

// workFor opens a shop twice: it works, is closed, and works on. It stops at the first error.
func workFor(dir string, seed uint64, steps int, told func(answer)) error {
	dice := rand.New(rand.NewPCG(seed, 1))
	for life := range 2 {
		s, err := openShop(dir, dice, time.Duration(life)*era, told)
		if err != nil {
			return err
		}
		for n := range steps / 2 {
			if err := s.step(life*steps/2 + n); err != nil {
				return errors.Join(fmt.Errorf("step %d: %w", n, err), s.j.Close())
			}
		}
		if err := s.j.Close(); err != nil {
			return err
		}
	}
	return nil
}

// mark notes on the disk what was answered as durable.
func mark(t *testing.T, d *disk.Disk, a answer) {
	t.Helper()
	var p promise
	if p.add(a); p.Head.Seq == 0 {
		return
	}
	text, err := cbor.Marshal(p)
	if err == nil {
		err = d.Mark(string(text))
	}
	if err != nil {
		t.Error(err)
	}
}

func writeLog(t *testing.T, path string, log []disk.Op) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := gob.NewEncoder(f).Encode(log); err != nil {
		t.Fatal(err)
	}
}

// clean empties a folder.
func clean(t *testing.T, dir string) {
	t.Helper()
	if err := emptyFolder(dir); err != nil {
		t.Fatal(err)
	}
}

func emptyFolder(dir string) error {
	list, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range list {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// imageJob is the child's side.
type imageJob struct {
	task
	log []disk.Op
}

func newImageJob(t task) (*imageJob, error) {
	j := &imageJob{task: t}
	f, err := os.Open(t.Input)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return j, gob.NewDecoder(f).Decode(&j.log)
}

func (j *imageJob) judge(n int) (kind string, err error) {
	dice := rand.New(rand.NewPCG(j.Seed, uint64(n)))
	if err := j.cut(dice.IntN(len(j.log)+1), dice); err != nil {
		return "wrong", err
	}
	return "sound", nil
}

// cut judges one state that the disk may be in when the power fails before an operation.
func (j *imageJob) cut(at int, dice *rand.Rand) error {
	promised, err := promisedBy(j.log[:at])
	if err != nil {
		return err
	}
	if err := emptyFolder(j.Dir); err != nil {
		return err
	}
	if err := disk.Cut(j.log, at, dice).Write(j.Dir); err != nil {
		return err
	}
	if err := survives(j.Dir, promised, later); err != nil {
		return fmt.Errorf("power cut before operation %d of %d: %w", at, len(j.log), err)
	}
	return nil
}

func promisedBy(log []disk.Op) (all promise, err error) {
	all.Whole = true
	for i := range log {
		if log[i].Kind != disk.Mark {
			continue
		}
		var p promise
		if err := cbor.Unmarshal([]byte(log[i].Path), &p); err != nil {
			return all, err
		}
		all.join(p)
	}
	return all, nil
}
