package journal

import (
	"errors"
	"os"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

const (
	holesBytes = 48 << 10 // records that one commit of holes brings, in bytes, unless one alone is larger
	holesMost  = 60       // holes of one commit
	holeFrame  = 512      // what a hole adds to the record in it, at most, in bytes
)

// Mend makes the records of an epoch deliverable again that follow an unreadable one, first being one that cannot be delivered: the platform goes by an
// unbroken chain. A new epoch begins with signed holes that name what is lost and bring what can still be read, in order (see [record.Hole]). Selling
// waits for it, some milliseconds for a hundred records, since what follows may rest on it. It does nothing to an epoch that was mended before.
func (j *Journal) Mend(epoch pos.Epoch, first pos.Seq) error {
	if j.Mended(epoch) {
		return nil
	}
	prepared, err := prepareSegment(j.opts.Dir, j.opts.Segment)
	if err != nil {
		return errCreate(j.opts.Dir, err)
	}
	j.writing.Lock()
	defer j.writing.Unlock()
	if err := j.Stopped(); err != nil {
		return errors.Join(err, os.Remove(prepared))
	}
	if err := j.mendFiles(epoch); err != nil {
		return errors.Join(err, os.Remove(prepared))
	}
	return j.mend(epoch, first, false, prepared)
}

// Mended says whether holes stand for the undeliverable records of an epoch.
func (j *Journal) Mended(epoch pos.Epoch) bool {
	j.state.RLock()
	defer j.state.RUnlock()
	return j.mended[epoch]
}

// mendFiles sets aside the files of an epoch that cannot be read at all. Of the current one the journal must be let go first: it stops, and the next start
// does it. Called with writing held.
func (j *Journal) mendFiles(epoch pos.Epoch) error {
	for _, s := range j.files.of(epoch) {
		err := s.walk(func(Stored) {})
		if !isDamage(err) {
			continue
		}
		if s == j.current {
			return errStopped(j.stop(errUnreadable(s.path, err)))
		}
		j.state.Lock()
		err = j.setAside(s)
		if err == nil {
			err = s.open(true, j.opts.Segment)
		}
		j.state.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// mend leaves the current epoch for a new one that begins with the holes of the given one. With tail the end of that one is in doubt. Called before the
// journal is used or with writing held.
func (j *Journal) mend(epoch pos.Epoch, first pos.Seq, tail bool, prepared string) error {
	sound, err := j.soundEnd(epoch, first)
	if err != nil {
		return errors.Join(err, os.Remove(prepared))
	}
	return j.mendBehind(sound, 0, tail, prepared)
}

// mendBehind begins the new epoch with the holes of what lies behind a record. What is missing up to the number removed was removed after its retention.
func (j *Journal) mendBehind(sound record.Head, removed pos.Seq, tail bool, prepared string) error {
	boot := j.boot(record.Damaged)
	own := j.head
	boot.Own, boot.Platform = &own, &sound
	next := pos.NewEpoch(time.UnixMilli(max(j.opts.Clock().Wall, epochTime(own.Epoch)+1)))
	if err := j.beginEpoch(next, prepared); err != nil {
		return j.stop(err)
	}
	if err := j.appendHeld(boot); err != nil {
		return j.stop(err)
	}
	return j.fillHoles(&holes{journal: j, epoch: sound.Epoch, next: sound.Seq + 1, removed: removed}, tail)
}

// soundEnd is the last record of an epoch that can be delivered in its own chain: signed, and with nothing missing before it. The walk begins with the
// segment of the given record, since a segment begins with a commit.
func (j *Journal) soundEnd(epoch pos.Epoch, first pos.Seq) (record.Head, error) {
	own := j.files.of(epoch)
	for len(own) > 1 && own[1].first <= first {
		own = own[1:]
	}
	if len(own) == 0 {
		return record.Genesis(j.opts.Till, epoch), nil
	}
	sound, err := j.endBefore(epoch, own[0].first)
	if err != nil {
		return sound, err
	}
	head, torn := sound, errors.New("torn")
	err = j.files.each(epoch, own[0].first, func(s Stored) error {
		rec, _, err := j.codec.Decode(s.Raw)
		if err != nil || !rec.Follows(head) {
			return torn
		}
		if head = rec.Head(); len(s.Signature) > 0 {
			sound = head
		}
		return nil
	})
	var d *damage
	if errors.Is(err, torn) || errors.As(err, &d) {
		err = nil
	}
	return sound, err
}

// endBefore is the head before a segment's first record, by the record itself or, when that is gone, by the one before it.
func (j *Journal) endBefore(epoch pos.Epoch, first pos.Seq) (record.Head, error) {
	if first <= 1 {
		return record.Genesis(j.opts.Till, epoch), nil
	}
	if list, err := j.files.read(epoch, first-1, 1); err == nil && len(list) == 1 && list[0].Key == first-1 {
		return record.HeadOf(epoch, first-1, list[0].Raw), nil
	}
	list, err := j.files.read(epoch, first, 1)
	if err != nil || len(list) == 0 || list[0].Key != first {
		return record.Head{Epoch: epoch, Seq: first - 1}, nil //nolint:nilerr // nobody knows its hash any more
	}
	rec, _, err := j.codec.Decode(list[0].Raw)
	return record.Head{Epoch: epoch, Seq: first - 1, Hash: rec.Prev}, err
}

// fillHoles writes a series of holes from its beginning to the end of its epoch. A last one closes it.
func (j *Journal) fillHoles(b *holes, tail bool) error {
	err := j.files.eachIntact(b.epoch, b.next, b.intact)
	if err == nil {
		err = b.close(tail)
	}
	if err != nil {
		return j.stop(err)
	}
	j.state.Lock()
	defer j.state.Unlock()
	j.mended[b.epoch] = true
	return nil
}

// holes is a series in the making.
type holes struct {
	journal *Journal
	epoch   pos.Epoch
	next    pos.Seq // the first one that nothing is said of yet
	removed pos.Seq // what is not there up to this one was removed after its retention
	bodies  []record.Body
	size    int
}

// intact brings a record that can be read, and names those before it that cannot.
func (b *holes) intact(s Stored) error {
	rec, _, err := b.journal.codec.Decode(s.Raw)
	if err != nil {
		return nil //nolint:nilerr // as good as unreadable: it is named with the next one
	}
	if s.Key > b.next {
		reason := record.HoleUnreadable
		if b.next <= b.removed {
			reason = record.HoleMissing
		}
		if err := b.add(&record.Hole{Epoch: b.epoch, From: b.next, To: s.Key - 1, Reason: reason, Hash: rec.Prev[:]}); err != nil {
			return err
		}
	}
	b.next = s.Key + 1
	h := &record.Hole{Epoch: b.epoch, From: s.Key, Reason: record.HoleSalvaged, Raw: s.Raw}
	if len(s.Raw) > record.MaxSize-holeFrame {
		hash := rec.Head().Hash
		h.Reason, h.Raw, h.To, h.Hash = record.HoleTooLarge, nil, s.Key, hash[:]
	}
	return b.add(h)
}

func (b *holes) add(h *record.Hole) error {
	if len(b.bodies) == holesMost || b.size > 0 && b.size+len(h.Raw) > holesBytes {
		if err := b.flush(); err != nil {
			return err
		}
	}
	b.bodies, b.size = append(b.bodies, h), b.size+len(h.Raw)+holeFrame
	return nil
}

func (b *holes) close(tail bool) error {
	last := &record.Hole{Epoch: b.epoch, From: b.next, Reason: record.HoleNone, End: true}
	known, err := b.journal.LastSeq(b.epoch)
	switch {
	case tail:
		last.Reason = record.HoleTail
	case err == nil && known >= b.next: // the last records are there and cannot be read
		last.Reason, last.To = record.HoleUnreadable, known
	}
	return errors.Join(b.add(last), b.flush())
}

func (b *holes) flush() error {
	bodies := b.bodies
	b.bodies, b.size = nil, 0
	return b.journal.appendHeld(bodies...)
}

// appendHeld is Append for who holds writing already, or is alone with the journal.
func (j *Journal) appendHeld(bodies ...record.Body) error {
	if err := j.spareNow(); err != nil {
		return err
	}
	times, err := j.prepareCommit()
	if err != nil {
		return err
	}
	c := &chain{head: j.head, book: stage(j.views)}
	if _, err := c.add(j, times, bodies); err != nil {
		return err
	}
	return j.keep(c, times)
}

// spareNow prepares the next segment when the current one is full: the keeper may not be there yet, and nobody else writes meanwhile.
func (j *Journal) spareNow() error {
	j.state.RLock()
	wanted := j.room < reserve+commitRoom && j.spare == ""
	j.state.RUnlock()
	if !wanted {
		return nil
	}
	path, err := prepareSegment(j.opts.Dir, j.opts.Segment)
	if err != nil {
		return errCreate(j.opts.Dir, err)
	}
	j.state.Lock()
	defer j.state.Unlock()
	if j.spare != "" {
		return os.Remove(path) // the keeper was faster
	}
	j.spare = path
	return nil
}

// mendAtStart begins a new epoch when the end of the current one was damaged, and finishes a series of holes that a crash has cut.
func (j *Journal) mendAtStart() error {
	if err := j.findMended(); err != nil {
		return err
	}
	boot, last, ended, err := j.series()
	switch {
	case err != nil:
		return err
	case boot != nil && !ended:
		next := boot.Platform.Seq + 1
		if last != nil {
			next = max(last.From, last.To) + 1
		}
		return j.fillHoles(&holes{journal: j, epoch: boot.Platform.Epoch, next: next}, true)
	case !j.torn && !j.current.damagedBefore():
		return nil
	}
	prepared, err := prepareSegment(j.opts.Dir, j.opts.Segment)
	if err != nil {
		return errCreate(j.opts.Dir, err)
	}
	return j.mend(j.head.Epoch, j.current.first, true, prepared)
}

// series reads the holes that the current epoch begins with. Boot is nil when it does not begin with a damage.
func (j *Journal) series() (boot *record.Boot, last *record.Hole, ended bool, err error) {
	done := errors.New("done")
	err = j.files.eachIntact(j.current.epoch, 1, func(s Stored) error {
		rec, _, err := j.codec.Decode(s.Raw)
		if err != nil {
			return done
		}
		body, _ := j.codec.Body(&rec)
		switch b := body.(type) {
		case *record.Boot:
			if rec.Seq != 1 || b.Reason != record.Damaged || b.Platform == nil {
				return done
			}
			boot = b
			return nil
		case *record.Hole:
			last, ended = b, b.End
			if !ended {
				return nil
			}
		}
		return done
	})
	if errors.Is(err, done) {
		err = nil
	}
	return boot, last, ended, err
}

// findMended reads which epochs holes stand for, out of the first record of each epoch.
func (j *Journal) findMended() error {
	j.mended = map[pos.Epoch]bool{}
	for _, epoch := range j.files.epochs() {
		list, err := j.files.read(epoch, 1, 1)
		if err != nil || len(list) == 0 {
			continue // its beginning is gone, or damaged itself
		}
		rec, _, err := j.codec.Decode(list[0].Raw)
		if err != nil {
			continue
		}
		body, _ := j.codec.Body(&rec)
		if boot, ok := body.(*record.Boot); ok && boot.Reason == record.Damaged && boot.Platform != nil && epoch != j.current.epoch {
			j.mended[boot.Platform.Epoch] = true
		}
	}
	boot, _, ended, err := j.series()
	if boot != nil && ended {
		j.mended[boot.Platform.Epoch] = true
	}
	return err
}
