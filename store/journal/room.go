package journal

import (
	"context"
	"errors"
	"os"
	"time"

	"go.etcd.io/bbolt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

const (
	// reserve is kept in the last segment for outcomes of sales that are under way when no further segment can be made.
	reserve = 128 << 10
	// commitRoom is what one commit may take: 64 records of the largest usual size and the pages above them.
	commitRoom = 96 << 10
	// spareRetry is the pause between two tries to prepare a segment on a full disk.
	spareRetry = 5 * time.Second
)

// DiskState says how much room the journal has.
type DiskState string

// The states of the disk. Low: the next segment cannot be prepared, selling goes on in the current one. Stopped: new sales are refused.
const (
	DiskOK      DiskState = "ok"
	DiskLow     DiskState = "low"
	DiskStopped DiskState = "stopped"
)

// Disk tells the state of the room for records.
func (j *Journal) Disk() DiskState {
	j.state.RLock()
	defer j.state.RUnlock()
	switch {
	case j.spare != "":
		return DiskOK
	case j.room < reserve+commitRoom:
		return DiskStopped
	case j.room < j.opts.Segment/2:
		return DiskLow
	}
	return DiskOK
}

// MaySell says whether a new sale may begin. Errors: disk_low, journal_stopped; no money has moved.
func (j *Journal) MaySell() error {
	if err := j.Stopped(); err != nil {
		return errStopped(err)
	}
	if j.Disk() == DiskStopped {
		j.state.RLock()
		defer j.state.RUnlock()
		return errDiskLow(j.room)
	}
	return nil
}

// makeRoom changes to the next segment when the current one is full. Called with writing held.
func (j *Journal) makeRoom() error {
	j.state.RLock()
	room, spare := j.room, j.spare
	j.state.RUnlock()
	switch {
	case room >= reserve+commitRoom:
		return nil
	case spare != "":
		return j.roll(j.current.epoch, spare)
	case room < commitRoom:
		return errors.New("no room for another record: the disk is full")
	}
	return nil
}

// roll goes on in a prepared file. The last acknowledgement goes with it, so that the newest segment always holds it.
func (j *Journal) roll(epoch pos.Epoch, prepared string) error {
	first := j.head.Seq + 1
	if epoch != j.head.Epoch {
		first = 1
	}
	next, err := activateSegment(prepared, j.opts.Dir, epoch, first)
	if err != nil {
		return err
	}
	if err := next.open(false, j.opts.Segment); err != nil {
		return err
	}
	if j.current != nil && j.ackRaw == nil {
		if j.ackRaw, err = j.current.acknowledgement(); err != nil {
			return err
		}
	}
	j.state.Lock()
	j.files = append(j.files[:len(j.files):len(j.files)], next)
	if j.spare == prepared {
		j.spare = ""
	}
	j.state.Unlock()
	j.current = next
	j.measureRoom()
	return nil
}

// measureRoom reads how far the current file is used.
func (j *Journal) measureRoom() {
	var used int
	_ = j.current.db.View(func(tx *bbolt.Tx) error {
		used = int(tx.Size())
		return nil
	})
	j.state.Lock()
	j.room = j.opts.Segment - used
	ask := j.room < j.opts.Segment/2 && j.spare == ""
	j.state.Unlock()
	if ask {
		j.askForSpare()
	}
}

func (j *Journal) askForSpare() {
	select {
	case j.prepare <- struct{}{}:
	default:
	}
}

// keepSpare prepares the next segment when the current one is half full, and tries again while the disk is full.
func (j *Journal) keepSpare(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-j.prepare:
		}
		for j.wantsSpare() && ctx.Err() == nil {
			path, err := prepareSegment(j.opts.Dir, j.opts.Segment)
			if err == nil {
				j.state.Lock()
				j.spare = path
				j.state.Unlock()
				break
			}
			select {
			case <-ctx.Done():
			case <-time.After(spareRetry):
			}
		}
	}
}

func (j *Journal) wantsSpare() bool {
	j.state.RLock()
	defer j.state.RUnlock()
	return j.spare == "" && j.room < j.opts.Segment/2
}

// beginEpoch makes the first segment of a new life of the journal out of a prepared file. Called before the journal is used or with writing held.
func (j *Journal) beginEpoch(epoch pos.Epoch, prepared string) error {
	if err := j.roll(epoch, prepared); err != nil {
		return errors.Join(errCreate(j.opts.Dir, err), os.Remove(prepared))
	}
	j.head = record.Genesis(j.opts.Till, epoch)
	j.state.Lock()
	j.seen = j.head
	j.state.Unlock()
	return nil
}
