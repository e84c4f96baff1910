package journal

import (
	"fmt"
	"math"

	"go.etcd.io/bbolt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// misplaced finds files that hold whole records of another place than their names and those of their neighbours say: files that were exchanged, renamed, or
// copied beside each other. No disk does that. Reading them would take one part twice and pass over another, and going on behind them would fork the journal.
func (f files) misplaced(codec *record.Codec) (list []*broken) {
	for i, s := range f {
		end := pos.Seq(math.MaxUint64)
		if i+1 < len(f) && f[i+1].epoch == s.epoch {
			end = f[i+1].first
		}
		for _, rec := range s.ends(codec) {
			if rec.Epoch == s.epoch && rec.Seq >= s.first && rec.Seq < end {
				continue
			}
			list = append(list, &broken{s, fmt.Errorf("it holds record %d of epoch %s, which does not belong there: it was exchanged, renamed or copied", rec.Seq, rec.Epoch)})
			break
		}
	}
	return list
}

// ends are the first and the last record of a file, as far as they are whole and stored under their own number.
func (s *segment) ends(codec *record.Codec) (list []record.Head) {
	_ = guarded(s.path, func() error { // who reads the file finds its damage
		return s.db.View(func(tx *bbolt.Tx) error {
			for _, step := range []func(*bbolt.Cursor) ([]byte, []byte){(*bbolt.Cursor).First, (*bbolt.Cursor).Last} {
				k, v := step(tx.Bucket(recordsBucket()).Cursor())
				raw, _, err := record.ReadFrame(v)
				if err != nil {
					continue
				}
				if rec, _, err := codec.Decode(raw); err == nil && string(k) == string(seqKey(rec.Seq)) {
					list = append(list, record.Head{Epoch: rec.Epoch, Seq: rec.Seq})
				}
			}
			return nil
		})
	})
	return list
}
