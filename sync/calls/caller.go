package calls

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/wire"
)

// The two ways in which a call ends without an answer.
var (
	ErrAway   = errors.New("there is no connection to the platform: the call was not sent") // nothing moved
	ErrSilent = errors.New("the platform did not answer in time: it may have the call")     // the outcome is unknown
)

// AnswerWithin is how long a till waits for the first answer to a call. The platform answers within a second (DESIGN.md §3).
const AnswerWithin = 2 * time.Second

// doubtAfter is how long an answer may be missing before the platform counts as silent: early enough that everybody has heard of it when the wait ends.
const doubtAfter = 1500 * time.Millisecond

// Courier carries a message to the platform, at least once or not at all.
type Courier interface {
	Publish(ctx context.Context, topic string, payload []byte) error
}

// Options of a caller.
type Options struct {
	Till     pos.TillID
	Merchant pos.MerchantID
	Signer   *cose.Signer // the till's
	Platform cose.Keys    // whose answers count
	Hints    cose.Keys    // whose hints count; nil for those of Platform
	Codec    *wire.Codec
	Log      *slog.Logger

	// Clock is the platform's time now as far as the till's clock was proven, in milliseconds since 1970-01-01 UTC; false when it never was. May be nil.
	Clock func() (int64, bool)
}

// Caller sends calls through the connection of the moment. It is safe for concurrent use and starts no goroutine.
type Caller struct {
	opts  Options
	topic string
	news  chan wire.Outcome

	mu      sync.Mutex // guards what follows
	courier Courier    // nil while there is no connection
	waiting map[[32]byte]chan *wire.Reply
	own     map[[32]byte]bool // calls whose later answers are news
	order   [][32]byte        // of own, the oldest first
	silent  bool              // a call found no answer, and not enough was heard since
	lost    int               // calls without an answer since the line was good
	row     int               // answers since the last of them
	last    time.Time         // when the platform was heard, zero before
	changed chan struct{}
	counts  map[Count]uint64
}

// New makes a caller that has no connection yet.
func New(o Options) *Caller {
	if o.Hints == nil {
		o.Hints = o.Platform
	}
	return &Caller{opts: o, topic: wire.Topic{Merchant: o.Merchant, Till: o.Till}.On(wire.UpCall), news: make(chan wire.Outcome, 64),
		waiting: map[[32]byte]chan *wire.Reply{}, own: map[[32]byte]bool{}, changed: make(chan struct{}, 1)}
}

// Attach lends a connection to the caller until the context ends.
func (c *Caller) Attach(ctx context.Context, courier Courier) {
	c.set(courier)
	context.AfterFunc(ctx, func() {
		c.mu.Lock()
		mine := c.courier == courier
		c.mu.Unlock()
		if mine {
			c.set(nil)
		}
	})
}

func (c *Caller) set(courier Courier) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.courier = courier
	c.announce()
}

// announce wakes who watches the line. The caller holds mu.
func (c *Caller) announce() {
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

// Answering says whether the platform could be asked now, as far as the last call tells.
func (c *Caller) Answering() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.courier != nil && !c.silent
}

// Heard is when the platform last answered or hinted, zero when it has not since the start.
func (c *Caller) Heard() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// Connected says whether there is a connection that a call could leave through.
func (c *Caller) Connected() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.courier != nil
}

// Changed gets a value when [Caller.Answering] or [Caller.Connected] may have changed.
func (c *Caller) Changed() <-chan struct{} { return c.changed }

// News gets outcomes that nobody waits for: final answers, and, with a number and nothing else, hints that results wait. It may lose some: ask for results.
func (c *Caller) News() <-chan wire.Outcome { return c.news }

// Ask signs and sends a call and returns the first answer. [ErrAway] proves that it was not sent; any other error leaves open whether the platform
// has it.
func (c *Caller) Ask(ctx context.Context, call *wire.Call) (reply *wire.Reply, err error) {
	defer func() { c.count(call.Op, reply, err) }()
	call.Till = c.opts.Till
	if c.opts.Clock != nil {
		call.SentAt, _ = c.opts.Clock()
	}
	message, err := c.opts.Codec.SealCall(call, c.opts.Signer)
	if err != nil {
		return nil, errors.Join(ErrAway, err)
	}
	hash := wire.CallHash(message)
	courier, answers, err := c.expect(hash, call.Op)
	if err != nil {
		return nil, err
	}
	defer c.forget(hash)
	ctx, cancel := context.WithTimeout(ctx, AnswerWithin)
	defer cancel()
	quiet := call.Op == wire.OpTime // nobody waits for it, and an earlier platform does not know it: it says nothing of the line
	if err := courier.Publish(ctx, c.topic, message); err != nil {
		c.unanswered()
		return nil, errors.Join(ErrSilent, err)
	}
	doubt := time.NewTimer(doubtAfter)
	defer doubt.Stop()
	for {
		select {
		case r := <-answers:
			return r, nil
		case <-doubt.C:
			if !quiet {
				c.heard(false)
			}
		case <-ctx.Done():
			if !quiet {
				c.unanswered()
			}
			return nil, ErrSilent
		}
	}
}

func (c *Caller) expect(hash [32]byte, op wire.Op) (Courier, <-chan *wire.Reply, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.courier == nil {
		return nil, nil, ErrAway
	}
	answers := make(chan *wire.Reply, 1)
	c.waiting[hash] = answers
	if op != wire.OpResults && op != wire.OpKeys && op != wire.OpTime { // those have one answer
		c.remember(hash)
	}
	return c.courier, answers, nil
}

// mostOwn bounds the calls that are remembered: far more than payments that are open at a time.
const mostOwn = 512

// remember notes a call of this till. The caller holds mu.
func (c *Caller) remember(hash [32]byte) {
	if len(c.order) == mostOwn {
		delete(c.own, c.order[0])
		c.order = c.order[1:]
	}
	c.own[hash] = true
	c.order = append(c.order, hash)
}

func (c *Caller) forget(hash [32]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, hash)
}

// A line that loses call after call is not believed to be back with the next answer: the mode would flap between two customers.
const (
	shaky  = 3 // calls lost, without so many answers in a row between them, make the line a bad one
	steady = 3 // answers in a row make a bad line good again
)

// heard notes that the platform answers, or that an answer is late.
func (c *Caller) heard(yes bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	silent := !yes
	if yes {
		c.last, c.row = time.Now(), c.row+1
		silent = c.silent && c.lost >= shaky && c.row < steady
	}
	if c.row >= steady {
		c.lost = 0
	}
	if silent != c.silent {
		c.silent = silent
		c.announce()
	}
}

// unanswered notes that a call is given up.
func (c *Caller) unanswered() {
	c.heard(false)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lost, c.row = c.lost+1, 0
}

// Receive takes a message of down/reply. It does not block. A reply names the call that it answers and no till: one to a call that is not remembered here
// may be another till's, carried to this one's topic, so that nothing of it is believed but that there may be something to ask for.
func (c *Caller) Receive(message []byte) {
	r, err := c.opts.Codec.OpenReply(message, c.opts.Platform)
	if err != nil {
		c.opts.Log.Warn("an answer that is not the platform's is dropped", "error", err)
		return
	}
	c.mu.Lock()
	answers, own := c.waiting[r.CallHash], c.own[r.CallHash]
	delete(c.waiting, r.CallHash) // the first answer only: a later one is news
	c.mu.Unlock()
	if answers != nil || own {
		c.heard(true)
	}
	switch {
	case answers != nil:
		answers <- r
	case r.Outcome != nil && own:
		c.tell(*r.Outcome)
	case r.Outcome != nil && r.Outcome.N > 0:
		c.tell(wire.Outcome{N: r.Outcome.N})
	}
}

// Hint takes a message of down/event. It does not block.
func (c *Caller) Hint(message []byte) {
	e, err := c.opts.Codec.OpenEvent(message, c.opts.Hints)
	if err != nil || e.Till != c.opts.Till {
		c.opts.Log.Warn("a hint that is not the platform's is dropped", "error", err)
		return
	}
	c.heard(true)
	c.tell(wire.Outcome{N: e.N})
}

func (c *Caller) tell(o wire.Outcome) {
	select {
	case c.news <- o:
	default:
	}
}
