package msr

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// glance is how often a wait looks whether its context has ended.
const glance = 250 * time.Millisecond

// maxBurst is more than three tracks have, in bytes.
const maxBurst = 512

// Driver describes the driver for the list of drivers: name "msr", 9600 baud 8N1.
func Driver() drivers.Driver {
	return drivers.Driver{
		Name:       "msr",
		Kind:       drivers.KindScanner,
		Doc:        "Magnetic stripe readers for membership and gift cards, serial; payment cards are dropped",
		Line:       drivers.Line{Baud: 9600, DataBits: 8, Parity: drivers.NoParity, StopBits: 1},
		NewScanner: newReader,
	}
}

// reader is one stripe reader on one wire. It starts no goroutine.
type reader struct {
	options options
	wire    *drivers.Reader
	burst   [maxBurst]byte // what has come of a card; it never moves and is wiped when the card was judged
	n       int
	over    bool // the burst has passed its limit: all is dropped up to its end

	scans, overlong, broken, refused atomic.Uint64
}

func newReader(conn drivers.Conn, settings drivers.Settings) (drivers.Scanner, error) {
	o, err := readOptions(settings.Options)
	if err != nil {
		return nil, err
	}
	return &reader{options: o, wire: drivers.NewReader(conn)}, nil
}

// Open implements [drivers.Scanner]: such a reader needs nothing.
func (r *reader) Open(ctx context.Context) error { return ctx.Err() }

// Close implements [drivers.Scanner]: it wipes what has come of a card.
func (r *reader) Close(context.Context) error {
	r.wipe()
	return nil
}

// Stats implements [drivers.Scanner].
func (r *reader) Stats() drivers.ScanStats {
	return drivers.ScanStats{Scans: r.scans.Load(), Overlong: r.overlong.Load(), Broken: r.broken.Load(), Refused: r.refused.Load()}
}

// Scan implements [drivers.Scanner].
func (r *reader) Scan(ctx context.Context) (drivers.Scan, error) {
	for {
		if err := ctx.Err(); err != nil {
			return drivers.Scan{}, err
		}
		b, err := r.wire.Next(r.until(ctx))
		switch {
		case err == nil:
			r.push(b)
		case !errors.Is(err, drivers.ErrQuiet):
			r.wipe()
			return drivers.Scan{}, pos.NewError("device_unavailable", pos.Transient, pos.NoneMoved, "The card reader is not connected.",
				"Check its cable; it is opened again by itself.").Because(err)
		case r.begun() && time.Since(r.wire.Heard()) >= r.options.idle:
			if text := r.end(); text != nil {
				r.scans.Add(1)
				return drivers.Scan{Raw: text, Text: string(text), Symbology: "msr", At: r.wire.Heard()}, nil
			}
		}
	}
}

// until is when a read must look around.
func (r *reader) until(ctx context.Context) time.Time {
	until := time.Now().Add(glance)
	if end, ok := ctx.Deadline(); ok && end.Before(until) {
		until = end.Add(time.Millisecond) // when ctx has noticed it
	}
	if silent := r.wire.Heard().Add(r.options.idle); r.begun() && silent.Before(until) {
		until = silent
	}
	return until
}

func (r *reader) begun() bool { return r.n > 0 || r.over }

// push keeps a byte. It moves alone: copy uses vector registers, which the runtime saves to memory when it interrupts a goroutine.
func (r *reader) push(b byte) {
	if r.over = r.over || r.n == maxBurst; r.over {
		return
	}
	r.burst[r.n] = b
	r.n++
}

// end judges a burst and wipes it. The text is the caller's; nil when the burst is not one of the shop's own cards.
func (r *reader) end() []byte {
	defer r.wipe()
	if r.over {
		r.overlong.Add(1)
		return nil
	}
	c := examine(r.burst[:r.n])
	text := c.own(r.options.own)
	switch {
	case text != nil:
		return append([]byte(nil), text...)
	case c.pays || c.tracks > 0:
		r.refused.Add(1)
	case c.broken:
		r.broken.Add(1)
	}
	return nil
}

func (r *reader) wipe() {
	clear(r.burst[:])
	r.n, r.over = 0, false
}
