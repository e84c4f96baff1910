package stx

import (
	"context"
	"errors"
	"time"

	"github.com/tillproof/tillproof/drivers"
)

// Reach says how far a frame got whose sending failed.
type Reach int

// The reaches. Only after the first two did the terminal certainly not take it.
const (
	NotSent     Reach = iota // not a byte left us
	NotAccepted              // the terminal said each time that it did not get it
	Maybe                    // it may have it
)

// SendError is a failure to hand over a frame.
type SendError struct {
	Reach Reach
	Err   error
}

// Error implements error.
func (e *SendError) Error() string { return "send: " + e.Err.Error() }

// Unwrap gives the cause.
func (e *SendError) Unwrap() error { return e.Err }

// What can go wrong in sending, besides faults of the wire.
var (
	ErrNAK    = errors.New("the terminal found every frame damaged, or does not know the command")
	ErrSilent = errors.New("no acknowledgement from the terminal")
)

// Sending are a family's rules of handing over one frame.
type Sending struct {
	Wait   time.Duration // for ACK or NAK
	Sends  int           // in all, where the terminal answers NAK
	Silent int           // in all, where it answers nothing: 1 for a command that moves money, whose ACK may have been lost
	Asks   bool          // it moves no money, and its answer may equal the frame that was acknowledged last, before or without ACK
}

// Send hands a frame over. Without an error the terminal's link is known to have it: it said ACK, or it answers already. The error is a [*SendError]. What
// came before and was not taken stays to be taken, acknowledgements excepted.
func (l *Line) Send(ctx context.Context, payload []byte, rules Sending) error {
	if err := l.settle(ctx); err != nil {
		return &SendError{NotSent, err}
	}
	frame, early := l.Rules.Frame(payload), len(l.queue)
	defer clear(frame)
	l.asking = rules.Asks
	for naks, silent := 0, 0; ; {
		if n, err := l.write(frame); err != nil {
			if n > 0 || silent > 0 {
				return &SendError{Maybe, err}
			}
			return &SendError{NotSent, err}
		}
		switch err := l.acknowledged(ctx, early, rules.Wait); {
		case err == nil:
			return nil
		case errors.Is(err, ErrNAK):
			if naks++; naks < rules.Sends && ctx.Err() == nil {
				continue
			}
			if silent > 0 {
				return &SendError{Maybe, err} // an earlier one may have arrived, and this one be the repetition that it refuses
			}
			return &SendError{NotAccepted, err}
		case errors.Is(err, ErrSilent):
			if silent++; silent < rules.Silent {
				continue
			}
			return &SendError{Maybe, err}
		default:
			return &SendError{Maybe, err}
		}
	}
}

// flood is how long a line may go on telling things before it is given up.
const flood = 2 * time.Second

// settle takes what has come meanwhile: an acknowledgement of something older must not pass for that of what is sent now. A frame that has begun is waited for,
// since its end behind our command would pass for an answer to that.
func (l *Line) settle(ctx context.Context) error {
	clear(l.strange)
	l.strange, l.naks = l.strange[:0], 0
	if err := ctx.Err(); err != nil {
		return err
	}
	for begun := time.Now(); l.unsettled(); {
		wait := time.Millisecond
		if l.decoder.Partial() {
			wait += l.pause()
		}
		err := l.read(ctx, time.Now().Add(wait))
		if errors.Is(err, drivers.ErrQuiet) {
			break
		}
		if err == nil && time.Since(begun) > flood {
			err = errFlood
		}
		if err != nil {
			return err
		}
	}
	_, err := l.sieve(0, true)
	l.shorten()
	return err
}

// mostWaiting is how many events wait at most for somebody to take them.
const mostWaiting = 64

// shorten drops the oldest events of a terminal that goes on telling things while nobody asks. None of them was acknowledged.
func (l *Line) shorten() {
	for len(l.queue) > mostWaiting {
		l.queue[0].Wipe()
		l.queue = l.queue[1:]
	}
}

// unsettled says whether something may be there, or still be on its way: where the terminal has been silent for a while, all that it said lies ready.
func (l *Line) unsettled() bool {
	return l.reader.Heard().IsZero() || time.Since(l.reader.Heard()) < glance || l.decoder.Partial() || l.reader.Waiting()
}

// errFlood says that the terminal talks without a pause.
var errFlood = errors.New("the terminal sends without waiting for answers")

// sieve deals with what waits in the queue from a place on, and keeps what is the driver's business. said tells an ACK, a NAK or an answer that was there.
// Stale drops ACK and NAK.
func (l *Line) sieve(from int, stale bool) (said byte, err error) {
	waiting := l.queue[from:]
	l.queue = l.queue[:from:from]
	for i := range waiting {
		e := &waiting[i]
		if e.Kind == GotControl && (e.Payload[0] == ACK || e.Payload[0] == NAK) && (stale || said == 0) {
			if !stale {
				said = e.Payload[0]
			}
			continue
		}
		told, err := l.sift(e)
		if err != nil && !errors.Is(err, ErrDamaged) {
			return said, err
		}
		if !told {
			continue
		}
		l.queue = append(l.queue, *e)
		if said == 0 && e.Kind != GotControl {
			said = ACK // the answer is there, its acknowledgement was lost or comes later
		}
	}
	return said, nil
}

// acknowledged waits for ACK or NAK. A frame or a progress text behind those that were there early says as much as ACK, and stays to be taken.
func (l *Line) acknowledged(ctx context.Context, early int, wait time.Duration) error {
	for until := time.Now().Add(wait); ; {
		switch said, err := l.sieve(early, false); {
		case err != nil:
			return err
		case said == NAK && !l.doubled(ctx, early):
			return ErrNAK
		case said != 0:
			l.acked = false // an answer that equals the last one is another answer
			return nil
		}
		if err := l.read(ctx, until); errors.Is(err, drivers.ErrQuiet) {
			return ErrSilent
		} else if err != nil {
			return err
		}
	}
}

// doubled takes what belongs to a NAK: noise may double it, and its double must not pass for an answer to the repetition. It says whether an ACK or an
// answer came so close behind that the frame was taken after all.
func (l *Line) doubled(ctx context.Context, early int) (taken bool) {
	for until := time.Now().Add(glance); ; {
		if err := l.read(ctx, until); err != nil {
			return false
		}
		if said, err := l.sieve(early, false); err != nil || said == ACK {
			return err == nil
		}
	}
}
