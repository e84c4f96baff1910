package journal

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// Reader looks at a journal that no agent has open. It changes nothing, not even after a crash in the middle of a commit.
type Reader struct {
	files files
	codec *record.Codec
}

// OpenReader opens the journal in dir for reading. It fails with [ErrEmpty] when there is none and with code journal_locked while an agent runs.
func OpenReader(dir string) (*Reader, error) {
	list, err := listSegments(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(list) == 0 {
		return nil, fmt.Errorf("%w: %s", ErrEmpty, dir)
	}
	if err != nil {
		return nil, err
	}
	codec, err := record.NewCodec()
	if err != nil {
		return nil, err
	}
	r := &Reader{files: list, codec: codec}
	for _, s := range list {
		if err := s.open(true, 0); err != nil {
			return nil, errors.Join(err, r.Close())
		}
	}
	return r, nil
}

// Close closes the files.
func (r *Reader) Close() error {
	var errs []error
	for _, s := range r.files {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}

// Epochs lists the lives of the journal in their order.
func (r *Reader) Epochs() []pos.Epoch { return r.files.epochs() }

// Each calls fn for every record of an epoch from the given number on, until fn fails.
func (r *Reader) Each(epoch pos.Epoch, from pos.Seq, fn func(Stored) error) error {
	return r.files.each(epoch, from, fn)
}

// All calls fn for every record of all epochs in order, until fn fails.
func (r *Reader) All(fn func(*record.Record) error) error {
	for _, epoch := range r.Epochs() {
		err := r.files.each(epoch, 1, func(s Stored) error {
			rec, _, err := r.codec.Decode(s.Raw)
			if err != nil {
				return &damage{seq: s.Key, err: err}
			}
			return fn(&rec)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Codec reads the records' bodies.
func (r *Reader) Codec() *record.Codec { return r.codec }
