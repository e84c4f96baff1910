package outbox

import (
	"context"
	"errors"
	"time"

	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/wire"
)

// maxBytes bounds the records that are read at once, in bytes; they shrink to about a sixth on the wire.
const maxBytes = 512 << 10

// flight is a batch under way.
type flight struct {
	prev, last record.Head
}

// pump is the life of one courier. Only its loop touches it.
type pump struct {
	*Outbox
	courier  Courier
	mark     record.Head // sending begins behind this: the last record that the platform is known to hold
	flights  []flight    // under way, in order, without gaps, all of one epoch
	deadline time.Time   // when everything is sent again; zero while nothing is under way or to be tried again
	echoes   int         // answers still to come that say the same gap again
	sold     time.Time   // when the journal last changed
	sent     time.Time   // when the last batch left
	bulk     bool        // it was one of a drain: more than any sale writes
	probing  bool        // nothing was answered in time: one small batch asks again, for the rest there is no hurry
	silent   int         // how often in a row nothing was answered in time
}

// ErrDeaf ends a courier that takes everything and brings nothing: a broker may have lost what this connection has subscribed to. A new one asks for it again.
var ErrDeaf = errors.New("nothing was answered for two minutes")

// deafAfter is how often in a row nothing is answered in time before the courier is given up: two minutes with the usual time-out. While the platform is away
// that costs a connection every two minutes.
const deafAfter = 24

// While somebody sells, a drain takes a breath between two batches, so that the cashier does not wait for a processor.
const (
	breath  = 10 * time.Millisecond
	selling = 2 * time.Second // after the last record
)

func (p *pump) run(ctx context.Context) error {
	timer := time.NewTimer(p.opts.AckTimeout)
	defer timer.Stop()
	for {
		if err := p.fill(ctx); err != nil {
			return err
		}
		timer.Reset(p.pause())
		select {
		case <-ctx.Done():
			return ctx.Err()
		case message := <-p.acks:
			p.receive(message)
		case <-p.opts.Source.Changed():
			p.sold = time.Now()
		case <-p.flush:
			p.goBack(p.mark)
		case <-p.rested():
		case <-timer.C:
			if p.probing = len(p.flights) > 0; p.probing {
				p.silent++
			}
			if p.silent >= deafAfter {
				return ErrDeaf
			}
			p.goBack(p.mark)
		}
	}
}

// pause is the time to the deadline. Without one it is merely long: looking at the journal once more does no harm.
func (p *pump) pause() time.Duration {
	if p.deadline.IsZero() {
		return 10 * p.opts.AckTimeout
	}
	return max(0, time.Until(p.deadline))
}

// renew gives what is under way the full time again.
func (p *pump) renew() {
	p.deadline = time.Time{}
	if len(p.flights) > 0 {
		p.deadline = time.Now().Add(p.opts.AckTimeout)
	}
}

// goBack forgets what is under way, so that it is sent again from behind the mark.
func (p *pump) goBack(mark record.Head) {
	p.mark, p.flights, p.echoes = mark, nil, 0
	p.deadline = time.Time{}
}

// fill sends until the window is full or nothing is left. Only the courier's failure is an error here; the journal's is shown and
// tried again later.
func (p *pump) fill(ctx context.Context) error {
	for len(p.flights) < p.window() {
		if p.rest() > 0 {
			return nil
		}
		chunk, message, err := p.next(ctx)
		if err != nil {
			p.retryLater(err)
			return nil
		}
		if message == nil {
			p.idle()
			return nil
		}
		if err := p.courier.Publish(ctx, p.topic, message); err != nil {
			return err
		}
		p.countBatch()
		p.flights, p.sent, p.bulk = append(p.flights, flight{chunk.Prev, chunk.Last}), time.Now(), chunk.Count() > wire.MaxCommit
		if len(p.flights) == 1 {
			p.wait()
			p.renew()
		}
	}
	return nil
}

// window is how many batches may be under way. While the platform is away thousands of tills ask again every few seconds: one small batch each.
func (p *pump) window() int {
	if p.probing {
		return 1
	}
	return p.opts.Window
}

// rest is how long a drain has to wait before its next batch, 0 for not at all.
func (p *pump) rest() time.Duration {
	if !p.bulk || len(p.flights) >= p.opts.Window || time.Since(p.sold) > selling {
		return 0
	}
	return max(0, breath-time.Since(p.sent))
}

// rested gets a value when a drain may go on; nil while it need not wait.
func (p *pump) rested() <-chan time.Time {
	if rest := p.rest(); rest > 0 {
		return time.After(rest)
	}
	return nil
}

// idle notes that all is done, when nothing is under way either.
func (p *pump) idle() {
	if len(p.flights) == 0 {
		p.answered(false)
		p.failed(nil)
	}
}

// retryLater shows what the journal says and sees to it that it is asked again.
func (p *pump) retryLater(err error) {
	p.failed(err)
	if p.deadline.IsZero() {
		p.deadline = time.Now().Add(p.opts.AckTimeout)
	}
}

// next reads and encodes the batch behind the last one under way; a nil message means that there is none to send now. An epoch is
// drained before the next one begins: what acknowledges a later epoch must leave nothing open before it.
func (p *pump) next(ctx context.Context) (Chunk, []byte, error) {
	after := p.mark
	if n := len(p.flights); n > 0 {
		after = p.flights[n-1].last
	}
	limit := wire.MaxRecords
	if p.probing {
		limit = wire.MaxCommit
	}
	for ; ; limit = max(limit/2, wire.MaxCommit) {
		chunk, err := p.opts.Source.Next(ctx, after, limit, maxBytes)
		if err != nil || chunk.Count() == 0 || len(p.flights) > 0 && !sameEpoch(chunk.Prev, after) {
			return Chunk{}, nil, err
		}
		message, err := p.opts.Codec.EncodeBatch(&wire.Batch{
			Till: p.opts.Till, Prev: chunk.Prev, Count: chunk.Count(), Signature: chunk.Signature, Records: chunk.Records,
		})
		if err != nil || len(message) <= wire.GoodSize || limit <= wire.MaxCommit {
			return chunk, message, err
		}
	}
}
