package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
)

const (
	pageSize   = 4096
	segmentExt = ".seg"
	tempPrefix = "new-"
	lockWait   = 2 * time.Second
)

// segment is one bbolt file: a part of one epoch, from the first sequence number on.
type segment struct {
	path  string
	epoch pos.Epoch
	first pos.Seq
	db    *bbolt.DB // nil until it is read

	walked  atomic.Uint64 // the number behind the last whole page that was read, 0 for none
	ahead   sync.Once     // reading ahead was asked for
	trimmed bool          // its unused end was cut off; of the keeper alone
}

func recordsBucket() []byte { return []byte("records") }
func stateBucket() []byte   { return []byte("state") }
func ackKey() []byte        { return []byte("ack") }

func seqKey(s pos.Seq) []byte { return binary.BigEndian.AppendUint64(nil, uint64(s)) }

func boltOptions(readOnly bool, mapped int) *bbolt.Options {
	return &bbolt.Options{
		Timeout: lockWait, ReadOnly: readOnly, PageSize: pageSize, InitialMmapSize: mapped,
		FreelistType: bbolt.FreelistMapType, NoStatistics: true,
	}
}

// segmentName sorts by epoch and then by sequence, since epochs begin with their time.
func segmentName(epoch pos.Epoch, first pos.Seq) string {
	return fmt.Sprintf("%s.%016d%s", epoch, first, segmentExt)
}

// listSegments finds the files of a journal in the order of their records.
func listSegments(dir string) ([]*segment, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var list []*segment
	for _, e := range entries {
		base, isSegment := strings.CutSuffix(e.Name(), segmentExt)
		if !isSegment || strings.HasPrefix(base, tempPrefix) {
			continue
		}
		s, err := parseSegment(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	sort.Slice(list, func(i, k int) bool { return list[i].path < list[k].path })
	return list, nil
}

// parseSegment reads the name of a segment.
func parseSegment(path string) (*segment, error) {
	id, number, _ := strings.Cut(strings.TrimSuffix(filepath.Base(path), segmentExt), ".")
	epoch, err := pos.ParseEpoch(id)
	if err != nil {
		return nil, errUnreadable(path, err)
	}
	first, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return nil, errUnreadable(path, err)
	}
	if want := segmentName(epoch, pos.Seq(first)); filepath.Base(path) != want { // its place in the order would be another one
		return nil, errUnreadable(path, fmt.Errorf("the name of such a file is %s", want))
	}
	return &segment{path: path, epoch: epoch, first: pos.Seq(first)}, nil
}

// prepareSegment makes an empty segment under a temporary name and fills the rest of its size with zeros. Zeros that are really written keep a
// commit at two flushes: with a sparse file each commit would change the file system's own tables too.
func prepareSegment(dir string, size int) (path string, err error) {
	tmp, err := os.CreateTemp(dir, tempPrefix+"*"+segmentExt)
	if err != nil {
		return "", err
	}
	path = tmp.Name()
	if err = tmp.Close(); err == nil {
		err = errors.Join(makeTables(path), fillWithZeros(path, size))
	}
	if err != nil {
		_ = os.Remove(path)
	}
	return path, err
}

func makeTables(path string) error {
	db, err := bbolt.Open(path, 0o600, boltOptions(false, 0))
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket(recordsBucket())
		_, err2 := tx.CreateBucket(stateBucket())
		return errors.Join(err, err2)
	})
	return errors.Join(err, db.Close())
}

func fillWithZeros(path string, size int) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	zeros := make([]byte, 1<<20)
	for left := size - int(info.Size()); left > 0; left -= len(zeros) {
		if _, err := f.Write(zeros[:min(left, len(zeros))]); err != nil {
			return err
		}
	}
	return f.Sync()
}

// activateSegment gives a prepared file its place in the journal. A crash before the rename leaves a temporary file, after it a whole segment.
func activateSegment(prepared, dir string, epoch pos.Epoch, first pos.Seq) (*segment, error) {
	s := &segment{path: filepath.Join(dir, segmentName(epoch, first)), epoch: epoch, first: first}
	if err := os.Rename(prepared, s.path); err != nil {
		return nil, err
	}
	return s, cose.SyncDir(dir)
}

// open opens the file. A writer holds it alone; readers share it.
func (s *segment) open(readOnly bool, mapped int) error {
	if s.db != nil {
		return nil
	}
	err := guarded(s.path, func() error {
		if info, err := os.Stat(s.path); err == nil && info.Size() == 0 { // the library would begin a new database in it
			return errors.New("the file is empty")
		}
		db, err := bbolt.Open(s.path, 0o600, boltOptions(readOnly, mapped))
		if err != nil {
			return err
		}
		s.db = db
		if err := checkMetas(s.path); err != nil {
			return err
		}
		return db.View(func(tx *bbolt.Tx) error {
			if tx.Bucket(recordsBucket()) == nil || tx.Bucket(stateBucket()) == nil {
				return errors.New("a table is missing")
			}
			return nil
		})
	})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, bolterrors.ErrTimeout):
		return errLocked(filepath.Dir(s.path), "a running agent")
	}
	var known *pos.Error
	if errors.As(err, &known) {
		return err
	}
	return errUnreadable(s.path, err)
}

func (s *segment) close() error {
	if s.db == nil {
		return nil
	}
	db := s.db
	s.db = nil
	return db.Close()
}
