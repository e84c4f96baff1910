package journal

import (
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
)

// keyring follows the changes of the till's key.
type keyring struct {
	named   map[cose.KeyID]cose.PublicKey // by key records that a trusted key has signed
	retired map[cose.KeyID]bool           // what another key has taken the place of
	next    []cose.PublicKey              // named in the commit that is being read
}

// follow checks the end of a commit. A key that it names is trusted from then on, and the one that signed it no more.
func (k *keyring) follow(s Stored, trusted cose.Keys) error {
	next := k.next
	k.next = nil
	id, err := cose.Verify(s.Signature, s.Raw, cose.ForRecord, func(id cose.KeyID) (cose.PublicKey, bool) {
		if key, ok := k.named[id]; ok {
			return key, true
		}
		return trusted(id)
	})
	if err != nil {
		return err
	}
	if k.retired[id] {
		return fmt.Errorf("key %s had been replaced before", id)
	}
	for _, key := range next {
		if k.named == nil {
			k.named, k.retired = map[cose.KeyID]cose.PublicKey{}, map[cose.KeyID]bool{}
		}
		k.named[cose.IDOf(key)] = key
		k.retired[id] = cose.IDOf(key) != id
		delete(k.retired, cose.IDOf(key))
	}
	return nil
}

// note keeps what a record says of the journal itself.
func (v *verifier) note(rec *record.Record) {
	switch rec.Kind {
	case record.KindBoot, record.KindCarry, record.KindHole, record.KindKey:
	default:
		return
	}
	body, err := v.reader.codec.Body(rec)
	if err != nil {
		return
	}
	switch b := body.(type) {
	case *record.Boot:
		if b.Own != nil && rec.Seq == 1 {
			v.owns = append(v.owns, *b.Own)
		}
	case *record.Carry:
		if b.Last {
			of := b.Of
			v.report.Carried = &of
			v.carried = append(v.carried, of)
		}
	case *record.Hole:
		v.holes = append(v.holes, b)
	case *record.KeyChange:
		if len(b.Public) == 32 {
			v.next = append(v.next, cose.PublicKey(b.Public))
		}
	}
}

// prefixes holds epochs without their beginning against the carry records: only what they name may be gone.
func (v *verifier) prefixes() {
	for _, head := range v.begins {
		if slices.Contains(v.carried, head) {
			continue
		}
		v.head = record.Head{Epoch: head.Epoch}
		v.problems(Missing, 1, head.Seq, "records 1 to %d are missing", head.Seq)
	}
}

// successions holds the end of each epoch against the boot record of the next one.
func (v *verifier) successions() {
	for _, own := range v.owns {
		i := slices.IndexFunc(v.report.Epochs, func(e EpochReport) bool { return e.Epoch == own.Epoch })
		gone := v.report.Carried != nil && placeOf(*v.report.Carried).Compare(placeOf(own)) >= 0
		if gone || own.Seq == 0 || i >= 0 && v.report.Epochs[i].LastSeq >= own.Seq {
			continue
		}
		v.head = record.Head{Epoch: own.Epoch}
		v.problem(Truncated, own.Seq, "the epoch went up to record %d, as the next one says, and that is gone here", own.Seq)
	}
}

// explain moves what signed holes stand for out of the problems.
func (v *verifier) explain() {
	kept := []Problem{}
	for _, p := range v.report.Problems {
		if p.Kind != Missing && p.Kind != Unreadable && p.Kind != Unsigned || !slices.ContainsFunc(v.holes, func(h *record.Hole) bool { return stands(h, &p) }) {
			kept = append(kept, p)
			continue
		}
		v.report.Holes = append(v.report.Holes, p)
	}
	v.report.Problems = kept
	for _, h := range v.holes {
		if h.Reason == record.HoleTail {
			v.report.Holes = append(v.report.Holes, Problem{Kind: Truncated, Epoch: h.Epoch, Seq: h.From,
				Text: "the file with the end of this epoch was damaged: there may have been this record and others behind it"})
		}
	}
}

// stands says whether a hole names all records that a problem speaks of as lost, or brings the one that nothing signs any more.
func stands(h *record.Hole, p *Problem) bool {
	if p.Kind == Unsigned && h.Epoch == p.Epoch && h.From == p.Seq && len(h.Raw) > 0 {
		return true
	}
	return h.Epoch == p.Epoch && len(h.Raw) == 0 && h.From <= p.Seq && (h.To == 0 || p.to <= h.To) && h.Reason != record.HoleNone
}
