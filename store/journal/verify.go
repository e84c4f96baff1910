package journal

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
)

// Report is what a check of a journal found.
type Report struct {
	OK       bool          `json:"ok"`
	Till     pos.TillID    `json:"till"`
	Epochs   []EpochReport `json:"epochs"`
	Records  int           `json:"records"`
	Problems []Problem     `json:"problems"`

	Carried *record.Head `json:"carried,omitempty"` // the last record that was removed after its retention; nil for a journal that is whole
	Holes   []Problem    `json:"holes,omitempty"`   // what cannot be read or is not there, and a signed hole stands for: it is told, and no problem
}

// EpochReport tells what an epoch holds.
type EpochReport struct {
	Epoch    pos.Epoch   `json:"epoch"`
	FirstSeq pos.Seq     `json:"first_seq"`
	LastSeq  pos.Seq     `json:"last_seq"`
	Head     record.Hash `json:"head"`
}

// Problem names a record that is not as it was written.
type Problem struct {
	Kind  ProblemKind `json:"kind"`
	Epoch pos.Epoch   `json:"epoch"`
	Seq   pos.Seq     `json:"seq"`
	Text  string      `json:"text"`

	to pos.Seq // the last record that it speaks of
}

// ProblemKind says what happened to a record.
type ProblemKind string

// The kinds of problem.
const (
	Changed    ProblemKind = "changed"
	Missing    ProblemKind = "missing"
	Inserted   ProblemKind = "inserted"
	Reordered  ProblemKind = "reordered"
	Truncated  ProblemKind = "truncated"
	ForkedAt   ProblemKind = "forked"
	Unsigned   ProblemKind = "unsigned"
	Unreadable ProblemKind = "unreadable"
)

// Custody is the head that the platform has acknowledged, checked by the caller; ok is false where there is none.
type Custody func(raw []byte) (head record.Head, ok bool)

// Verify checks every record of the journal in dir: its check value, its number, its predecessor's hash and the signatures. A file that is
// damaged as a whole is a problem like others; it fails when there is no journal, when an agent has it open, or when the disk refuses.
func Verify(dir string, till pos.TillID, keys cose.Keys, custody ...Custody) (Report, error) {
	r, err := OpenReadable(dir)
	if err != nil {
		return Report{}, err
	}
	v := &verifier{reader: r, keys: keys, report: Report{Till: till, Epochs: []EpochReport{}, Problems: []Problem{}}}
	for _, epoch := range r.Epochs() {
		v.epoch(epoch)
	}
	v.wholeFiles()
	v.prefixes()
	v.successions()
	for _, c := range custody {
		v.truncation(c)
	}
	v.explain()
	v.report.OK = len(v.report.Problems) == 0
	return v.report, r.Close()
}

// verifier walks one epoch at a time.
type verifier struct {
	reader *Reader
	keys   cose.Keys
	report Report

	head     record.Head // of the chain so far
	unsigned int         // records since the last signature
	sealed   bool        // the last record has a signature that holds: it is as it was written

	begins  []record.Head // what epochs that lack their beginning go on behind
	carried []record.Head // what carry records say is gone
	owns    []record.Head // the ends of epochs, as the boot record of the next one names them
	holes   []*record.Hole
	keyring
}

func (v *verifier) problem(kind ProblemKind, seq pos.Seq, format string, args ...any) {
	v.problems(kind, seq, seq, format, args...)
}

func (v *verifier) problems(kind ProblemKind, seq, to pos.Seq, format string, args ...any) {
	v.report.Problems = append(v.report.Problems, Problem{Kind: kind, Epoch: v.head.Epoch, Seq: seq, Text: fmt.Sprintf(format, args...), to: to})
}

func (v *verifier) epoch(epoch pos.Epoch) {
	v.head, v.unsigned, v.sealed = record.Genesis(v.report.Till, epoch), 0, false
	first := pos.Seq(0)
	err := v.reader.EachReadable(epoch, func(s Stored) error {
		if first == 0 {
			first = s.Key
		}
		v.stored(s)
		return nil
	}, v.lost)
	if err != nil {
		v.problem(Unreadable, v.head.Seq+1, "%v", err)
	}
	if v.unsigned > 0 {
		v.problem(Unsigned, v.head.Seq, "no signature covers the last %d records", v.unsigned)
	}
	v.report.Epochs = append(v.report.Epochs, EpochReport{Epoch: epoch, FirstSeq: first, LastSeq: v.head.Seq, Head: v.head.Hash})
}

// lost goes on behind what cannot be read: a record, or all that a broken file would hold from a number on.
func (v *verifier) lost(from, to pos.Seq, err error) {
	var d *damage
	if errors.As(err, &d) && d.seq == to {
		v.unreadable(d)
		return
	}
	v.problems(Unreadable, from, to, "%v", err)
	if to > from { // the file that follows says where this one ended
		v.head, v.sealed = record.Head{Epoch: v.head.Epoch, Seq: to}, false
	}
}

// unreadable goes on behind a damaged record: its hash stands in its successor.
func (v *verifier) unreadable(d *damage) {
	v.problem(Unreadable, d.seq, "%v", d.err)
	v.head, v.sealed = record.Head{Epoch: v.head.Epoch, Seq: d.seq}, false
	v.report.Records++
}

// wholeFiles names files that cannot be opened, and those that hold other records than their names say.
func (v *verifier) wholeFiles() {
	for _, b := range v.reader.shut {
		v.head = record.Head{Epoch: b.segment.epoch}
		v.problem(Unreadable, b.segment.first, "%v `tillproof journal export --salvage` finds what it still holds.", b)
	}
	for _, m := range v.reader.files.misplaced(v.reader.codec) {
		v.head = record.Head{Epoch: m.segment.epoch}
		v.problem(Inserted, m.segment.first, "%s: %v", filepath.Base(m.segment.path), m.err)
	}
}

func (v *verifier) stored(s Stored) {
	v.report.Records++
	rec, rest, err := v.reader.codec.Decode(s.Raw)
	if err != nil {
		v.unreadable(&damage{seq: s.Key, err: err})
		return
	}
	if v.head.Seq == 0 && s.Key > 1 { // its beginning is gone; a carry record has to say so
		v.head = record.Head{Epoch: v.head.Epoch, Seq: s.Key - 1, Hash: rec.Prev}
		v.begins = append(v.begins, v.head)
	}
	switch {
	case len(rest) > 0:
		v.problem(Changed, s.Key, "%d bytes stand behind the record", len(rest))
	case rec.Seq != s.Key:
		v.problem(Reordered, s.Key, "the record stored here is number %d", rec.Seq)
	case rec.Till != v.report.Till || rec.Epoch != v.head.Epoch:
		v.problem(Inserted, s.Key, "the record belongs to till %s, epoch %s", rec.Till, rec.Epoch)
	case s.Key > v.head.Seq+1:
		v.problems(Missing, v.head.Seq+1, s.Key-1, "records %d to %d are missing", v.head.Seq+1, s.Key-1)
	case v.head.Hash != record.Hash{} && rec.Prev != v.head.Hash:
		v.broken(&rec)
	}
	v.head = record.Head{Epoch: v.head.Epoch, Seq: s.Key, Hash: rec.Head().Hash}
	v.note(&rec)
	v.signature(s)
}

// broken names the record that does not fit: the predecessor, since a changed record no longer has the hash that its successor holds.
func (v *verifier) broken(rec *record.Record) {
	if v.head.Seq == 0 {
		v.problem(Inserted, rec.Seq, "the first record does not begin this epoch")
		return
	}
	if v.sealed {
		v.problem(ForkedAt, v.head.Seq, "it is signed, and record %d names another one: two tills went on from copies of one journal", rec.Seq)
		return
	}
	v.problem(Changed, v.head.Seq, "its hash is not the one that record %d names", rec.Seq)
}

// signature checks a commit's end. A signature covers all records before it, by their chain.
func (v *verifier) signature(s Stored) {
	v.unsigned++
	v.sealed = false
	if len(s.Signature) == 0 {
		if v.unsigned == CommitRecords {
			v.problem(Unsigned, s.Key, "no signature within %d records", CommitRecords)
		}
		return
	}
	v.unsigned = 0
	if err := v.follow(s, v.keys); err != nil {
		v.problem(Unsigned, s.Key, "the signature does not hold: %v", err)
		return
	}
	v.sealed = true
}

// truncation holds the journal against what the platform has acknowledged: those records existed.
func (v *verifier) truncation(custody Custody) {
	raw, err := v.reader.acknowledgement()
	if err != nil || raw == nil {
		return
	}
	head, ok := custody(raw)
	if !ok {
		return
	}
	i := slices.IndexFunc(v.report.Epochs, func(e EpochReport) bool { return e.Epoch == head.Epoch })
	v.head = record.Head{Epoch: head.Epoch}
	if of := v.report.Carried; of != nil && placeOf(head).Compare(placeOf(*of)) < 0 {
		v.head = *of
		v.problem(Missing, of.Seq, "records up to %d are removed; the platform has acknowledged them up to %d only", of.Seq, head.Seq)
		return
	}
	if gone := v.report.Carried; i < 0 && gone != nil && placeOf(head) == placeOf(*gone) {
		return
	}
	if i < 0 || v.report.Epochs[i].LastSeq < head.Seq {
		v.problem(Truncated, head.Seq, "the platform has acknowledged records up to %d, which are gone here", head.Seq)
		return
	}
	list, err := v.reader.files.read(head.Epoch, head.Seq, 1)
	if err == nil && len(list) == 1 && list[0].Key == head.Seq && record.HeadOf(head.Epoch, head.Seq, list[0].Raw) != head {
		v.problem(ForkedAt, head.Seq, "the platform has acknowledged another record of this number: two tills went on from copies of one journal, or this part was written anew")
	}
}

func (r *Reader) acknowledgement() ([]byte, error) { return r.files.acknowledgement() }

// acknowledgement is the newest one that lies on the disk, nil when there is none.
func (f files) acknowledgement() ([]byte, error) {
	for _, s := range slices.Backward(f) {
		raw, err := s.acknowledgement()
		if raw != nil || err != nil {
			return raw, err
		}
	}
	return nil, nil
}
