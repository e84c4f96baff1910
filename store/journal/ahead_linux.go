package journal

import (
	"os"

	"golang.org/x/sys/unix"
)

// aheadStep is what the system takes of one advice, in bytes; the rest of a longer one is dropped.
const aheadStep = 128 << 10

// readAhead has the system read a whole file into its cache, in the order in which it lies on the disk. The database tells it to read no page ahead,
// since it looks pages up; a drain reads them all. It is an advice: when it fails, reading is only slower.
func readAhead(path string) {
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return
	}
	for at := int64(0); at < info.Size(); at += aheadStep {
		_ = unix.Fadvise(int(f.Fd()), at, aheadStep, unix.FADV_WILLNEED)
	}
}
