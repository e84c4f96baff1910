package fleet

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

// deafAfter is the number of time-outs in a row after which a till connects anew: an overrun broker can lose a subscription of a connection that lives on,
// when the end of the till's former connection is seen late.
const deafAfter = 3

var errDeaf = errors.New("nothing was heard on the connection")

// keepHouse sees to the tills' deadlines.
func (f *Fleet) keepHouse(ctx context.Context) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		for _, t := range f.tills {
			if t.mu.TryLock() {
				f.see(ctx, t)
				t.mu.Unlock()
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// see looks at one till. Called with its mu held.
func (f *Fleet) see(ctx context.Context, t *till) {
	now := f.now()
	switch {
	case t.conn == nil && !t.dialling && now >= t.dialAt:
		t.dialling = true
		select {
		case f.dials <- t:
		case <-ctx.Done():
		default:
			t.dialling = false
		}
	case t.ready && t.deadline != 0 && now > t.deadline:
		f.count(func(c *Counts) { c.Timeouts++ })
		if t.silences, t.window = min(t.silences+1, 8), 1; t.silences%deafAfter == 0 {
			t.lose(errDeaf)
			return
		}
		t.goBack(t.mark)
		t.look()
	case t.ready && now-t.spoke > moment(keepAlive/2):
		t.ping()
	case len(t.flights) == 0 && t.mark.seq < t.tip:
		t.look()
	}
}

// sellAndCut makes live sales and cuts connections, both at random tills, until the time is over.
func (f *Fleet) sellAndCut(ctx context.Context, group *sync.WaitGroup) {
	timer := time.NewTimer(f.opts.Duration)
	defer timer.Stop()
	sales, cuts := paceOf(f.opts.Rate), paceOf(f.opts.Cuts)
	defer sales.Stop()
	defer cuts.Stop()
	for {
		t := f.tills[rand.IntN(len(f.tills))]
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			return
		case <-cuts.C:
			t.cut()
		case <-sales.C:
			f.made.Add(perSale)
			t.sell(group)
		}
	}
}

// paceOf is a ticker for so many times a second, one that never ticks for none.
func paceOf(rate float64) *time.Ticker {
	if rate <= 0 {
		t := time.NewTicker(time.Hour)
		t.Stop()
		return t
	}
	return time.NewTicker(max(1, time.Duration(float64(time.Second)/rate)))
}
