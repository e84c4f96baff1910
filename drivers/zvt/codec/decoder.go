package codec

import (
	"errors"
	"fmt"
)

// EventKind says what the decoder of a serial line found.
type EventKind int

// The kinds of event.
const (
	GotFrame EventKind = iota + 1 // a frame with a right CRC and one whole APDU
	GotACK                        // 06 outside a frame
	GotNAK                        // 15 outside a frame
	GotJunk                       // bytes outside a frame that mean nothing, one event a run of them
	GotBad                        // a frame that must be answered with NAK, unless Err says ErrRestart or ErrLength
)

// Why a frame is bad, besides ErrLength, ErrTooLong and ErrTruncated.
var (
	ErrCRC     = errors.New("wrong CRC")
	ErrEscape  = errors.New("bad escape")
	ErrRestart = errors.New("begun anew by 10 02") // no NAK: the sender is already repeating
)

// Event is one thing seen on a serial line. Its slices belong to the receiver of the event.
type Event struct {
	Kind    EventKind
	Message APDU   // of a frame
	APDU    []byte // the bytes of the message, un-doubled, also with ErrLength; equal APDUs are how repetitions are known
	Raw     []byte // the bytes as received; of junk at most the first MaxJunk
	Count   int    // number of junk bytes
	Err     error  // why a frame is bad
}

// MaxJunk is the number of junk bytes that an event keeps.
const MaxJunk = 256

// maxRaw is a frame of MaxAPDU bytes that are all doubled, with its envelope.
const maxRaw = 2*MaxAPDU + 6

// state is where in a frame the decoder stands.
type state int

const (
	idle    state = iota
	idleDLE       // 10 seen outside a frame
	body
	bodyDLE // 10 seen inside a frame
	crcLow
	crcHigh
)

// Decoder takes the bytes of a serial line one by one, in whatever pieces they come. The zero value is ready. A frame
// that goes wrong in its middle is followed to its end before it is reported, so that a 06 or 15 of its data is not
// taken for a control byte. The owner of the wire watches the time between bytes: when Partial holds for longer than T1
// (200 ms) it calls Flush and sends NAK.
type Decoder struct {
	state state
	raw   []byte // the frame so far, as received
	apdu  []byte // its un-doubled content
	bad   error  // why it cannot be good any more
	junk  []byte
	count int // junk bytes, kept or not
}

// Feed takes one byte and returns what it completed, in order; mostly nothing.
func (d *Decoder) Feed(b byte) []Event {
	switch d.state {
	case idle:
		return d.outside(b)
	case idleDLE:
		return d.afterDLE(b)
	}
	d.keep(b)
	return d.inside(b)
}

// Partial says whether a frame has begun and not ended.
func (d *Decoder) Partial() bool { return d.state > idleDLE }

// Flush gives up what is unfinished: junk that was not reported yet, and a frame without its end as a bad one with ErrTruncated.
func (d *Decoder) Flush() []Event {
	if d.state == idleDLE {
		d.skip(dle)
	}
	events := d.endJunk()
	if d.state > idleDLE {
		clear(d.apdu)
		events = append(events, Event{Kind: GotBad, Raw: d.raw, Err: ErrTruncated})
	}
	d.begin(idle)
	return events
}

func (d *Decoder) outside(b byte) []Event {
	switch b {
	case ACK:
		return append(d.endJunk(), Event{Kind: GotACK, Raw: []byte{b}})
	case NAK:
		return append(d.endJunk(), Event{Kind: GotNAK, Raw: []byte{b}})
	case dle:
		d.state = idleDLE
	default:
		d.skip(b)
	}
	return nil
}

// afterDLE decides whether a 10 outside a frame begins one.
func (d *Decoder) afterDLE(b byte) []Event {
	if b == stx {
		events := d.endJunk()
		d.open()
		return events
	}
	d.skip(dle)
	d.state = idle
	return d.outside(b)
}

func (d *Decoder) inside(b byte) []Event {
	switch d.state {
	case body:
		d.data(b)
	case bodyDLE:
		return d.escaped(b)
	case crcLow:
		d.state = crcHigh
	case crcHigh:
		return d.end()
	}
	return nil
}

func (d *Decoder) data(b byte) {
	if b == dle {
		d.state = bodyDLE
		return
	}
	d.take(b)
}

// escaped handles the byte after a 10 inside a frame.
func (d *Decoder) escaped(b byte) []Event {
	d.state = body
	switch b {
	case dle:
		d.take(dle)
	case etx:
		d.state = crcLow
	case stx:
		clear(d.apdu)
		lost := Event{Kind: GotBad, Raw: d.raw[:max(0, len(d.raw)-2)], Err: ErrRestart}
		d.open()
		return []Event{lost}
	default:
		d.fail(fmt.Errorf("%w: 10 %02x", ErrEscape, b))
	}
	return nil
}

// end judges a frame whose last CRC byte has come.
func (d *Decoder) end() []Event {
	ev := Event{Kind: GotBad, Raw: d.raw, APDU: d.apdu, Err: d.bad}
	if ev.Err == nil {
		ev.Message, ev.Err = d.check()
	}
	if ev.Err == nil {
		ev.Kind = GotFrame
	} else if !errors.Is(ev.Err, ErrLength) {
		clear(d.apdu)
		ev.APDU = nil
	}
	d.begin(idle)
	return []Event{ev}
}

func (d *Decoder) check() (APDU, error) {
	got := uint16(d.raw[len(d.raw)-2]) | uint16(d.raw[len(d.raw)-1])<<8
	if want := CRC(d.apdu); got != want {
		return APDU{}, fmt.Errorf("%w: received %04x, computed %04x", ErrCRC, got, want)
	}
	m, err := Parse(d.apdu)
	if err != nil {
		return APDU{}, fmt.Errorf("%w (%d bytes in the frame)", ErrLength, len(d.apdu))
	}
	return m, nil
}

// open begins a frame whose 10 02 has come.
func (d *Decoder) open() {
	d.begin(body)
	d.raw = append(make([]byte, 0, 64), dle, stx)
}

func (d *Decoder) begin(s state) { d.state, d.raw, d.apdu, d.bad = s, nil, nil, nil }

func (d *Decoder) fail(err error) {
	if d.bad == nil {
		d.bad = err
	}
}

// take adds a byte of the APDU, as long as one can be that long.
func (d *Decoder) take(b byte) {
	if len(d.apdu) == MaxAPDU {
		d.fail(ErrTooLong)
		return
	}
	d.apdu = push(d.apdu, b)
}

func (d *Decoder) keep(b byte) {
	if len(d.raw) == maxRaw {
		d.fail(ErrTooLong)
		return
	}
	d.raw = push(d.raw, b)
}

func (d *Decoder) skip(b byte) {
	d.count++
	if len(d.junk) < MaxJunk {
		d.junk = push(d.junk, b)
	}
}

func (d *Decoder) endJunk() []Event {
	if d.count == 0 {
		return nil
	}
	ev := Event{Kind: GotJunk, Raw: d.junk, Count: d.count}
	d.junk, d.count = nil, 0
	return []Event{ev}
}
