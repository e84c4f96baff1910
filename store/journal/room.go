package journal

import (
	"context"
	"errors"
	"fmt"
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

// The states of the disk. Low: less than two segments and 64 MiB are free, or the next segment cannot be prepared; selling goes on in the room that was
// taken before. Stopped: only the room for outcomes of sales under way is left, and new sales are refused.
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
	case j.spare == "" && j.room < reserve+commitRoom:
		return DiskStopped
	case j.scarce || j.spare == "" && j.room < j.opts.Segment/2:
		return DiskLow
	}
	return DiskOK
}

// roomToPrune says whether carry records can be written without taking the room of sales that are under way. They need little, and free a lot.
func (j *Journal) roomToPrune() bool {
	j.state.RLock()
	defer j.state.RUnlock()
	return j.spare != "" || j.room >= commitRoom+reserve/2
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

// makeRoom changes to the next segment when the current one is full, or a day old: records are removed by the file. Nobody waits for the file of the next
// day. Called with writing held.
func (j *Journal) makeRoom(now record.Times) error {
	j.state.Lock()
	room, spare := j.room, j.spare
	old := j.begun != nil && dayIsOver(j.begun, now)
	j.due = old
	j.state.Unlock()
	switch {
	case old && spare == "":
		j.askForSpare()
	case old:
		return j.roll(j.current.epoch, spare)
	}
	switch {
	case room >= reserve+commitRoom:
		return nil
	case spare != "":
		return j.roll(j.current.epoch, spare)
	case room < commitRoom: // the keeper was too slow, or the disk is full
		prepared, err := prepareSegment(j.opts.Dir, j.opts.Segment)
		if err != nil {
			return fmt.Errorf("no room for another record: %w", err)
		}
		return j.roll(j.current.epoch, prepared)
	}
	return nil
}

// dayIsOver says whether a segment that was begun then is to be changed now: on another UTC day, or after 24 hours of the monotonic clock. A clock that
// was set back changes nothing.
func dayIsOver(begun *record.Times, now record.Times) bool {
	const day = uint64(dayMs)
	return now.Wall/dayMs > begun.Wall/dayMs || begun.Mono > 0 && now.Mono > begun.Mono && now.Mono-begun.Mono >= day
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
	j.begun, j.due = nil, false
	j.state.Unlock()
	j.current = next
	j.measureRoom()
	j.askForSpare() // wakes the keeper, who cuts the end off the file before
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
		j.trim()
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
	return j.spare == "" && (j.due || j.room < j.opts.Segment/2)
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
