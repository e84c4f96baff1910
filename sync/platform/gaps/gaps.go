// Package gaps notices tills whose records do not go on where the ledger stands, and that cannot mend it by themselves.
package gaps

import (
	"maps"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/wire"
)

// stuckAfter is how long a till may be answered with the same gap before a person should know: it cannot send what the ledger lacks.
const stuckAfter = time.Minute

// forgotten is how long ago a gap was told of last when its till counts as gone.
const forgotten = 10 * time.Minute

// Watch notices tills whose gap does not close. A gap is usual: a batch was lost, and the till sends it again within seconds. One that stays says that
// the ledger lacks what the till has removed already: the ledger is older than the till's retention. The zero value is ready for use, by many goroutines.
type Watch struct {
	mu   sync.Mutex
	open map[pos.TillID]Gap // guarded by mu
}

// Gap is where a till's records do not go on, and since when.
type Gap struct {
	Mark  record.Head // the last record that the ledger holds
	Since time.Time
	last  time.Time // it was told of
}

// Note looks at an answer that a till is given.
func (w *Watch) Note(ack *wire.Ack, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before, known := w.open[ack.Till]
	switch {
	case ack.State != wire.AckGap:
		if known && before.Mark.Epoch == ack.Mark.Epoch {
			delete(w.open, ack.Till)
		}
	case known && before.Mark == ack.Mark:
		before.last = now
		w.open[ack.Till] = before
	default:
		if w.open == nil {
			w.open = map[pos.TillID]Gap{}
		}
		w.open[ack.Till] = Gap{ack.Mark, now, now}
	}
}

// Stuck lists the tills whose gap is old, and was told of in the last ten minutes. The list is the caller's.
func (w *Watch) Stuck(now time.Time) map[pos.TillID]Gap {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := maps.Clone(w.open)
	maps.DeleteFunc(list, func(_ pos.TillID, gap Gap) bool {
		return now.Sub(gap.Since) <= stuckAfter || now.Sub(gap.last) >= forgotten
	})
	return list
}
