package platform

import (
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/wire"
)

// gapStuck is how long a till may be answered with the same gap before a person should know: it cannot send what the ledger lacks.
const gapStuck = time.Minute

// gapWatch notices tills whose gap does not close. A gap is usual: a batch was lost, and the till sends it again within seconds. One that stays says that
// the ledger lacks what the till has removed already: the ledger is older than the till's retention. The zero value is ready for use, by many goroutines.
type gapWatch struct {
	mu   sync.Mutex
	open map[pos.TillID]openGap // guarded by mu
}

// openGap is where a till's records do not go on, and since when.
type openGap struct {
	mark  record.Head
	since time.Time
	last  time.Time
}

// note looks at an answer.
func (g *gapWatch) note(ack *wire.Ack, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	before, known := g.open[ack.Till]
	switch {
	case ack.State != wire.AckGap:
		if known && before.mark.Epoch == ack.Mark.Epoch {
			delete(g.open, ack.Till)
		}
	case known && before.mark == ack.Mark:
		before.last = now
		g.open[ack.Till] = before
	default:
		if g.open == nil {
			g.open = map[pos.TillID]openGap{}
		}
		g.open[ack.Till] = openGap{ack.Mark, now, now}
	}
}

// stuck lists the tills whose gap is old, and was told of in the last ten minutes.
func (g *gapWatch) stuck(now time.Time) map[pos.TillID]openGap {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := map[pos.TillID]openGap{}
	for till, gap := range g.open {
		if now.Sub(gap.since) > gapStuck && now.Sub(gap.last) < 10*time.Minute {
			list[till] = gap
		}
	}
	return list
}
