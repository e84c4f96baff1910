package stx

import (
	"bytes"
	"errors"
)

// Kind says what the decoder found.
type Kind int

// The kinds of event.
const (
	GotFrame    Kind = iota + 1 // a frame with a right check byte
	GotProgress                 // a text of progress, which nobody acknowledges
	GotControl                  // a control byte outside of a frame, in Payload
	GotJunk                     // bytes that mean nothing, one event a run of them
	GotBad                      // a frame that must be answered with NAK; or, with ErrRestart, one that its sender gave up
)

// Why a frame is bad.
var (
	ErrCheck     = errors.New("wrong check byte")
	ErrTooLong   = errors.New("too long")
	ErrRestart   = errors.New("begun anew by 02") // no NAK: the sender is repeating already
	ErrTruncated = errors.New("truncated: the frame has no end")
	errText      = errors.New("04 behind a text of progress of another length")
)

// maxJunk is the number of bytes of a run of junk that an event keeps.
const maxJunk = 256

// Event is one thing seen on the line. Its slices belong to the receiver of the event.
type Event struct {
	Kind    Kind
	Payload []byte // of a frame without 02, 03 and check; of progress without 01 and 04; of a control the byte
	Raw     []byte // the bytes as received; of junk the first 256
	Count   int    // number of junk bytes
	Scope   Scope  // that the check of a frame fits
	Err     error  // why a frame is bad; of junk that began like something why it is not that
}

type state int

const (
	idle     state = iota
	body           // behind 02
	check          // behind 03
	progress       // behind 01
	control        // behind 06 or 15, where those are framed
	sized          // behind 02 of a frame that says its length
	lost           // behind a length or an end that was none, until the line is quiet
)

// Decoder takes the bytes of a line one by one, in whatever pieces they come. Set Rules first. The owner of the wire watches the time between bytes: when
// [Decoder.Partial] holds for longer than the family allows it calls Flush and answers NAK.
type Decoder struct {
	Rules *Rules
	// Any takes a check of whatever scope for right, the usual one first, where the family's terminals differ: for decoding what somebody recorded.
	Any bool

	state state
	raw   []byte
	count int   // junk bytes, kept or not
	size  int   // of the payload, as a frame says
	fault error // why nobody knows where the frame ends
}

// Partial says whether something has begun and not ended.
func (d *Decoder) Partial() bool { return d.state != idle }

// Feed takes one byte and returns what it completed, in order; mostly nothing.
func (d *Decoder) Feed(b byte) []Event {
	switch d.state {
	case body:
		return d.inBody(b)
	case check:
		d.push(b)
		return d.endFrame()
	case progress:
		return d.inProgress(b)
	case control:
		return d.inControl(b)
	case sized:
		return d.inSized(b)
	case lost:
		return d.inLost(b)
	}
	return d.outside(b)
}

// Flush gives up what is unfinished.
func (d *Decoder) Flush() []Event {
	events := d.endJunk()
	switch d.state {
	case body, check:
		events = append(events, d.take(Event{Kind: GotBad, Err: ErrTruncated}))
	case progress, control:
		events = append(events, d.junk(ErrTruncated))
	case sized:
		d.fault = ErrTruncated
		events = append(events, d.rescue()...)
	case lost:
		events = append(events, d.rescue()...)
	}
	if d.state != idle || d.count > 0 {
		events = append(events, d.Flush()...) // of what stood behind a frame that was rescued
	}
	return events
}

func (d *Decoder) outside(b byte) []Event {
	var next state
	switch {
	case b == STX && d.Rules.Length != ByETX:
		next = sized
	case b == STX:
		next = body
	case b == SOH && d.Rules.Progress > 0:
		next = progress
	case d.Rules.Framed && (b == ACK || b == NAK):
		next = control
	case bytes.IndexByte(d.Rules.Controls, b) >= 0:
		return append(d.endJunk(), Event{Kind: GotControl, Payload: []byte{b}, Raw: []byte{b}})
	default:
		d.skip(b)
		return nil
	}
	events := d.endJunk()
	d.state = next
	d.push(b)
	return events
}

func (d *Decoder) inBody(b byte) []Event {
	if b == STX {
		events := []Event{d.take(Event{Kind: GotBad, Err: ErrRestart})}
		return append(events, d.outside(b)...)
	}
	d.push(b)
	switch {
	case b == ETX:
		d.state = check
	case len(d.raw) > d.Rules.Max+1:
		return []Event{d.take(Event{Kind: GotBad, Err: ErrTooLong})}
	}
	return nil
}

func (d *Decoder) endFrame() []Event {
	payload, sum := d.raw[1:len(d.raw)-2], d.raw[len(d.raw)-1]
	if sum == d.Rules.Check(payload) {
		return []Event{d.take(Event{Kind: GotFrame, Payload: payload, Scope: d.Rules.Scope})}
	}
	for _, scope := range Scopes() {
		if d.Any && d.Rules.Differs && sum == d.Rules.check(scope, payload) {
			return []Event{d.take(Event{Kind: GotFrame, Payload: payload, Scope: scope})}
		}
	}
	return []Event{d.take(Event{Kind: GotBad, Payload: payload, Err: ErrCheck})}
}

// inProgress collects a text of fixed length. What is no such text is junk, and a frame may begin in it.
func (d *Decoder) inProgress(b byte) []Event {
	whole := len(d.raw) == d.Rules.Progress+1
	switch {
	case whole && b == EOT:
		d.push(b)
		return []Event{d.take(Event{Kind: GotProgress, Payload: d.raw[1 : len(d.raw)-1]})}
	case b == EOT:
		d.push(b)
		return []Event{d.junk(errText)}
	case whole || b < 0x20:
		return append([]Event{d.junk(nil)}, d.outside(b)...)
	}
	d.push(b)
	return nil
}

// inControl collects ACK or NAK, 03 and their check. A control byte that is not followed by these is junk.
func (d *Decoder) inControl(b byte) []Event {
	want, begins := d.Rules.Control(d.raw[0]), b == SOH || b == STX || b == ACK || b == NAK
	right := b == want[len(d.raw)]
	if !right && (begins || len(d.raw) < len(want)-1) {
		return append([]Event{d.junk(nil)}, d.outside(b)...)
	}
	switch d.push(b); {
	case !right:
		return []Event{d.junk(ErrCheck)}
	case len(d.raw) < len(want):
		return nil
	}
	return []Event{d.take(Event{Kind: GotControl, Payload: d.raw[:1]})}
}

// take ends what was collected and hands it over.
func (d *Decoder) take(e Event) Event {
	e.Raw = d.raw
	d.raw, d.state = nil, idle
	return e
}

// junk ends what was collected, which came to nothing.
func (d *Decoder) junk(why error) Event {
	return d.take(Event{Kind: GotJunk, Count: len(d.raw), Err: why})
}

func (d *Decoder) skip(b byte) {
	if d.count++; len(d.raw) < maxJunk {
		d.push(b)
	}
}

func (d *Decoder) endJunk() []Event {
	if d.count == 0 {
		return nil
	}
	e := d.take(Event{Kind: GotJunk, Count: d.count})
	d.count = 0
	return []Event{e}
}

// push appends a byte. A slice that has to grow leaves nothing behind where it was: card data may be in it. It moves byte by byte, because copy uses
// vector registers, which the runtime saves to memory when it interrupts a goroutine, and nobody clears those.
func (d *Decoder) push(c byte) {
	if len(d.raw) == cap(d.raw) {
		grown := make([]byte, len(d.raw), max(64, 2*cap(d.raw)))
		for i := range d.raw {
			grown[i], d.raw[i] = d.raw[i], 0
		}
		d.raw = grown
	}
	d.raw = append(d.raw, c)
}
