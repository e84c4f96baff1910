package stx

import (
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"time"

	"github.com/tillproof/tillproof/drivers"
)

// Times of the link that no family's papers give, and that are long for every line.
const (
	usualGap  = 500 * time.Millisecond // between two bytes of a frame
	writeTime = 5 * time.Second        // for one frame; 4096 bytes at 9600 baud take 4.3 s
	glance    = 100 * time.Millisecond // longest wait without a look at ctx
	mostNAKs  = 2                      // of ours, for one answer
	sample    = 64                     // bytes kept of what is not understood
)

// ErrDamaged says that a frame came damaged each time that it was sent.
var ErrDamaged = errors.New("every repetition of the frame came damaged")

// Line carries the frames of a family over a wire: it answers damaged ones with NAK, acknowledges what is repeated, and keeps what comes early. It starts
// no goroutine and is used by one at a time.
type Line struct {
	Rules    *Rules
	Gap      time.Duration // longest pause between two bytes of a frame
	CheckGap time.Duration // longest pause before the check byte

	conn    drivers.Conn
	reader  *drivers.Reader
	decoder Decoder
	queue   []Event           // decoded and not taken yet
	naks    int               // of ours since the last good frame
	last    [sha256.Size]byte // of the payload that was acknowledged last; a hash, because card data may be in it
	acked   bool
	asking  bool   // what equals the last frame is an answer, until one is acknowledged
	strange []byte // what was heard and not understood since the last Send
}

// NewLine is a line with the usual times on a wire. Nobody else may read from the wire.
func NewLine(conn drivers.Conn, rules *Rules) *Line {
	return &Line{Rules: rules, Gap: usualGap, CheckGap: usualGap, conn: conn, reader: drivers.NewReader(conn), decoder: Decoder{Rules: rules},
		strange: make([]byte, 0, sample)}
}

// Heard is when bytes came last, the zero time before any did.
func (l *Line) Heard() time.Time { return l.reader.Heard() }

// Strange is the begin of what was heard since the last Send and is no frame of the family, for [drivers.Guess]; it may hold card data.
func (l *Line) Strange() []byte { return l.strange }

// AnyScope lets frames pass whose check has whatever scope, which [Event].Scope tells: to find out which one a terminal uses.
func (l *Line) AnyScope(on bool) { l.decoder.Any = on }

// Alive takes what has come meanwhile and says whether the wire is still there, without sending anything of its own.
func (l *Line) Alive(ctx context.Context) error { return l.settle(ctx) }

// Wipe overwrites what an event holds: card data may be in it.
func (e *Event) Wipe() { clear(e.Raw) }

// Next waits for a frame, a progress text or a control byte until the deadline. It returns [drivers.ErrQuiet] when none came, ctx's error at its end,
// [ErrDamaged] when a frame cannot be had; any other error sticks. A frame must be taken by [Line.Accept] or [Line.Refuse]: nothing is acknowledged
// before. A repetition of the frame that was acknowledged last is acknowledged again and not told.
func (l *Line) Next(ctx context.Context, until time.Time) (Event, error) {
	for {
		for len(l.queue) > 0 {
			e := l.queue[0]
			l.queue = l.queue[1:]
			if told, err := l.sift(&e); told || err != nil {
				return e, err
			}
		}
		if err := l.read(ctx, until); err != nil {
			return Event{}, err
		}
	}
}

// sift says whether an event is the caller's business, and deals with what is not.
func (l *Line) sift(e *Event) (told bool, err error) {
	switch e.Kind {
	case GotFrame:
		l.naks = 0
		if l.asking || !l.Repeated(e) {
			return true, nil
		}
		e.Wipe()
		return false, l.Put(ACK)
	case GotBad:
		l.note(e.Raw)
		e.Wipe()
		if errors.Is(e.Err, ErrRestart) {
			return false, nil
		}
		if l.naks++; l.naks > mostNAKs {
			l.naks = 0
			return false, ErrDamaged
		}
		return false, l.Put(NAK)
	case GotJunk:
		l.note(e.Raw)
		e.Wipe()
		return false, nil
	}
	return true, nil
}

func (l *Line) note(raw []byte) {
	for i := range min(len(raw), cap(l.strange)-len(l.strange)) { // byte by byte, as in [Decoder.push]
		l.strange = l.strange[:len(l.strange)+1]
		l.strange[len(l.strange)-1] = raw[i]
	}
}

// read takes one byte off the wire, or gives up what has begun and does not go on.
func (l *Line) read(ctx context.Context, until time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	now := time.Now()
	wait := earlier(until, now.Add(glance))
	if l.decoder.Partial() {
		if broken := l.reader.Heard().Add(l.pause()); !now.Before(broken) {
			l.queue = append(l.queue, l.decoder.Flush()...)
			return nil
		}
		wait = earlier(wait, l.reader.Heard().Add(l.pause()))
	}
	b, err := l.reader.Next(wait)
	switch {
	case err == nil:
		l.queue = append(l.queue, l.decoder.Feed(b)...)
		return nil
	case !errors.Is(err, drivers.ErrQuiet):
		return err
	case !time.Now().Before(until) && !l.decoder.Partial():
		junk := l.decoder.Flush() // that nothing followed
		if l.queue = append(l.queue, junk...); len(junk) == 0 {
			return drivers.ErrQuiet
		}
	case !time.Now().Before(until):
		return drivers.ErrQuiet
	}
	return nil
}

func (l *Line) pause() time.Duration {
	if l.decoder.state == check {
		return l.CheckGap
	}
	return l.Gap
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// Accept acknowledges a frame: from now on the terminal may forget it. What must not be forgotten is durable before (law 2).
func (l *Line) Accept(e *Event) error {
	l.last, l.acked, l.asking = sha256.Sum256(e.Payload), true, false
	return l.Put(ACK)
}

// Repeated says whether a frame equals the one that was acknowledged last.
func (l *Line) Repeated(e *Event) bool { return l.acked && sha256.Sum256(e.Payload) == l.last }

// Refuse answers a frame with NAK, so that its sender repeats it, as its family allows.
func (l *Line) Refuse() error { return l.Put(NAK) }

// Put writes a control byte, framed where the family frames them.
func (l *Line) Put(control byte) error {
	_, err := l.write(l.Rules.Control(control))
	return err
}

func (l *Line) write(b []byte) (n int, err error) {
	if err := l.conn.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return 0, err
	}
	if n, err = l.conn.Write(b); err == nil && n < len(b) {
		err = os.ErrDeadlineExceeded // a line that takes a part only is stuck
	}
	return n, err
}
