package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
	"go.etcd.io/bbolt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// KeepAcknowledgement keeps a signed acknowledgement in the journal of a till that is not running; the caller has verified it. The agent goes by it at its
// next start. It fails with code journal_locked while an agent runs, and then changes nothing.
func KeepAcknowledgement(dir string, raw []byte) (err error) {
	held, err := acquire(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, held.release()) }()
	list, err := listSegments(dir)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return fmt.Errorf("%w: %s", ErrEmpty, dir)
	}
	newest := list[len(list)-1]
	if err := newest.open(false, 0); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, newest.close()) }()
	return guarded(newest.path, func() error {
		return newest.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(stateBucket()).Put(ackKey(), raw) })
	})
}

// Free fails with code journal_locked while an agent has the journal in dir open, and tells so at once: opening it would wait for a while first.
func Free(dir string) error {
	path := filepath.Join(dir, "lock")
	if _, err := os.Stat(path); err != nil {
		return nil // nobody has ever opened it
	}
	f := flock.New(path, flock.SetPermissions(0o600))
	got, err := f.TryLock()
	if err != nil {
		return errCreate(dir, err)
	}
	if !got {
		return errLocked(dir, holder(path))
	}
	return f.Unlock()
}

// LastSeq is the number of the last record of an epoch, 0 when it has none.
func (r *Reader) LastSeq(epoch pos.Epoch) (pos.Seq, error) {
	own := r.files.of(epoch)
	for i := len(own) - 1; i >= 0; i-- {
		if stored, ok, err := own[i].last(); ok || err != nil {
			return stored.Key, err
		}
	}
	return 0, nil
}

// Before is the head in front of a record: its predecessor's number, and the hash that the record itself names. It fails with [ErrNotFound] when
// there is no record of that number or behind it in the epoch; a number that was removed after its retention gives that of the first record that is left.
func (r *Reader) Before(epoch pos.Epoch, seq pos.Seq) (record.Head, error) {
	list, err := r.files.read(epoch, seq, 1)
	if err != nil {
		return record.Head{}, err
	}
	if len(list) == 0 {
		return record.Head{}, fmt.Errorf("%w: %s %d", ErrNotFound, epoch, seq)
	}
	rec, _, err := r.codec.Decode(list[0].Raw)
	return record.Head{Epoch: epoch, Seq: list[0].Key - 1, Hash: rec.Prev}, err
}

// HeadAt is the end of a chain that ends on the record of that number. It fails with [ErrNotFound] when the journal does not hold it.
func (r *Reader) HeadAt(epoch pos.Epoch, seq pos.Seq) (record.Head, error) {
	list, err := r.files.read(epoch, seq, 1)
	if err == nil && (len(list) == 0 || list[0].Key != seq) {
		err = fmt.Errorf("%w: %s %d", ErrNotFound, epoch, seq)
	}
	if err != nil {
		return record.Head{}, err
	}
	return record.HeadOf(epoch, seq, list[0].Raw), nil
}
