package neo2

import "encoding/binary"

// Kind says what a byte has completed.
type Kind int

// The kinds; the zero value is nothing.
const (
	Whole Kind = iota + 1 // a frame
	Bad                   // a frame that came damaged, or not whole
)

// Event is what a byte has completed.
type Event struct {
	Frame
	Kind Kind
	Err  error // of Bad
}

// Decoder takes the bytes of a line one by one, in whatever pieces they come, and looks for the header among them. The owner of the wire watches the time
// between bytes: when [Decoder.Partial] holds and nothing came for the family's time, it calls Quiet.
//
// What has come stands in one buffer, which never moves and is wiped before the next byte is taken: the data of an event live until then.
type Decoder struct {
	Skipped uint64 // bytes that belong to nothing

	buf  [overhead + MaxData]byte
	n    int
	done bool // what stands in the buffer was handed out
}

// Partial says whether a frame has begun and not ended.
func (d *Decoder) Partial() bool { return d.n > 0 && !d.done }

// Reading says whether the result of a card has begun.
func (d *Decoder) Reading() bool {
	return d.Partial() && d.n >= headSize && d.buf[len(Header)] == Activate && d.length() > 0
}

// Wipe overwrites what stands in the buffer and begins anew.
func (d *Decoder) Wipe() {
	clear(d.buf[:d.n])
	d.n, d.done = 0, false
}

// Feed takes one byte. It moves alone: copy uses vector registers, which the runtime saves to memory when it interrupts a goroutine.
func (d *Decoder) Feed(b byte) Event {
	if d.done {
		d.Wipe()
	}
	d.buf[d.n] = b
	d.n++
	switch {
	case d.n <= len(Header):
		d.hunt()
		return Event{}
	case d.n < headSize:
		return Event{}
	case d.length() > MaxData:
		return d.bad(ErrLength)
	case d.n < overhead+d.length():
		return Event{}
	}
	f, err := whole(d.buf[:d.n])
	if err != nil {
		return d.bad(err)
	}
	d.done = true
	return Event{Frame: f, Kind: Whole}
}

// Quiet gives up what is unfinished: nothing came for longer than a pause inside a frame.
func (d *Decoder) Quiet() Event {
	if d.n < len(Header) {
		d.Skipped += uint64(d.n)
		d.Wipe()
		return Event{}
	}
	return d.bad(ErrTruncated)
}

func (d *Decoder) length() int { return int(binary.BigEndian.Uint16(d.buf[headSize-2:])) }

// hunt drops bytes from the begin until what is left may be a header.
func (d *Decoder) hunt() {
	for d.n > 0 && !Begins(d.buf[:d.n]) {
		for i := 1; i < d.n; i++ {
			d.buf[i-1] = d.buf[i]
		}
		d.n--
		d.buf[d.n] = 0
		d.Skipped++
	}
}

func (d *Decoder) bad(err error) Event {
	d.Wipe()
	return Event{Kind: Bad, Err: err}
}
