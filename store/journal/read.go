package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// viewSize is the number of records copied out in one read transaction: a long one would keep the writer from reusing pages.
const viewSize = 100

// Stored is a record as it lies in the journal.
type Stored struct {
	Key       pos.Seq // the number it is stored under; equal to the record's own unless the file was tampered with
	Raw       []byte
	Signature []byte // COSE_Sign1, detached, on the last record of each commit
}

// page copies up to n records out, from the given sequence number on. A damaged frame ends the page with its number and an error.
func (s *segment) page(from pos.Seq, n int) (list []Stored, err error) {
	if s.walked.Load() == uint64(from) {
		s.ahead.Do(func() { readAhead(s.path) }) // who reads on will read it all
	}
	err = guarded(s.path, func() error {
		return s.db.View(func(tx *bbolt.Tx) error {
			c := tx.Bucket(recordsBucket()).Cursor()
			for k, v := c.Seek(seqKey(from)); k != nil && len(list) < n; k, v = c.Next() {
				if len(k) != 8 {
					return fmt.Errorf("%w: a key of %d bytes", record.ErrDamaged, len(k))
				}
				stored := Stored{Key: pos.Seq(binary.BigEndian.Uint64(k))}
				if least := s.following(list, from); stored.Key < least {
					return fmt.Errorf("record %d stands behind record %d", stored.Key, least-1) // a walk over it might never end
				}
				raw, signature, err := record.ReadFrame(v)
				if err != nil {
					return &damage{seq: stored.Key, err: err}
				}
				stored.Raw, stored.Signature = bytes.Clone(raw), bytes.Clone(signature)
				list = append(list, stored)
			}
			return nil
		})
	})
	if len(list) == n && n >= viewSize {
		s.walked.Store(uint64(list[n-1].Key) + 1)
	}
	var d *damage
	switch {
	case err == nil:
	case !errors.As(err, &d):
		err = &broken{s, err}
	case d.seq != s.following(list, from): // the number itself is damaged
		err = &broken{s, fmt.Errorf("what stands behind record %d is no record", s.following(list, from)-1)}
	}
	return list, err
}

// following is the number behind the records that were read from the given one on.
func (s *segment) following(read []Stored, from pos.Seq) pos.Seq {
	if len(read) == 0 {
		return max(from, s.first)
	}
	return read[len(read)-1].Key + 1
}

// walk calls fn for every readable record of the segment, and fails when the file as a whole cannot be read.
func (s *segment) walk(fn func(Stored)) error {
	return files{s}.eachIntact(s.epoch, s.first, func(stored Stored) error {
		fn(stored)
		return nil
	})
}

// damage names the record whose stored bytes are not what was written.
type damage struct {
	seq pos.Seq
	err error
}

func (d *damage) Error() string { return fmt.Sprintf("record %d: %v", d.seq, d.err) }
func (d *damage) Unwrap() error { return d.err }

// last is the last record of the segment; ok is false when it has none.
func (s *segment) last() (stored Stored, ok bool, err error) {
	var key pos.Seq
	err = guarded(s.path, func() error {
		return s.db.View(func(tx *bbolt.Tx) error {
			if k, _ := tx.Bucket(recordsBucket()).Cursor().Last(); len(k) == 8 {
				key = pos.Seq(binary.BigEndian.Uint64(k))
			}
			return nil
		})
	})
	if err != nil {
		return Stored{}, false, &broken{s, err}
	}
	if key == 0 {
		return Stored{}, false, nil
	}
	list, err := s.page(key, 1)
	if err != nil {
		return Stored{}, false, err
	}
	return list[0], true, nil
}

// acknowledgement is the last signed acknowledgement that this segment holds, nil when it has none.
func (s *segment) acknowledgement() (raw []byte, err error) {
	err = guarded(s.path, func() error {
		return s.db.View(func(tx *bbolt.Tx) error {
			raw = bytes.Clone(tx.Bucket(stateBucket()).Get(ackKey()))
			return nil
		})
	})
	return raw, err
}

// files are the segments of a journal that are open for reading, in the order of their records.
type files []*segment

// of gives the segments of one epoch.
func (f files) of(epoch pos.Epoch) files {
	var list files
	for _, s := range f {
		if s.epoch == epoch {
			list = append(list, s)
		}
	}
	return list
}

// epochs lists the epochs in their order.
func (f files) epochs() []pos.Epoch {
	var list []pos.Epoch
	for _, s := range f {
		if len(list) == 0 || list[len(list)-1] != s.epoch {
			list = append(list, s.epoch)
		}
	}
	return list
}

// read copies up to n records of an epoch, from the given number on, out of as many segments as it takes.
func (f files) read(epoch pos.Epoch, from pos.Seq, n int) ([]Stored, error) {
	var list []Stored
	own := f.of(epoch)
	for i, s := range own {
		if i+1 < len(own) && own[i+1].first <= from {
			continue
		}
		page, err := s.page(from, n-len(list))
		list = append(list, page...)
		if err != nil || len(list) == n {
			return list, err
		}
	}
	return list, nil
}

// each calls fn for every record of an epoch from the given number on, until fn fails.
func (f files) each(epoch pos.Epoch, from pos.Seq, fn func(Stored) error) error {
	for {
		page, err := f.read(epoch, from, viewSize)
		for _, stored := range page {
			if err := fn(stored); err != nil {
				return err
			}
			from = stored.Key + 1
		}
		if err != nil || len(page) == 0 {
			return err
		}
	}
}

// eachIntact is each that passes over records whose bytes are not what was written.
func (f files) eachIntact(epoch pos.Epoch, from pos.Seq, fn func(Stored) error) error {
	for {
		err := f.each(epoch, from, func(s Stored) error {
			from = s.Key + 1
			return fn(s)
		})
		var d *damage
		if !errors.As(err, &d) || d.seq < from {
			return err
		}
		from = d.seq + 1
	}
}
