package disk_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulator/disk"
)

// use writes a file as a careful program does.
func use(dir string) error {
	f, err := os.Create(filepath.Join(dir, "new"))
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("0123456789"), 4); err != nil {
		return err
	}
	if err := f.Truncate(12); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "old")); err != nil {
		return err
	}
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

func TestEverythingIsNotedInItsOrder(t *testing.T) {
	d, dir := mount(t)
	if err := errors.Join(use(dir), d.Mark("done"), os.Remove(filepath.Join(dir, "old")), os.Mkdir(filepath.Join(dir, "folder"), 0o700)); err != nil {
		t.Fatal(err)
	}
	log, err := d.Log()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, op := range log {
		got = append(got, fmt.Sprintf("%s %d %s%s %d %q %d", op.Kind, op.File, op.Path, op.To, op.At, op.Data, op.Size))
	}
	want := []string{`create 1 new 0 "" 0`, `write 1 new 4 "0123456789" 0`, `truncate 1 new 0 "" 12`, `sync 1 new 0 "" 0`, `rename 1 newold 0 "" 0`,
		`sync of a folder 0  0 "" 0`, `mark 0 done 0 "" 0`, `unlink 0 old 0 "" 0`, `mkdir 0 folder 0 "" 0`}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	_, dir := mount(t)
	if err := use(dir); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(dir, "old"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	mapped, err := syscall.Mmap(int(f.Fd()), 0, 12, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil || string(mapped) != "\x00\x00\x00\x0001234567" {
		t.Errorf("%q, %v", mapped, err)
	}
	if err := syscall.Munmap(mapped); err != nil {
		t.Error(err)
	}
}

func TestFaults(t *testing.T) {
	for _, c := range []struct {
		fault disk.Fault
		want  error
		holds string // of the file
	}{
		{disk.Fault{At: 0, Do: disk.EIO}, syscall.EIO, ""},
		{disk.Fault{At: 1, Do: disk.EIO}, syscall.EIO, ""},
		{disk.Fault{At: 1, Do: disk.ENOSPC}, syscall.ENOSPC, ""},
		{disk.Fault{At: 1, Do: disk.Short}, syscall.ENOSPC, "\x00\x00\x00\x0001234"},
		{disk.Fault{At: 2, Do: disk.EIO}, syscall.EIO, "\x00\x00\x00\x000123456789"},
		{disk.Fault{At: 3, Do: disk.EIO}, syscall.EIO, "\x00\x00\x00\x0001234567"},
		{disk.Fault{At: 4, Do: disk.EIO}, syscall.EIO, "\x00\x00\x00\x0001234567"},
		{disk.Fault{At: 5, Do: disk.EIO}, syscall.EIO, ""},
		{disk.Fault{At: 6, Do: disk.EIO}, nil, ""},
		{disk.Fault{At: 4, Do: disk.ENOSPC, Stays: true}, syscall.ENOSPC, "\x00\x00\x00\x0001234567"},
	} {
		t.Run(fmt.Sprintf("%s at %d", c.fault.Do, c.fault.At), func(t *testing.T) {
			d, dir := mount(t)
			if err := d.Begin(&c.fault); err != nil {
				t.Fatal(err)
			}
			if err := use(dir); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if text, _ := os.ReadFile(filepath.Join(dir, "new")); string(text) != c.holds {
				t.Errorf("the file holds %q, want %q", text, c.holds)
			}
		})
	}
}

func TestASlowDiskTakesItsTime(t *testing.T) {
	d, dir := mount(t)
	if err := d.Begin(&disk.Fault{Do: disk.Slow, Stays: true}); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if err := use(dir); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took < 2*disk.SlowSync {
		t.Errorf("two syncs took %s", took)
	}
}
