package disk

import (
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

// sectors are the sizes in which a disk writes: a write is torn between two of them and never within one.
func sectors() [2]int { return [2]int{512, 4096} }

// file is a file's content after the power cut, in the making.
type file struct {
	synced  []byte
	waiting []change // not synced, in their order
}

// change is a write or truncation. doubted: a sync that should have covered it has failed, so that a later one that succeeds does not prove it.
type change struct {
	op      *Op
	doubted bool
}

// Image is what a disk holds after a power cut.
type Image struct {
	dice  *rand.Rand
	files map[int]*file
	names map[string]int // the file at a path; 0 is a folder
	moves []*Op          // changes of folders that no sync of the folder covers, in their order
}

// Cut is a legal state of the disk when its power fails before operation at of the log: what was synced is there; of the rest any part
// may be, torn between sectors; a name that was made, changed or removed without a sync of its folder may be the old or the new one. The
// disk was empty when the log began. The dice decide: the same ones give the same image.
func Cut(log []Op, at int, dice *rand.Rand) *Image {
	i := &Image{dice: dice, files: map[int]*file{}, names: map[string]int{}}
	for n := range log[:at] {
		i.apply(&log[n])
	}
	i.settle()
	return i
}

func (i *Image) file(number int) *file {
	if i.files[number] == nil {
		i.files[number] = &file{}
	}
	return i.files[number]
}

func (i *Image) apply(op *Op) {
	switch op.Kind {
	case Write, Truncate:
		f := i.file(op.File)
		f.waiting = append(f.waiting, change{op: op})
	case Create, Rename, Unlink, Mkdir:
		i.moves = append(i.moves, op)
	case Sync:
		i.sync(i.file(op.File), op.Failed)
	case SyncDir:
		if !op.Failed {
			i.syncDir(op.Path)
		}
	}
}

// sync makes a file's changes durable, or leaves them in doubt for good.
func (i *Image) sync(f *file, failed bool) {
	for n := range f.waiting {
		c := &f.waiting[n]
		if failed {
			c.doubted = true
		} else if !c.doubted || i.dice.IntN(2) == 0 {
			f.change(c.op)
		}
	}
	if !failed {
		f.waiting = nil
	}
}

func (i *Image) syncDir(dir string) {
	rest := i.moves[:0:0]
	for _, op := range i.moves {
		if filepath.Dir(op.Path) == filepath.Clean(dir) {
			i.rename(op)
		} else {
			rest = append(rest, op)
		}
	}
	i.moves = rest
}

// rename carries a change of a folder out.
func (i *Image) rename(op *Op) {
	switch op.Kind {
	case Create:
		i.names[op.Path] = op.File
	case Mkdir:
		i.names[op.Path] = 0
	case Unlink:
		delete(i.names, op.Path)
	case Rename:
		delete(i.names, op.Path)
		i.names[op.To] = op.File
	}
}

// settle decides what of the unsynced changes is there. Some cuts keep nothing of them and some all: these are the likely ones.
func (i *Image) settle() {
	keep := [...]float64{0, 0.5, 0.9, 1}[i.dice.IntN(4)]
	sector := sectors()[i.dice.IntN(2)]
	for _, n := range slices.Sorted(maps.Keys(i.files)) {
		for _, c := range i.files[n].waiting {
			i.tear(i.files[n], c.op, keep, sector)
		}
	}
	for _, op := range i.moves {
		if i.dice.Float64() < keep {
			i.rename(op)
		}
	}
}

// tear keeps a change, loses it, or keeps some of its sectors.
func (i *Image) tear(f *file, op *Op, keep float64, sector int) {
	if op.Kind == Truncate || i.dice.IntN(2) == 0 {
		if i.dice.Float64() < keep {
			f.change(op)
		}
		return
	}
	for from := 0; from < len(op.Data); {
		to := min(len(op.Data), from+sector-int(op.At+int64(from))%sector)
		if i.dice.Float64() < keep {
			f.write(op.Data[from:to], op.At+int64(from))
		}
		from = to
	}
}

func (f *file) change(op *Op) {
	if op.Kind == Truncate {
		f.resize(int(op.Size))
	} else {
		f.write(op.Data, op.At)
	}
}

func (f *file) write(data []byte, at int64) {
	if end := int(at) + len(data); end > len(f.synced) {
		f.resize(end)
	}
	copy(f.synced[at:], data)
}

func (f *file) resize(size int) {
	if size <= cap(f.synced) {
		clear(f.synced[min(size, len(f.synced)):cap(f.synced)])
		f.synced = f.synced[:size]
		return
	}
	bigger := make([]byte, size, size+size/2)
	copy(bigger, f.synced)
	f.synced = bigger
}

// Write makes the image's files in an empty folder.
func (i *Image) Write(dir string) error {
	for path, number := range i.names {
		if !i.reachable(filepath.Dir(path)) {
			continue
		}
		to := filepath.Join(dir, path)
		if number == 0 {
			if err := os.MkdirAll(to, 0o700); err != nil {
				return err
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(to, i.file(number).synced, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// reachable says whether a folder, and all above it, is there.
func (i *Image) reachable(dir string) bool {
	if dir == "." || dir == "/" {
		return true
	}
	_, there := i.names[dir]
	return there && i.reachable(filepath.Dir(dir))
}
