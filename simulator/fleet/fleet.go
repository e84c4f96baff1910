package fleet

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/wire"
)

// MaxTills is the most tills of one fleet: their ids have five digits.
const MaxTills = 100_000

// Options of a fleet.
type Options struct {
	Tills    int            // 1 to MaxTills
	Backlog  int            // records that every till has to deliver from the start
	Rate     float64        // live sales a second, over the whole fleet
	Cuts     float64        // connections that are reset a second, over the whole fleet
	Duration time.Duration  // of the live sales and the cuts; the run ends when everything is acknowledged after that
	Spread   time.Duration  // the tills begin to deliver over so long, at random, as they come back after an outage
	Seed     uint64         // draws everything
	Merchant pos.MerchantID // of all tills
	Broker   string         // host:port, MQTT 3.1.1 without TLS
	Platform cose.PublicKey // signs acknowledgements
	Progress func(Progress) // called every second; nil for nobody
	Patience time.Duration  // the run fails when nothing is acknowledged for so long; 0 means a minute
}

// The workers of a fleet. Those who write or dial may be held up by the broker, so there are more of them than processors.
const (
	readers   = 4
	writers   = 32
	dialers   = 32
	queueSize = 1 << 12
	tick      = 50 * time.Millisecond
)

// letter is an acknowledgement to look at.
type letter struct {
	till    *till
	message []byte
}

// Fleet is a number of tills. Run it once; the methods of its results are for afterwards.
type Fleet struct {
	opts     Options
	backlog  pos.Seq
	script   *script
	codec    *wire.Codec
	kitchens chan *kitchen
	tills    []*till
	started  time.Time
	empty    uint64 // memory before the tills, in bytes

	letters chan letter
	pumps   chan *till // that may have something to send
	dials   chan *till
	readers sync.WaitGroup
	ending  chan struct{} // closed at the end

	connected atomic.Int64 // tills that hear acknowledgements
	acked     atomic.Int64 // records in custody
	made      atomic.Int64 // records in all journals
	drained   atomic.Int64 // tills whose backlog is in custody

	mu     sync.Mutex // guards what follows
	counts Counts
	waits  [2][]time.Duration // of live sales for their acknowledgement; [1] of tills that had a backlog before them
	peak   uint64             // memory
	last   error              // the last fault of a connection
}

// New makes a fleet that does nothing yet.
func New(o Options) (*Fleet, error) {
	if o.Tills < 1 || o.Tills > MaxTills || o.Backlog < 1 || o.Rate < 0 || o.Cuts < 0 {
		return nil, fmt.Errorf("a fleet has 1 to %d tills and a backlog of 1 record or more", MaxTills)
	}
	if o.Patience == 0 {
		o.Patience = time.Minute
	}
	records, err := record.NewCodec()
	if err != nil {
		return nil, err
	}
	codec, err := wire.NewCodec()
	if err != nil {
		return nil, err
	}
	kitchens, err := newKitchens(runtime.GOMAXPROCS(0))
	if err != nil {
		return nil, err
	}
	f := &Fleet{opts: o, backlog: pos.Seq(o.Backlog), codec: codec, kitchens: kitchens, started: time.Now(), letters: make(chan letter, queueSize), pumps: make(chan *till, queueSize),
		dials: make(chan *till, dialers), ending: make(chan struct{}), script: &script{seed: o.Seed, start: time.Now().UnixMilli(), codec: records}}
	f.empty = resident(true)
	f.tills = make([]*till, o.Tills)
	for i := range f.tills {
		t := &till{fleet: f, index: uint32(i), key: f.script.key(uint32(i)), epoch: f.script.epoch(uint32(i)), tip: f.backlog}
		t.mark, t.dialAt = t.genesis(), 1
		f.tills[i] = t
	}
	f.made.Store(int64(o.Tills) * int64(o.Backlog))
	return f, nil
}

// Keys calls fn for every till with the key that signs its records.
func Keys(seed uint64, tills int, fn func(pos.TillID, cose.PublicKey)) {
	s := &script{seed: seed}
	for i := range uint32(tills) {
		fn(name(i), s.key(i).Public().(cose.PublicKey))
	}
}

func (f *Fleet) now() moment { return moment(time.Since(f.started)) }

// hand gives an acknowledgement to a worker; it waits for one.
func (f *Fleet) hand(l letter) error {
	select {
	case f.letters <- l:
		return nil
	case <-f.ending:
		return context.Canceled
	}
}

// Run connects all tills, then has them deliver their backlogs and sell, and returns when the time is over and everything made is
// acknowledged. It fails when a till cannot connect or nothing moves for the time of Patience, and with ctx's error when that ends first.
func (f *Fleet) Run(ctx context.Context) (*Report, error) {
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer f.end(cancel, &group)
	f.staff(ctx, &group)
	if err := f.await(ctx, func() bool { return f.connected.Load() == int64(len(f.tills)) }, &f.connected); err != nil {
		return nil, fmt.Errorf("%d of %d tills are connected: %w", f.connected.Load(), len(f.tills), err)
	}
	r := &Report{Tills: len(f.tills), Backlog: f.opts.Backlog, Seed: f.opts.Seed, ConnectMS: time.Since(f.started).Milliseconds(),
		Memory: Memory{Empty: f.empty, Connected: resident(false)}}
	begun, used := f.now(), processorTime()
	f.begin()
	group.Go(func() { f.sellAndCut(ctx, &group) })
	over := begun + moment(f.opts.Duration)
	err := f.await(ctx, func() bool {
		f.noteDrain(r, begun)
		return f.now() > over && f.acked.Load() == f.made.Load()
	}, &f.acked)
	f.report(r, time.Duration(f.now()-begun), processorTime()-used)
	if err != nil {
		return r, fmt.Errorf("%d of %d records are acknowledged: %w", r.Acknowledged, r.Records, err)
	}
	return r, nil
}

// staff starts those who work for the tills.
func (f *Fleet) staff(ctx context.Context, group *sync.WaitGroup) {
	for range readers {
		group.Go(func() { f.look(ctx) })
	}
	for range writers {
		group.Go(func() { f.write(ctx) })
	}
	for range dialers {
		group.Go(func() { f.connect(ctx) })
	}
	group.Go(func() { f.keepHouse(ctx) })
}

// noteDrain notes, once, when all backlogs are in custody.
func (f *Fleet) noteDrain(r *Report, begun moment) {
	if r.DrainMS == 0 && f.drained.Load() == int64(len(f.tills)) {
		r.DrainMS = max(1, time.Duration(f.now()-begun).Milliseconds())
		r.PerSecond = 1000 * int64(len(f.tills)) * int64(f.opts.Backlog) / r.DrainMS
	}
}

// begin lets the tills send, each from a moment of its own.
func (f *Fleet) begin() {
	for _, t := range f.tills {
		t.mu.Lock()
		t.startAt = f.now() + moment(rand.N(max(1, f.opts.Spread)))
		t.mu.Unlock()
	}
}

// end lets go of all connections and waits for everybody.
func (f *Fleet) end(cancel context.CancelFunc, group *sync.WaitGroup) {
	cancel()
	close(f.ending)
	group.Wait()
	for _, t := range f.tills {
		t.mu.Lock()
		if t.conn != nil {
			t.conn.Close()
		}
		t.mu.Unlock()
	}
	f.readers.Wait()
}

// errStuck says that nothing has moved for the time of Patience.
var errStuck = errors.New("nothing moves any more")

// await returns when done says so; it fails when what moves does not move for too long.
func (f *Fleet) await(ctx context.Context, done func() bool, moves *atomic.Int64) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	seen, since := moves.Load(), f.now()
	for n := 0; !done(); n++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		if n%20 == 0 {
			f.progress()
		}
		if now := moves.Load(); now != seen {
			seen, since = now, f.now()
		} else if f.now()-since > moment(f.opts.Patience) && f.acked.Load() < f.made.Load() {
			return errors.Join(errStuck, f.lastFault())
		}
	}
	return nil
}

// look looks at acknowledgements.
func (f *Fleet) look(ctx context.Context) {
	platform := cose.OneKey(f.opts.Platform)
	for {
		select {
		case <-ctx.Done():
			return
		case l := <-f.letters:
			l.till.take(l.message, platform, f.codec)
		}
	}
}

// write has tills send what they have.
func (f *Fleet) write(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case t := <-f.pumps:
			t.mu.Lock()
			t.pump()
			t.mu.Unlock()
		}
	}
}

func (f *Fleet) connect(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case t := <-f.dials:
			t.dial(ctx)
		}
	}
}
