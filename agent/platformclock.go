package agent

import (
	"context"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/sync/calls"
	"github.com/tillproof/tillproof/sync/wire"
)

// The platform is asked for its time at each connection and then from time to time: a till that sells nothing gets no acknowledgement that would prove its
// clock.
const (
	askTimeEvery = 15 * time.Minute
	steadyWithin = time.Second // wall clock and monotonic clock may differ by so much before neither is trusted
)

// platformClock is the platform's time as a till knows it, for the calls: it goes on by the monotonic clock, so that setting the till's own clock does not
// make calls look late. The zero value knows nothing. It is safe for concurrent use.
type platformClock struct {
	mu    sync.Mutex
	at    int64     // the platform's clock, milliseconds since 1970-01-01 UTC
	local time.Time // when that was, by both clocks of this machine; zero before the first proof
}

// now is the platform's time; false when it was never proven, or when the wall clock was set or the machine has slept since.
func (p *platformClock) now() (int64, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.local.IsZero() {
		return 0, false
	}
	now := time.Now()
	return carryOn(p.at, now.Sub(p.local), now.Round(0).Sub(p.local.Round(0)))
}

// carryOn adds to a proven time what has passed since by the monotonic clock, unless the wall clock says something else.
func carryOn(at int64, steady, wall time.Duration) (int64, bool) {
	if (steady - wall).Abs() > steadyWithin {
		return 0, false
	}
	return at + steady.Milliseconds(), true
}

// prove takes the time out of an answer. Half of its way is the error.
func (p *platformClock) prove(at int64, asked, answered time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at, p.local = at+answered.Sub(asked).Milliseconds()/2, answered
}

// keep asks the platform for its time until the connection ends. An answer also proves the journal's clock.
func (p *platformClock) keep(ctx context.Context, caller *calls.Caller, j *journal.Journal) {
	tick := time.NewTicker(askTimeEvery)
	defer tick.Stop()
	for {
		asked, records := time.Now(), j.Now()
		reply, err := caller.Ask(ctx, &wire.Call{ID: pos.NewUUID(asked), Op: wire.OpTime})
		if err == nil && reply.At > 0 {
			p.prove(reply.At, asked, time.Now())
			j.Prove(reply.At, records, j.Now())
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// attend keeps the time beside a connection. The function that it returns ends that.
func (p *platformClock) attend(ctx context.Context, caller *calls.Caller, j *journal.Journal) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.keep(ctx, caller, j)
	}()
	return func() { cancel(); <-ended }
}
