package journal

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// Acknowledgement returns the last signed acknowledgement, as its bytes, nil when there is none. The journal does not read it.
func (j *Journal) Acknowledgement() ([]byte, error) {
	j.writing.Lock()
	defer j.writing.Unlock()
	if j.ackRaw != nil || j.current == nil {
		return j.ackRaw, nil
	}
	return j.current.acknowledgement()
}

// Acknowledge keeps a signed acknowledgement of custody up to head; the caller has verified it. It becomes durable with the next commit or at the
// end: losing it costs nothing but asking the platform again.
func (j *Journal) Acknowledge(raw []byte, head record.Head) {
	j.writing.Lock()
	j.ackRaw = raw
	j.writing.Unlock()
	j.state.Lock()
	defer j.state.Unlock()
	j.acked = head
	j.announce()
}

// Acked is the end of the platform's custody, as told to [Journal.Acknowledge] since the start.
func (j *Journal) Acked() record.Head {
	j.state.RLock()
	defer j.state.RUnlock()
	return j.acked
}

func (j *Journal) writeAcknowledgement() error {
	if j.ackRaw == nil {
		return nil
	}
	return guarded(j.current.path, func() error {
		return j.current.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(stateBucket()).Put(ackKey(), j.ackRaw) })
	})
}

// Epochs lists the lives of the journal in their order.
func (j *Journal) Epochs() []pos.Epoch {
	j.state.RLock()
	defer j.state.RUnlock()
	return j.files.epochs()
}

// Read copies up to n records of an epoch, from the given number on. An empty list means that there are none beyond.
func (j *Journal) Read(epoch pos.Epoch, from pos.Seq, n int) ([]Stored, error) {
	j.state.RLock()
	defer j.state.RUnlock()
	return j.files.read(epoch, from, n)
}

// LastSeq is the number of the last record of an epoch, 0 when it has none.
func (j *Journal) LastSeq(epoch pos.Epoch) (pos.Seq, error) {
	j.state.RLock()
	defer j.state.RUnlock()
	if epoch == j.seen.Epoch {
		return j.seen.Seq, nil
	}
	for _, s := range slices.Backward(j.files.of(epoch)) {
		if stored, ok, err := s.last(); ok || err != nil {
			return stored.Key, err
		}
	}
	return 0, nil
}

// HeadAt is the head of an epoch as it was at the given number. Number 0 is the genesis. It fails with [ErrNotFound] beyond the end, and before the
// record that [Journal.Begin] tells.
func (j *Journal) HeadAt(epoch pos.Epoch, seq pos.Seq) (record.Head, error) {
	j.state.RLock()
	defer j.state.RUnlock()
	return j.headAt(epoch, seq)
}

// headAt is HeadAt with state held.
func (j *Journal) headAt(epoch pos.Epoch, seq pos.Seq) (record.Head, error) {
	if seq == 0 {
		return record.Genesis(j.opts.Till, epoch), nil
	}
	if begin, err := j.begin(epoch); err != nil || begin.Seq == seq {
		return begin, err
	}
	list, err := j.files.read(epoch, seq, 1)
	if err != nil {
		return record.Head{}, err
	}
	if len(list) == 0 || list[0].Key != seq {
		return record.Head{}, fmt.Errorf("%w: %s %d", ErrNotFound, epoch, seq)
	}
	rec, _, err := j.codec.Decode(list[0].Raw)
	return rec.Head(), err
}

// Diverge leaves the current epoch, because the platform holds other or more records of it, and begins a new one whose first record names both
// heads. Nothing of the old epoch is lost: it stays in the journal.
func (j *Journal) Diverge(reason record.BootReason, platform record.Head) error {
	prepared, err := prepareSegment(j.opts.Dir, j.opts.Segment) // takes a while, so nobody waits for it
	if err != nil {
		return errCreate(j.opts.Dir, err)
	}
	j.writing.Lock()
	defer j.writing.Unlock()
	if err := j.Stopped(); err != nil {
		return errors.Join(err, os.Remove(prepared))
	}
	own := j.head
	next := pos.NewEpoch(time.UnixMilli(max(j.opts.Clock().Wall, epochTime(own.Epoch)+1)))
	if err := j.beginEpoch(next, prepared); err != nil {
		return j.stop(err)
	}
	boot := j.boot(reason)
	boot.Own, boot.Platform = &own, &platform
	c := &chain{head: j.head, book: stage(j.views)}
	now := j.Now()
	if _, err := c.add(j, now, []record.Body{boot}); err != nil {
		return j.stop(err)
	}
	if err := j.keep(c, now); err != nil {
		return j.stop(err)
	}
	return nil
}

// epochTime is the time in an epoch's name (RFC 9562 §5.7), in milliseconds since 1970-01-01 UTC. A new epoch is named later than the one
// before even if the clock went back, because epochs are ordered by their names.
func epochTime(e pos.Epoch) int64 {
	var ms int64
	for _, b := range e[:6] {
		ms = ms<<8 | int64(b)
	}
	return ms
}
