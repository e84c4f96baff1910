package zvtsim

import (
	"bytes"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// syncID is what a terminal that compares ids (Options.SyncIDs) calls a transaction: its trace.
func (t Transaction) syncID() []byte {
	id, _ := codec.BCD(uint64(t.Trace), 3)
	return id
}

// compare looks at the id of the last transaction that a till has booked (TLV 1F1F). One exactly behind our last one means that the till never got that,
// so it is taken back; none, the same, and any other difference change nothing (PA00P015, chapter 4).
func (s *session) compare(fields codec.Fields) error {
	booked, told := fields.TLV().Find(codec.TagSyncID)
	if !s.t.options.SyncIDs || !told || len(booked) == 0 {
		return nil
	}
	var valid []Transaction
	for _, tx := range s.t.Memory().Transactions {
		if !tx.Open && !tx.Reversed {
			valid = append(valid, tx)
		}
	}
	if n := len(valid); n > 1 && bytes.Equal(booked, valid[n-2].syncID()) {
		return s.t.conclude(valid[n-1].Trace, true)
	}
	return nil
}
