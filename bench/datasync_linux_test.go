package bench

import (
	"os"

	"golang.org/x/sys/unix"
)

// datasync makes the file's content durable.
func datasync(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }

// forget drops a file from the page cache, so that the next read comes from the disk.
func forget(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
}
