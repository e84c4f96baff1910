package outbox

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/wire"
)

// Options of an outbox. Window, AckTimeout and OnlineWithin have defaults for 0.
type Options struct {
	Till     pos.TillID
	Merchant pos.MerchantID
	Source   Source
	Platform cose.Keys   // whose acknowledgements count
	Codec    *wire.Codec // nil for one of its own
	Log      *slog.Logger

	Window       int           // batches under way at once; 4
	AckTimeout   time.Duration // without an acknowledgement for so long everything under way is sent again; 5 s
	OnlineWithin time.Duration // a batch unanswered for so long means offline; 1.5 s, so that it is announced within two
}

// The defaults of Options.
const (
	defaultWindow       = 4
	defaultAckTimeout   = 5 * time.Second
	defaultOnlineWithin = 1500 * time.Millisecond
)

// Status is what the till shows about its way to the platform.
type Status struct {
	Connected bool        // a courier is there
	Online    bool        // connected, and no batch has been waiting for an answer for longer than OnlineWithin
	Backlog   uint64      // records without the platform's signature
	Acked     record.Head // the last record in custody; zero when there is none
	LastAckAt time.Time   // zero when there was none since the start
	Err       error       // what keeps the outbox from going on; nil when nothing does
}

// Outbox pumps one journal. Run owns the pumping; the other methods are safe for concurrent use and never block.
type Outbox struct {
	opts  Options
	topic string
	acks  chan []byte   // received, not yet looked at
	flush chan struct{} // somebody wants everything sent now

	mu        sync.Mutex // guards what follows
	connected bool
	waiting   time.Time // since when the oldest batch is unanswered; zero when none is
	lastAckAt time.Time
	err       error
	counts    Counts
}

// New makes an outbox that sends nothing yet.
func New(o Options) (*Outbox, error) {
	if o.Codec == nil {
		codec, err := wire.NewCodec()
		if err != nil {
			return nil, err
		}
		o.Codec = codec
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Window == 0 {
		o.Window = defaultWindow
	}
	if o.AckTimeout == 0 {
		o.AckTimeout = defaultAckTimeout
	}
	if o.OnlineWithin == 0 {
		o.OnlineWithin = defaultOnlineWithin
	}
	topic := wire.Topic{Merchant: o.Merchant, Till: o.Till}.On(wire.UpRecords)
	return &Outbox{opts: o, topic: topic, acks: make(chan []byte, 64), flush: make(chan struct{}, 1)}, nil
}

// Run pumps through one courier until the context ends or the courier fails, and returns why. It may be called again with the next
// courier, but not twice at a time.
func (o *Outbox) Run(ctx context.Context, courier Courier) error {
	o.setConnected(true)
	defer o.setConnected(false)
	p := &pump{Outbox: o, courier: courier, mark: o.opts.Source.Acked()}
	return p.run(ctx)
}

// Receive takes a message of down/ack from the courier. When too many wait it is dropped: the platform signs again for what is
// sent again.
func (o *Outbox) Receive(message []byte) {
	select {
	case o.acks <- message:
	default:
	}
}

// Flush sends everything that is not acknowledged now, without waiting for a time-out.
func (o *Outbox) Flush() {
	select {
	case o.flush <- struct{}{}:
	default:
	}
}

// Status is the state of this moment.
func (o *Outbox) Status() Status {
	o.mu.Lock()
	defer o.mu.Unlock()
	late := !o.waiting.IsZero() && time.Since(o.waiting) > o.opts.OnlineWithin
	return Status{
		Connected: o.connected, Online: o.connected && !late,
		Backlog: o.opts.Source.Backlog(), Acked: o.opts.Source.Acked(), LastAckAt: o.lastAckAt, Err: o.err,
	}
}

func (o *Outbox) setConnected(yes bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.connected = yes
	o.waiting = time.Time{}
}

// wait notes that a batch is unanswered from now on, if none was before.
func (o *Outbox) wait() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.waiting.IsZero() {
		o.waiting = time.Now()
	}
}

// answered notes an answer that moved the mark; more says whether further batches are unanswered.
func (o *Outbox) answered(more bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting = time.Time{}
	if more {
		o.waiting = time.Now()
	}
}

func (o *Outbox) acknowledged() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lastAckAt = time.Now()
}

// failed shows a fault, nil for none, and logs it when it is new.
func (o *Outbox) failed(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil && (o.err == nil || o.err.Error() != err.Error()) {
		o.opts.Log.Error("records cannot be sent; they stay in the journal", "error", err)
	}
	o.err = err
}
