package fleet

import (
	"crypto/ed25519"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/wire"
)

// The till's patience, as in sync/outbox and sync/mqtt, but a fleet that has overrun its platform waits longer each time.
const (
	mostFlights = 4
	ackTimeout  = 5 * time.Second
	mostTimeout = 40 * time.Second
	leastPause  = 200 * time.Millisecond
	mostPause   = 30 * time.Second
	settled     = 10 * time.Second // a connection that lived so long ends a row of failures
)

// moment is a time since the start of the run. It is a third of the size of a time.Time, and there are many.
type moment time.Duration

// point names a record of the till's one epoch.
type point struct {
	seq  pos.Seq
	hash record.Hash
}

// livesale is a sale that waits for its acknowledgement.
type livesale struct {
	seq    pos.Seq // of its last record
	at     moment
	behind bool // the till had a backlog before it
}

// till is one till of the fleet. Its fields up to mu never change.
type till struct {
	fleet *Fleet
	index uint32
	key   ed25519.PrivateKey
	epoch pos.Epoch

	mu       sync.Mutex // guards what follows; held while a batch is made
	conn     net.Conn   // nil while the broker is away
	ready    bool       // subscribed
	dialling bool
	queued   bool       // a worker is going to look at it
	writing  bool       // a worker writes a batch just now
	window   uint8      // batches that may be under way: grows with every answer, and is one again after a silence
	echoes   uint8      // answers still to come that say the same gap again
	failures uint8      // connections in a row
	silences uint8      // time-outs in a row
	packet   uint16     // the last packet id
	tip      pos.Seq    // the journal ends here
	mark     point      // the platform holds the epoch up to here, as it has signed
	flights  []point    // ends of the batches under way
	live     []livesale // not acknowledged, oldest first
	deadline moment     // when everything under way is sent again, 0 for never
	dialAt   moment
	startAt  moment // it may send from then on, 0 for not yet
	since    moment // of the connection
	spoke    moment // when it last sent
}

func (t *till) head(p point) record.Head {
	return record.Head{Epoch: t.epoch, Seq: p.seq, Hash: p.hash}
}

// genesis is the point before the first record.
func (t *till) genesis() point { return point{0, record.Genesis(name(t.index), t.epoch).Hash} }

// sent is the last record under way, or the mark.
func (t *till) sent() point {
	if n := len(t.flights); n > 0 {
		return t.flights[n-1]
	}
	return t.mark
}

// sell adds a sale to the journal. A till that is busy with a batch adds it later; the sale counts from the moment of the call.
func (t *till) sell(group *sync.WaitGroup) {
	now := t.fleet.now()
	if t.mu.TryLock() {
		t.add(now)
		return
	}
	group.Go(func() {
		t.mu.Lock()
		t.add(now)
	})
}

// add adds a sale. Called with mu held, which it gives back.
func (t *till) add(at moment) {
	defer t.mu.Unlock()
	t.tip += perSale
	t.live = append(t.live, livesale{t.tip, at, t.mark.seq < t.fleet.backlog})
	t.look()
}

// look has a worker look at the till, once. Called with mu held.
func (t *till) look() {
	if t.queued || !t.mayStart() {
		return
	}
	t.queued = true
	select {
	case t.fleet.pumps <- t:
	default:
		t.queued = false // the housekeeper comes by
	}
}

// mayStart says whether the till may send. Called with mu held.
func (t *till) mayStart() bool { return t.ready && t.startAt != 0 && t.fleet.now() >= t.startAt }

// pump sends until the window is full or nothing is left. Called with mu held; it lets go of mu while it writes, so that a broker that does not read
// holds up nobody who brings an acknowledgement.
func (t *till) pump() {
	t.queued = false
	for !t.writing && t.mayStart() && len(t.flights) < int(t.window) && t.sent().seq < t.tip {
		message, last, err := t.fleet.batch(t, t.sent())
		if err != nil {
			t.lose(err)
			return
		}
		t.flights = append(t.flights, last)
		if len(t.flights) == 1 {
			t.renew()
		}
		conn, head := t.conn, t.publishHead(len(message))
		t.writing = true
		t.mu.Unlock()
		err = publish(conn, head, message)
		t.mu.Lock()
		t.writing = false
		t.fleet.count(func(c *Counts) { c.Batches++; c.Bytes += uint64(len(message)) })
		if err != nil && t.conn == conn {
			t.lose(err)
		}
	}
}

// renew gives what is under way the full time again, less a random part, so that a fleet does not repeat itself in one second.
func (t *till) renew() {
	t.deadline = 0
	if len(t.flights) > 0 {
		limit := min(ackTimeout<<t.silences, mostTimeout)
		t.deadline = t.fleet.now() + moment(limit+rand.N(limit/2))
	}
}

// goBack forgets what is under way, so that it is sent again from behind a point.
func (t *till) goBack(to point) {
	if to.seq < t.mark.seq { // the platform was restored from a backup
		t.fleet.acked.Add(-int64(t.mark.seq - to.seq))
	}
	t.mark, t.flights, t.echoes, t.deadline = to, t.flights[:0], 0, 0
}

// take handles an acknowledgement. What is not signed by the platform, for this till and epoch and one of its records, moves nothing.
func (t *till) take(message []byte, keys cose.Keys, codec *wire.Codec) {
	ack, err := codec.OpenAck(message, keys)
	t.mu.Lock()
	defer t.mu.Unlock()
	defer t.look()
	if err != nil || ack.Till != name(t.index) || ack.Mark.Epoch != t.epoch || ack.Mark.Seq > t.tip {
		t.fleet.count(func(c *Counts) { c.Ignored++ })
		return
	}
	to, err := t.at(ack.Mark.Seq)
	if err != nil || to.hash != ack.Mark.Hash || ack.State == wire.AckFork {
		t.fleet.count(func(c *Counts) { c.Forks++ })
		return
	}
	if ack.State == wire.AckHeld {
		t.fleet.count(func(c *Counts) { c.Held += uint64(len(ack.Held)) })
	}
	if ack.State == wire.AckGap {
		t.gap(to)
		return
	}
	t.advance(to)
}

// gap goes back to where the platform misses something, once: the batches behind the lost one are answered with the same gap.
func (t *till) gap(to point) {
	t.fleet.count(func(c *Counts) { c.Gaps++ })
	if t.mark == to && t.echoes > 0 {
		t.echoes--
		return
	}
	echoes := max(0, len(t.flights)-1)
	if to.seq > t.mark.seq {
		t.advance(to)
	}
	t.goBack(to)
	t.echoes = uint8(echoes)
}

// advance moves the mark forward. Old news moves nothing.
func (t *till) advance(to point) {
	if to.seq <= t.mark.seq {
		return
	}
	f := t.fleet
	f.acked.Add(int64(to.seq - t.mark.seq))
	if t.mark.seq < f.backlog && to.seq >= f.backlog {
		f.drained.Add(1)
	}
	t.mark, t.echoes, t.silences = to, 0, 0
	t.window = min(t.window+1, mostFlights)
	n := 0
	for n < len(t.flights) && t.flights[n].seq <= to.seq {
		n++
	}
	t.flights = append(t.flights[:0], t.flights[n:]...)
	for n = 0; n < len(t.live) && t.live[n].seq <= to.seq; n++ {
		f.latency(t.live[n])
	}
	if t.live = append(t.live[:0], t.live[n:]...); len(t.live) == 0 {
		t.live = nil
	}
	t.renew()
}

// at finds the till's own record of a number: under way, the mark, or made again from the nearest point before it.
func (t *till) at(seq pos.Seq) (point, error) {
	from := t.genesis()
	for _, p := range append([]point{t.mark}, t.flights...) {
		if p.seq <= seq && p.seq >= from.seq {
			from = p
		}
	}
	for from.seq < seq {
		r, err := t.fleet.script.record(t.index, t.head(from))
		if err != nil {
			return point{}, err
		}
		from = point{r.Seq, r.Head().Hash}
	}
	return from, nil
}
