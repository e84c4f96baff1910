package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
)

const (
	damagedExt = ".damaged"
	scanBlock  = 1 << 20            // bytes that a raw scan reads at a time
	frameMost  = record.MaxSize * 2 // more than the longest frame
)

// broken says that a whole file cannot be read as what it is, beyond a record whose bytes have changed.
type broken struct {
	segment *segment
	err     error
}

func (b *broken) Error() string { return b.err.Error() }
func (b *broken) Unwrap() error { return b.err }

// isDamage says whether an error tells of a damaged file, and not of a disk, a permission or another process that is in the way.
func isDamage(err error) bool {
	var path *fs.PathError
	var call *os.SyscallError
	var number syscall.Errno
	var known *pos.Error
	if errors.As(err, &known) && known.Code == "journal_locked" {
		return false
	}
	return err != nil && !errors.As(err, &path) && !errors.As(err, &call) && !errors.As(err, &number) && !errors.Is(err, bolterrors.ErrTimeout)
}

// salvage finds the records of an epoch in a file by their frames, without the database. Pages that the database has let go of hold copies, and perhaps
// records of a commit that failed; of several with one number the one counts that the chain goes through.
func salvage(path string, codec *record.Codec, epoch pos.Epoch) ([]Stored, error) {
	found := map[pos.Seq][]Stored{}
	err := scanFrames(path, func(raw, signature []byte) {
		rec, rest, err := codec.Decode(raw)
		if err != nil || len(rest) > 0 || rec.Epoch != epoch {
			return
		}
		list := found[rec.Seq]
		i := slices.IndexFunc(list, func(s Stored) bool { return bytes.Equal(s.Raw, raw) })
		if i < 0 {
			found[rec.Seq] = append(list, Stored{Key: rec.Seq, Raw: raw, Signature: signature})
		} else if len(list[i].Signature) == 0 {
			list[i].Signature = signature
		}
	})
	if err != nil {
		return nil, err
	}
	return oneChain(found, codec), nil
}

// oneChain chooses one record for each number, from the last one backwards: what its successor names, else any.
func oneChain(found map[pos.Seq][]Stored, codec *record.Codec) []Stored {
	var list []Stored
	var wanted record.Hash // that the record after it names; zero when there is none
	var next pos.Seq
	for _, seq := range slices.Backward(slices.Sorted(maps.Keys(found))) {
		choice := found[seq][len(found[seq])-1]
		for _, s := range found[seq] {
			if next == seq+1 && record.HeadOf(pos.Epoch{}, seq, s.Raw).Hash == wanted {
				choice = s
			}
		}
		rec, _, _ := codec.Decode(choice.Raw) // it was decoded before
		wanted, next = rec.Prev, seq
		list = append(list, choice)
	}
	slices.Reverse(list)
	return list
}

// scanFrames calls fn for every whole frame in a file. What cannot be read of the disk counts as zeros.
func scanFrames(path string, fn func(raw, signature []byte)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	block := make([]byte, scanBlock+frameMost)
	for at := int64(0); at < info.Size(); at += scanBlock {
		n := int(min(int64(len(block)), info.Size()-at))
		readAll(f, block[:n], at)
		framesIn(block[:n], scanBlock, fn)
	}
	return nil
}

// framesIn calls fn for the frames that begin before the limit.
func framesIn(b []byte, limit int, fn func(raw, signature []byte)) {
	for at := 0; at < min(limit, len(b)); {
		i := bytes.Index(b[at:], []byte(record.FrameMagic))
		if i < 0 || at+i >= limit {
			return
		}
		at += i
		raw, signature, err := record.ReadFrame(b[at:])
		if err != nil {
			at++
			continue
		}
		fn(bytes.Clone(raw), bytes.Clone(signature))
		at += len(record.FrameMagic) + len(raw)
	}
}

// readAll reads a block; where the disk fails, page by page.
func readAll(f io.ReaderAt, b []byte, at int64) {
	if _, err := f.ReadAt(b, at); err == nil || errors.Is(err, io.EOF) {
		return
	}
	for i := 0; i < len(b); i += pageSize {
		page := b[i:min(i+pageSize, len(b))]
		if _, err := f.ReadAt(page, at+int64(i)); err != nil && !errors.Is(err, io.EOF) {
			clear(page)
		}
	}
}

// setAside makes a readable segment out of what can be found in a damaged one, and keeps the damaged bytes under a name that ends in .damaged. After a
// crash in between [resalvage] goes on.
func (j *Journal) setAside(s *segment) error {
	if err := s.close(); err != nil && !isDamage(err) {
		return err
	}
	prepared, err := j.salvaged(s.path, s.epoch)
	if err != nil {
		return errCreate(j.opts.Dir, err)
	}
	if err := os.Rename(s.path, s.path+damagedExt); err != nil {
		return errors.Join(err, os.Remove(prepared))
	}
	if _, err = activateSegment(prepared, j.opts.Dir, s.epoch, s.first); err != nil || !s.suspected() {
		return err
	}
	return os.Remove(s.path + suspectExt)
}

// salvaged prepares a segment with the records that a damaged file still holds.
func (j *Journal) salvaged(path string, epoch pos.Epoch) (prepared string, err error) {
	list, err := salvage(path, j.codec, epoch)
	if err != nil {
		return "", err
	}
	if prepared, err = prepareSegment(j.opts.Dir, j.opts.Segment); err != nil {
		return "", err
	}
	if err := fillSegment(prepared, list); err != nil {
		return "", errors.Join(err, os.Remove(prepared))
	}
	return prepared, nil
}

func fillSegment(path string, list []Stored) error {
	o := boltOptions(false, 0)
	o.NoSync = true // one flush at the end is enough: the file has no name yet
	db, err := bbolt.Open(path, 0o600, o)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(list, 1000) {
		err = errors.Join(err, db.Update(func(tx *bbolt.Tx) error {
			b := tx.Bucket(recordsBucket())
			b.FillPercent = 1
			for _, s := range part {
				if err := b.Put(seqKey(s.Key), record.AppendFrame(nil, s.Raw, s.Signature)); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	return errors.Join(err, db.Sync(), db.Close())
}

// resalvage finishes what a crash left of setAside: a damaged file whose place is empty.
func (j *Journal) resalvage() error {
	list, err := filepath.Glob(filepath.Join(j.opts.Dir, "*"+segmentExt+damagedExt))
	if err != nil {
		return err
	}
	for _, path := range list {
		place := strings.TrimSuffix(path, damagedExt)
		if _, err := os.Stat(place); err == nil || !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		s, err := parseSegment(place)
		if err != nil {
			return err
		}
		prepared, err := j.salvaged(path, s.epoch)
		if err != nil {
			return errCreate(j.opts.Dir, err)
		}
		if err := os.Rename(prepared, place); err != nil {
			return err
		}
	}
	if err := cose.SyncDir(j.opts.Dir); err != nil {
		return errCreate(j.opts.Dir, err)
	}
	return nil
}

// damagedBefore says whether the segment was made out of what a damaged file still held.
func (s *segment) damagedBefore() bool {
	_, err := os.Stat(s.path + damagedExt)
	return err == nil
}

// suspectExt ends the name of a note beside a segment that could be read and not written: its tables are damaged where only a writer looks, such as the
// list of free pages. The next start sets it aside.
const suspectExt = ".suspect"

// suspect leaves a note when a commit has found damage, not when the disk refused it. Where the note cannot be written the disk is what fails.
func (j *Journal) suspect(err error) {
	var fault *pos.Error
	if errors.As(err, &fault) && fault.Code == "journal_unreadable" {
		_ = os.WriteFile(j.current.path+suspectExt, []byte(err.Error()+"\n"), 0o600)
	}
}

// suspected says whether such a note lies beside the segment.
func (s *segment) suspected() bool {
	_, err := os.Stat(s.path + suspectExt)
	return err == nil
}

// eachGapless is eachIntact for who must not miss a record: a number that is passed over says that the tables of its file are damaged, and what is not
// found by its number may still be found by its bytes. What was made out of a damaged file may have gaps.
func (f files) eachGapless(epoch pos.Epoch, from pos.Seq, fn func(Stored) error) error {
	own := f.of(epoch)
	if len(own) > 0 {
		from = max(from, own[0].first)
	}
	for {
		err := own.each(epoch, from, func(s Stored) error {
			if gap := own.holding(from); s.Key > from && !gap.damagedBefore() {
				return &broken{gap, fmt.Errorf("record %d is not in its place", from)}
			}
			from = s.Key + 1
			return fn(s)
		})
		var d *damage
		if err == nil && len(own) > 0 {
			if last := own[len(own)-1]; last.first == from && last != f[len(f)-1] && !last.damagedBefore() {
				return &broken{last, errors.New("it holds no record, and another file follows")}
			}
		}
		if !errors.As(err, &d) || d.seq < from {
			return err
		}
		from = d.seq + 1
	}
}

// holding is the segment of one epoch's that a record belongs into.
func (f files) holding(seq pos.Seq) *segment {
	for _, s := range slices.Backward(f) {
		if s.first <= seq {
			return s
		}
	}
	return f[0]
}
