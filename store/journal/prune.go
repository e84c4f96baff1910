package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
)

// MinRetention is the shortest time that records are kept.
const MinRetention = 24 * time.Hour

// Retention says when the oldest part of a journal may go.
type Retention struct {
	Keep time.Duration // how long records stay at least; under [MinRetention] counts as that
	// Proof reads a signed acknowledgement and returns the heads that it takes into the platform's custody, none when the signature does not hold.
	Proof func(ack []byte) []record.Head
}

// errBusy says that a payment changed while its state was being carried on: it is tried again later.
var errBusy = errors.New("a payment that is carried on has just changed")

// Prune removes the oldest segments, one after the other, whose records are all in the platform's custody, by its signed acknowledgement as it lies on
// the disk, and older than the retention. The newest segment stays, and nothing goes while the clock is doubted. What must not be forgotten is carried
// on in the current segment before (see [record.Carry]). It returns the number of files removed; after a crash at any step it goes on where it was.
//
// An error means that nothing more can be removed now; nothing is lost by it.
func (j *Journal) Prune(r Retention) (removed int, err error) {
	j.pruning.Lock()
	defer j.pruning.Unlock()
	for {
		if j.stuck != nil {
			return removed, j.stuck
		}
		s, end, err := j.prunable(&r)
		if err == nil && s != nil && !j.carriedUpTo(end) {
			err = j.carryOn(s, end)
		}
		if errors.Is(err, errBusy) {
			return removed, nil
		}
		if s == nil || err != nil {
			return removed, err
		}
		if err := j.retire(s); err != nil {
			j.stuck = fmt.Errorf("remove %s: %w", filepath.Base(s.path), err)
			return removed, j.stuck
		}
		removed++
	}
}

// prunable is the oldest segment with its last record, nil when it has to stay.
func (j *Journal) prunable(r *Retention) (s *segment, end record.Head, err error) {
	if j.ClockDoubted() || j.ClockUnproven() || j.Stopped() != nil || !j.roomToPrune() {
		return nil, end, nil
	}
	j.state.RLock()
	defer j.state.RUnlock()
	if len(j.files) < 2 {
		return nil, end, nil
	}
	s = j.files[0]
	last, ok, err := s.last()
	if err != nil {
		return nil, end, err
	}
	if !ok {
		return nil, end, fmt.Errorf("%s holds no record: it is not removed", filepath.Base(s.path))
	}
	rec, _, err := j.codec.Decode(last.Raw)
	if err != nil {
		return nil, end, err
	}
	if j.Age(&rec) < max(r.Keep, MinRetention) {
		return nil, end, nil
	}
	if err := j.continues(rec.Head(), j.files[1]); err != nil {
		return nil, end, err
	}
	covered, err := j.covered(rec.Head(), r)
	if !covered || err != nil {
		return nil, end, err
	}
	return s, rec.Head(), nil
}

// continues says whether the next segment goes on behind the given record: a damaged file that hides its last records must not be removed. An epoch that
// was begun by this program names the head of the one before. Called with state held.
func (j *Journal) continues(end record.Head, next *segment) error {
	page, err := next.page(next.first, 1)
	if err != nil || len(page) == 0 {
		return errors.Join(fmt.Errorf("%s cannot be read: nothing before it is removed", filepath.Base(next.path)), err)
	}
	rec, _, err := j.codec.Decode(page[0].Raw)
	if err != nil {
		return err
	}
	body, _ := j.codec.Body(&rec)
	boot, _ := body.(*record.Boot)
	if rec.Follows(end) || rec.Epoch != end.Epoch && rec.Seq == 1 && boot != nil && boot.Own != nil && *boot.Own == end {
		return nil
	}
	return fmt.Errorf("%s does not go on behind record %d of epoch %s: nothing is removed", filepath.Base(next.path), end.Seq, end.Epoch)
}

// covered holds a record against the acknowledgement that lies on the disk. One of a later epoch takes in all earlier ones, since an epoch is drained
// before the next one begins. Called with state held.
func (j *Journal) covered(end record.Head, r *Retention) (bool, error) {
	raw, err := j.files.acknowledgement()
	if raw == nil || err != nil {
		return false, err
	}
	for _, head := range r.Proof(raw) {
		if head.Seq == 0 || placeOf(head).Compare(placeOf(end)) < 0 {
			continue
		}
		own, err := j.headAt(head.Epoch, head.Seq)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil || own == head {
			return err == nil, err
		}
	}
	return false, nil
}

func placeOf(h record.Head) record.Place { return record.Place{Epoch: h.Epoch, Seq: h.Seq} }

// carriedUpTo says whether a series of carry records that ended takes in the given record.
func (j *Journal) carriedUpTo(end record.Head) bool {
	of := j.views.Carried().Of
	return of.Seq > 0 && placeOf(of).Compare(placeOf(end)) >= 0
}

// retire removes a segment whose carry records are durable. The file is gone from the folder when it returns.
func (j *Journal) retire(s *segment) error {
	j.state.Lock()
	j.files = slices.DeleteFunc(slices.Clone(j.files), func(f *segment) bool { return f == s })
	err := s.close() // readers hold the state while they read
	j.state.Unlock()
	return errors.Join(err, removeSegment(s.path))
}

// removeSegment makes earlier removals durable before this one: a file that comes back must not leave a gap behind it.
func removeSegment(path string) error {
	dir := filepath.Dir(path)
	if err := cose.SyncDir(dir); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	return cose.SyncDir(dir)
}

// Begin is the head before the first record of an epoch that is still here: the genesis, or the last record that was removed.
func (j *Journal) Begin(epoch pos.Epoch) (record.Head, error) {
	j.state.RLock()
	defer j.state.RUnlock()
	return j.begin(epoch)
}

// begin is Begin with state held.
func (j *Journal) begin(epoch pos.Epoch) (record.Head, error) {
	own := j.files.of(epoch)
	if len(own) == 0 || own[0].first <= 1 {
		return record.Genesis(j.opts.Till, epoch), nil
	}
	if of := j.views.Carried().Of; of.Epoch == epoch && of.Seq+1 == own[0].first {
		return of, nil
	}
	list, err := own[0].page(own[0].first, 1)
	if err != nil || len(list) == 0 {
		return record.Head{Epoch: epoch, Seq: own[0].first - 1}, err
	}
	rec, _, err := j.codec.Decode(list[0].Raw)
	return record.Head{Epoch: epoch, Seq: own[0].first - 1, Hash: rec.Prev}, err
}
