package platform

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tillproof/tillproof/sync/mqtt"
	"github.com/tillproof/tillproof/sync/platform/overtake"
	"github.com/tillproof/tillproof/sync/wire"
)

// The sizes of the way from the broker to the ledger. What finds a queue full is dropped: nothing was acknowledged, so its till
// sends it again.
const (
	lanes     = 2   // verify in parallel; a till's batches always take the same lane, so their order is kept
	writers   = 4   // transactions beside each other, with PostgreSQL; a till's batches always take the same one
	laneQueue = 512 // messages that wait in a lane, up to wire.GoodSize each: what a flush of a slow disk holds up of many tills
	groupSize = 16  // full deliveries in one transaction

	// Many tills send small deliveries, and a flush costs the same for all of them: a transaction holds as many records as groupSize full ones have.
	groupMost = 128

	liveRecords   = 20 // of a delivery that is a sale or two of just now, and overtakes what others bring of yesterday
	besideRecords = 2 * wire.MaxRecords
)

// waiting orders verified deliveries for one goroutine that commits them.
func waiting() *overtake.Queue[parcel] {
	limits := overtake.Limits{Waiting: groupMost, Items: groupMost, Records: groupSize * wire.MaxRecords, Small: liveRecords, Beside: besideRecords}
	return overtake.New(limits, func(p parcel) string { return string(p.topic.Till) }, func(p parcel) int { return len(p.delivery.entries) })
}

// letter is a message on its way in.
type letter struct {
	topic   wire.Topic
	message []byte
}

// parcel is a verified letter.
type parcel struct {
	topic    wire.Topic
	delivery *Delivery
}

// receipt is an acknowledgement on its way out.
type receipt struct {
	topic wire.Topic
	ack   wire.Ack
}

// Counts are what came in since the start.
type Counts struct {
	Batches uint64 `json:"batches"` // verified and committed, gaps and repetitions too
	Calls   uint64 `json:"calls"`   // carried out and answered, repetitions too
	Gaps    uint64 `json:"gaps"`
	Forks   uint64 `json:"forks"`
	Held    uint64 `json:"held"` // batches with records that are set aside
	Forged  uint64 `json:"forged"`
	Broken  uint64 `json:"broken"`
	Dropped uint64 `json:"dropped"` // found a queue full
	Failed  uint64 `json:"failed"`  // the database refused
}

// intake is the way of a message: broker, lane (verify), ledger (commit), acknowledgement.
type intake struct {
	*Service
	in     [lanes]chan letter
	calls  [callLanes]chan letter    // to the desk
	ledger []*overtake.Queue[parcel] // one with SQLite
	out    chan receipt
	conn   atomic.Pointer[mqtt.Conn] // nil while the broker is away

	mu     sync.Mutex
	counts Counts
}

func newIntake(s *Service) *intake {
	i := &intake{Service: s, ledger: make([]*overtake.Queue[parcel], 1), out: make(chan receipt, groupMost)}
	if s.leases != nil {
		i.ledger = make([]*overtake.Queue[parcel], writers)
	}
	for n := range i.ledger {
		i.ledger[n] = waiting()
	}
	for n := range i.in {
		i.in[n] = make(chan letter, laneQueue)
	}
	for n := range i.calls {
		i.calls[n] = make(chan letter, callQueue)
	}
	return i
}

// count changes the counts.
func (i *intake) count(change func(*Counts)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	change(&i.counts)
}

// Counts is a copy of this moment.
func (i *intake) Counts() Counts {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.counts
}

// serve is the life of one connection.
func (i *intake) serve(ctx context.Context, c *mqtt.Conn) error {
	i.conn.Store(c)
	defer i.conn.Store(nil)
	if i.leases != nil {
		return i.subscribe(ctx, c)
	}
	<-ctx.Done()
	return mqtt.ErrClosed
}

// receive is called by the broker's connection and must not block.
func (i *intake) receive(name string, message []byte) {
	topic, channel, err := wire.ParseTopic(name)
	if err == nil && channel == wire.UpBirth {
		i.heard(topic, message)
		return
	}
	if err != nil || channel != wire.UpRecords && channel != wire.UpCall {
		i.count(func(c *Counts) { c.Broken++ })
		i.opts.Log.Warn("a message on a topic that is none of ours", "topic", name, "error", err)
		return
	}
	if !i.custody.mine(topic.Till) {
		return // it is on its way between two replicas; its till sends it again
	}
	lane := i.in[wire.Partition(topic.Till)%lanes]
	if channel == wire.UpCall {
		lane = i.calls[wire.Partition(topic.Till)%callLanes]
	}
	select {
	case lane <- letter{topic, message}:
	default:
		i.count(func(c *Counts) { c.Dropped++ })
	}
}

// run works until the context ends.
func (i *intake) run(ctx context.Context) {
	var group sync.WaitGroup
	for n := range i.in {
		group.Go(func() { i.verify(ctx, i.in[n]) })
	}
	for n := range i.ledger {
		group.Go(func() { i.commit(ctx, i.ledger[n]) })
	}
	group.Go(func() { i.acknowledge(ctx) })
	group.Wait()
}

func (i *intake) verify(ctx context.Context, in <-chan letter) {
	for {
		select {
		case <-ctx.Done():
			return
		case l := <-in:
			d, err := i.tills.Verify(l.topic.Till, l.message)
			if err != nil {
				i.refuse(l, err)
				continue
			}
			if i.ledger[wire.Partition(l.topic.Till)/lanes%len(i.ledger)].Put(ctx, parcel{l.topic, d}) != nil {
				return
			}
		}
	}
}

// refuse tells people, not the sender: who forges learns nothing, a till whose batch was damaged on the way sends it again, and one whose
// call is not answered asks what became of it.
func (i *intake) refuse(l letter, err error) {
	forged, broken := errors.Is(err, ErrForged), errors.Is(err, ErrBroken)
	i.count(func(c *Counts) {
		switch {
		case forged:
			c.Forged++
		case broken:
			c.Broken++
		default:
			c.Failed++
		}
	})
	i.opts.Log.Warn("a message is refused and not answered", "till", l.topic.Till, "forged", forged, "broken", broken, "error", err)
}

// commit takes what waits, a group in one transaction.
func (i *intake) commit(ctx context.Context, ledger *overtake.Queue[parcel]) {
	for {
		group, err := ledger.Take(ctx)
		if err != nil {
			return
		}
		i.take(ctx, group)
	}
}

func (i *intake) take(ctx context.Context, group []parcel) {
	deliveries := make([]*Delivery, len(group))
	for n := range group {
		deliveries[n] = group[n].delivery
	}
	began := time.Now()
	acks, err := i.custody.Take(ctx, deliveries...)
	if err != nil {
		i.count(func(c *Counts) { c.Failed += uint64(len(group)) })
		if ctx.Err() == nil {
			i.opts.Log.Error("the ledger took nothing; the tills keep their records and send them again", "error", err)
		}
		return
	}
	i.health.Wrote()
	i.meter.commits.Note(time.Since(began))
	i.meter.committed(group, acks)
	for n := range acks {
		i.tally(&acks[n])
		select {
		case i.out <- receipt{group[n].topic, acks[n]}:
		case <-ctx.Done():
			return
		}
	}
}

func (i *intake) tally(ack *wire.Ack) {
	i.count(func(c *Counts) {
		c.Batches++
		switch ack.State {
		case wire.AckGap:
			c.Gaps++
		case wire.AckFork:
			c.Forks++
		case wire.AckHeld:
			c.Held++
		}
	})
	if ack.State == wire.AckFork || ack.State == wire.AckHeld {
		i.opts.Log.Warn("records need a person's eye", "till", ack.Till, "state", ack.State, "seq", ack.Mark.Seq, "held", ack.Held)
	}
}

// acknowledge signs and sends what is committed. What cannot be sent is forgotten: the till asks again by sending again.
func (i *intake) acknowledge(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case r := <-i.out:
			if err := i.send(ctx, r); err != nil {
				i.opts.Log.Info("an acknowledgement was not sent; the till will ask again", "till", r.ack.Till, "error", err)
			}
		}
	}
}

func (i *intake) send(ctx context.Context, r receipt) error {
	conn := i.conn.Load()
	if conn == nil {
		return mqtt.ErrClosed
	}
	r.ack.At = time.Now().UnixMilli()
	message, err := i.codec.SealAck(&r.ack, i.signer)
	if err != nil {
		return err
	}
	return conn.Publish(ctx, r.topic.On(wire.DownAck), message)
}
