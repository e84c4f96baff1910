package journal

import (
	"context"
	"os"
	"time"

	"go.etcd.io/bbolt"

	"github.com/tillproof/tillproof/store/space"
)

const (
	diskEvery = 5 * time.Second
	diskSpare = 64 << 20 // beside two segments, for everything else that the till writes
)

// watchDisk measures the free space now and then until ctx ends. The room for records is taken beforehand, so this only warns.
func (j *Journal) watchDisk(ctx context.Context) {
	tick := time.NewTicker(diskEvery)
	defer tick.Stop()
	for {
		j.measureDisk()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (j *Journal) measureDisk() {
	free, err := space.Free(j.opts.Dir)
	if err != nil {
		return // a disk that does not tell stops nobody
	}
	j.state.Lock()
	defer j.state.Unlock()
	j.scarce = isScarce(j.scarce, free, uint64(j.opts.Segment))
}

// isScarce says whether the disk is getting full: less than two segments and 64 MiB are free. It says so until half as much again is free, so that the
// state does not come and go with every file.
func isScarce(was bool, free, segment uint64) bool {
	mark := 2*segment + diskSpare
	if was {
		mark += mark / 2
	}
	return free < mark
}

// trim cuts the unused zeros off segments that are not written any more.
func (j *Journal) trim() {
	j.state.RLock()
	defer j.state.RUnlock()
	for i, s := range j.files {
		if i == len(j.files)-1 || s.trimmed {
			continue
		}
		s.trimmed = true
		trimFile(s)
	}
}

// trimFile cuts a file behind its last used page. What cannot be cut stays as it is: it only takes space.
func trimFile(s *segment) {
	_ = guarded(s.path, func() error {
		return s.db.View(func(tx *bbolt.Tx) error {
			info, err := os.Stat(s.path)
			if err != nil || info.Size() <= tx.Size() {
				return err
			}
			return os.Truncate(s.path, tx.Size())
		})
	})
}
