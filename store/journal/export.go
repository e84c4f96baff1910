package journal

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/tillproof/tillproof/store/record"
)

// Acknowledgement is the newest signed acknowledgement that lies in the files, nil when there is none.
func (r *Reader) Acknowledgement() ([]byte, error) { return r.acknowledgement() }

// Salvage calls fn for every record that a raw scan finds in the files of a journal, in order, without opening a database: also in files that cannot be
// opened any more, and in those that were set aside. A record of which there are several versions comes several times; [Verify] tells which one fits.
// Nothing is changed.
func Salvage(dir string, fn func(rec *record.Record, signature []byte) error) error {
	codec, err := record.NewCodec()
	if err != nil {
		return err
	}
	var paths []string
	for _, pattern := range []string{"*" + segmentExt, "*" + segmentExt + damagedExt} {
		list, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return err
		}
		paths = append(paths, list...)
	}
	if len(paths) == 0 {
		return fmt.Errorf("%w: %s", ErrEmpty, dir)
	}
	var errs []error
	var list []found
	for _, path := range paths {
		errs = append(errs, scanFrames(path, func(raw, signature []byte) {
			if rec, rest, err := codec.Decode(raw); err == nil && len(rest) == 0 {
				list = append(list, found{rec, signature})
			}
		}))
	}
	for _, f := range onlyOnce(list) {
		if err := fn(&f.rec, f.signature); err != nil {
			return err
		}
	}
	return errors.Join(errs...)
}

// found is a record of a raw scan.
type found struct {
	rec       record.Record
	signature []byte
}

// onlyOnce orders records and drops copies; of copies the signed one stays.
func onlyOnce(list []found) []found {
	slices.SortStableFunc(list, func(a, b found) int {
		return cmp.Or(a.rec.Place().Compare(b.rec.Place()), bytes.Compare(a.rec.Raw, b.rec.Raw), cmp.Compare(len(b.signature), len(a.signature)))
	})
	return slices.CompactFunc(list, func(a, b found) bool {
		return a.rec.Place() == b.rec.Place() && bytes.Equal(a.rec.Raw, b.rec.Raw)
	})
}
