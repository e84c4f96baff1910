package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/space"
)

// The marks of the free space, in bytes, beside the size of a journal's file.
const (
	spare     = 64 << 20 // with two journal files: below it the till says low
	leastFree = 16 << 20 // below it nothing can be kept for long
)

// disk measures the free space where the data are.
func disk(_ context.Context, t *till) []Finding {
	free, err := space.Free(t.config.Data)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // said already
	}
	if err != nil {
		return warn("the disk does not tell its free space: "+err.Error(), "Look at it by the system's own means.")
	}
	mark := uint64(2*t.config.Journal.SegmentMiB)<<20 + spare
	text := fmt.Sprintf("%s free; the till warns below %s", mebibytes(free), mebibytes(mark))
	const next = "Free some space: logs and old packages first, never the journal's files."
	switch {
	case t.status != nil && t.status.Disk.State == journal.DiskStopped:
		return bad("the disk is full or has failed: the till takes no new sale. Nothing that was sold is lost", next+" Then start the till again.")
	case free < leastFree:
		return bad(text+": no new sale can be kept", next)
	case free < mark || t.status != nil && t.status.Disk.State != journal.DiskOK:
		return warn(text, next)
	}
	return fine(text)
}

func mebibytes(n uint64) string {
	if n >= 10<<30 {
		return fmt.Sprintf("%d GiB", n>>30)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}
