package journal

import (
	"errors"
	"os"

	"github.com/tillproof/tillproof/store/record"
)

// Bridge makes the records of an epoch deliverable to a platform that has lost what it had signed for: it was restored from a backup that is older than the
// retention, so its mark lies before the first record that is still here. A new epoch begins with a signed hole that names what both have lost, and with
// holes that bring everything behind it, in order (see [Journal.Mend]). Selling waits for it, some milliseconds for a hundred records; the room for the copies
// is taken. It does nothing to an epoch that was bridged or mended before, or that begins no later than behind the mark.
func (j *Journal) Bridge(mark record.Head) error {
	begin, err := j.Begin(mark.Epoch)
	if err != nil || begin.Seq <= mark.Seq || j.Mended(mark.Epoch) {
		return err
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
	return j.mendBehind(mark, begin.Seq, false, prepared)
}
