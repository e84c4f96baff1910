package trace

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/tillproof/tillproof/drivers"
)

// Longest is the most that a trace runs before it ends by itself.
const Longest = 15 * time.Minute

// Line is one thing that went over the wire, masked: a frame, a control byte, or bytes that made none.
type Line struct {
	N         uint64          // counts from 1, over all traces of the tap
	At        time.Time       // when its last byte was taken from the wire or given to it
	Direction string          // drivers.FromECR for what the till sent, else drivers.FromDevice
	Note      string          // "the wire was opened" and the like; Decoded is empty then
	Decoded   drivers.Decoded // Direction is what the decoder believes, "" where it cannot tell
}

// State is a tap at one moment.
type State struct {
	On    bool
	Until time.Time      // when the trace ends, or has ended; zero for a tap that was never on
	Lines []Line         // behind the one that was asked for
	Gone  uint64         // lines behind the one that was asked for that there was no room for
	Held  map[string]int // bytes that are no whole frame yet, by direction; nil for none
}

// Tap records the wires of one device, one after the other. All methods are safe for concurrent use, and do nothing on a nil tap.
type Tap struct {
	decode func([]byte) []drivers.Decoded

	on atomic.Pointer[recording] // nil while switched off

	mu   sync.Mutex
	last *recording // the one that runs, or else ran last
}

// New makes a tap that is switched off. decode puts recorded bytes of one direction into words and masks card data; nil shows lengths only, as for devices
// whose every byte may be a secret.
func New(decode func([]byte) []drivers.Decoded) *Tap { return &Tap{decode: decode} }

// Start switches the trace on, or lets one that runs go on, for a time of at most [Longest], and says when it ends. It forgets what an earlier one recorded.
func (t *Tap) Start(d time.Duration) (until time.Time) {
	if t == nil {
		return until
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	until = now.Add(min(d, Longest))
	if r := t.on.Load(); r != nil && r.extend(until) {
		return until
	}
	var first uint64 = 1
	if t.last != nil {
		first = t.last.next()
	}
	t.last = newRecording(t.decode, first, now, until)
	t.on.Store(t.last)
	return until
}

// Stop switches the trace off. What was recorded stays until the next one.
func (t *Tap) Stop() {
	if t == nil {
		return
	}
	if r := t.on.Swap(nil); r != nil {
		r.end(time.Now())
	}
}

// Read gives the lines behind line after, 0 for all that are kept.
func (t *Tap) Read(after uint64) State {
	if t == nil {
		return State{}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last == nil {
		return State{}
	}
	t.running()
	return t.last.state(after)
}

// running is the recording to add to, nil when there is none. One whose time is over ends here.
func (t *Tap) running() *recording {
	r := t.on.Load()
	if r == nil || !r.over(time.Now()) {
		return r
	}
	t.on.CompareAndSwap(r, nil)
	return nil
}
