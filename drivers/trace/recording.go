package trace

import (
	"sync"
	"time"

	"github.com/tillproof/tillproof/drivers"
)

// What one trace keeps, and how much of a frame that is still coming.
const (
	mostLines = 4000
	mostHeld  = 16 << 10 // bytes; what has no end until then is no frame
	mostShown = 2 << 10  // bytes of one frame
)

// recording is one trace, from its start to its end. mu guards all of it.
type recording struct {
	decode func([]byte) []drivers.Decoded

	mu     sync.Mutex
	until  time.Time
	first  uint64 // the number of lines[0]
	lines  []Line
	ecr    side
	device side
}

// newRecording begins in the middle of whatever the device says. What the till writes comes in whole frames.
func newRecording(decode func([]byte) []drivers.Decoded, first uint64, now, until time.Time) *recording {
	return &recording{decode: decode, first: first, until: until, ecr: side{name: drivers.FromECR}, device: side{name: drivers.FromDevice, lost: true, last: now}}
}

// extend lets a recording go on that is not over.
func (r *recording) extend(until time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !time.Now().Before(r.until) {
		return false
	}
	r.until = until
	return true
}

// over says whether its time is over, and wipes what is held then.
func (r *recording) over(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Before(r.until) {
		return false
	}
	r.ecr.wipe()
	r.device.wipe()
	return true
}

// end is the end before its time.
func (r *recording) end(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settle(now)
	r.until = now
}

// add takes bytes that went over the wire.
func (r *recording) add(direction string, b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	side := &r.device
	if direction == drivers.FromECR {
		side = &r.ecr
	}
	now := time.Now()
	r.tell(side, now, side.feed(b, now, r.decode))
}

// opened notes a new wire. What the old one left unfinished stays so.
func (r *recording) opened(stream bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settle(time.Now())
	r.note("the wire was opened")
	r.ecr.lost, r.device.lost = false, !stream // the till begins with a frame; a device on a serial line may be in the middle of one
}

func (r *recording) closed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settle(time.Now())
	r.note("the wire was closed")
}

// settle tells what is unfinished on both sides, masked as a whole.
func (r *recording) settle(now time.Time) {
	for _, s := range []*side{&r.ecr, &r.device} {
		r.tell(s, now, s.giveUp())
	}
}

func (r *recording) tell(s *side, now time.Time, list []drivers.Decoded) {
	for _, d := range list {
		r.push(Line{At: now, Direction: s.name, Decoded: d})
	}
}

func (r *recording) note(text string) { r.push(Line{At: time.Now(), Note: text}) }

func (r *recording) push(l Line) {
	if len(r.lines) == mostLines {
		r.lines = append(r.lines[:0:0], r.lines[mostLines/4:]...)
		r.first += mostLines / 4
	}
	l.N = r.first + uint64(len(r.lines))
	r.lines = append(r.lines, l)
}

// next is the number that the next line will have.
func (r *recording) next() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.first + uint64(len(r.lines))
}

// state is what there is behind line after.
func (r *recording) state(after uint64) State {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := State{On: time.Now().Before(r.until), Until: r.until}
	from := max(after+1, r.first)
	if after > 0 {
		out.Gone = from - after - 1
	}
	if at := from - r.first; at < uint64(len(r.lines)) {
		out.Lines = append([]Line(nil), r.lines[at:]...)
	}
	for _, s := range []*side{&r.ecr, &r.device} {
		if len(s.held) > 0 {
			if out.Held == nil {
				out.Held = map[string]int{}
			}
			out.Held[s.name] = len(s.held)
		}
	}
	return out
}
