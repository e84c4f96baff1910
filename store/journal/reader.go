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
	shut  []*broken // files that cannot be opened, of a reader that makes do with the others
}

// OpenReader opens the journal in dir for reading. It fails with [ErrEmpty] when there is none and with code journal_locked while an agent runs.
func OpenReader(dir string) (*Reader, error) {
	r, err := OpenReadable(dir)
	if err != nil || len(r.shut) == 0 {
		return r, err
	}
	return nil, errors.Join(r.shut[0], r.Close())
}

// OpenReadable is [OpenReader] for who wants all that can still be read: a damaged file does not keep the others from it, see [Reader.EachReadable].
func OpenReadable(dir string) (*Reader, error) {
	list, err := listSegments(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(list) == 0 {
		return nil, fmt.Errorf("%w: %s. Nothing was read; give the data folder of a till or of a demo", ErrEmpty, dir)
	}
	var known *pos.Error
	if err != nil && !errors.As(err, &known) {
		err = errUnreadable(dir, err)
	}
	if err != nil {
		return nil, err
	}
	codec, err := record.NewCodec()
	if err != nil {
		return nil, err
	}
	r := &Reader{codec: codec}
	for _, s := range list {
		err := s.open(true, 0)
		if isDamage(err) {
			r.shut = append(r.shut, &broken{s, err})
			err = s.close()
		} else {
			r.files = append(r.files, s)
		}
		if err != nil {
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

// Shut tells the first file that could not be opened, nil when all are there.
func (r *Reader) Shut() error {
	if len(r.shut) == 0 {
		return nil
	}
	return r.shut[0]
}

// EachReadable calls fn for every record of an epoch that can be read, until fn fails. What cannot is passed over and told to lost, with its number.
func (r *Reader) EachReadable(epoch pos.Epoch, fn func(Stored) error, lost func(from, to pos.Seq, err error)) error {
	for from := pos.Seq(1); ; {
		err := r.Each(epoch, from, func(s Stored) error {
			from = s.Key + 1
			return fn(s)
		})
		to, more := r.files.of(epoch).behind(from, err)
		if to == 0 {
			return err
		}
		if lost(from, to, err); !more {
			return nil
		}
		from = to + 1
	}
}

// behind names the last record that an error of reading on from a number speaks of, 0 when it is not one of the stored bytes. Behind a damaged record the next
// one follows, behind a broken file the next file; more is false when there is none.
func (f files) behind(from pos.Seq, err error) (to pos.Seq, more bool) {
	var d *damage
	if errors.As(err, &d) && d.seq >= from {
		return d.seq, true
	}
	var b *broken
	if !errors.As(err, &b) {
		return 0, false
	}
	for _, s := range f {
		if s.first > b.segment.first && s.first > from {
			return s.first - 1, true
		}
	}
	return from, false
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
