package api

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
)

// position is a place in the journal: the record that somebody has seen last. Seq 0 is before the first of the epoch.
type position struct {
	epoch pos.Epoch
	seq   pos.Seq
}

// String is the id of an event: `<epoch>.<seq>`.
func (p position) String() string {
	return p.epoch.String() + "." + strconv.FormatUint(uint64(p.seq), 10)
}

// compare orders places by the time of their records. Epochs sort by their time (RFC 9562 §5.7).
func (p position) compare(o position) int {
	return cmp.Or(bytes.Compare(p.epoch[:], o.epoch[:]), cmp.Compare(p.seq, o.seq))
}

// parsePosition reads the id of an event; ok is false for anything else.
func parsePosition(text string) (p position, ok bool) {
	epoch, seq, _ := strings.Cut(text, ".")
	e, err := pos.ParseEpoch(epoch)
	if err != nil {
		return position{}, false
	}
	n, err := strconv.ParseUint(seq, 10, 64)
	return position{e, pos.Seq(n)}, err == nil
}

// headOf is the end of a journal.
func headOf(j *journal.Journal) position {
	head := j.Head()
	return position{head.Epoch, head.Seq}
}

// behind counts the records of a journal beyond a place. ok is false for a place that is not in it: of another till, of a branch that was lost, or
// before records that retention has taken.
func behind(j *journal.Journal, p position) (n uint64, ok bool) {
	epochs := j.Epochs()
	at := slices.Index(epochs, p.epoch)
	if at < 0 {
		return 0, false
	}
	if begin, err := j.Begin(p.epoch); err != nil || p.seq < begin.Seq {
		return 0, false
	}
	for i, epoch := range epochs[at:] {
		last, err := j.LastSeq(epoch)
		switch {
		case err != nil || i == 0 && last < p.seq:
			return 0, false
		case i == 0:
			n = uint64(last - p.seq)
		default:
			n += uint64(last)
		}
	}
	return n, true
}
