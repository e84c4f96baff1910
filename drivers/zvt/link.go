package zvt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// Times of the link (PA00P016).
const (
	t1      = 200 * time.Millisecond // between two bytes of a frame
	t2      = 5 * time.Second        // until ACK or NAK
	sends   = 3                      // of one frame, in all
	glance  = 100 * time.Millisecond // longest wait without a look at Cancel and ctx
	crossed = 500 * time.Millisecond // wait for the ACK of our command when the terminal's own command came instead
)

// link carries whole APDUs. The serial line repeats lost frames within the rules of PA00P016; TCP has nothing to repeat.
type link interface {
	// send hands one APDU to the terminal. confirmed says that the terminal's link layer is known to have it; on TCP
	// that shows only by what the terminal sends next. The error is a *sendError. The end of ctx ends the wait for the
	// acknowledgement.
	send(ctx context.Context, a codec.APDU) (confirmed bool, err error)

	// repeated says that the last APDU went out more than once without a word of the terminal in between: it may have taken the first one, and
	// then a refusal may be of the second.
	repeated() bool

	// receive waits for the next APDU until the deadline: drivers.ErrQuiet when none came, any other error sticks.
	receive(until time.Time) (codec.APDU, error)

	// waiting says whether receive may have something to tell without a wait.
	waiting() bool

	// abandon tells that the reply to a command is no longer waited for. A stream is unusable then: the late reply
	// would pass for that to the next command (PA00P016 wants the socket closed). On the serial line the
	// acknowledgements keep the two sides together.
	abandon(err error)

	// doubt adds to the failure of a first command what the wire said instead of ZVT.
	doubt(err error) error
}

// reach says how far a command got whose sending failed.
type reach int

const (
	notSent     reach = iota // not a byte left us
	notReceived              // the terminal said three times that it did not get it
	maybe                    // it may have it
)

// sendError is a failure to hand over an APDU.
type sendError struct {
	reach reach
	err   error
}

func (e *sendError) Error() string { return "send: " + e.err.Error() }
func (e *sendError) Unwrap() error { return e.err }

// What can go wrong in sending, besides faults of the wire.
var (
	errNAK       = errors.New("the terminal found every frame damaged")
	errSilent    = errors.New("no acknowledgement from the terminal")
	errRepeated  = errors.New("the terminal repeats its command")
	errCollision = errors.New("the terminal began a command of its own")
	errFlood     = errors.New("the terminal sends commands without waiting for answers")
	errStalled   = errors.New("the rest of a message did not come")
)

// marshalError wraps what could not be written as bytes at all.
func marshalError(err error) error { return &sendError{notSent, fmt.Errorf("marshal: %w", err)} }

// earlier is the nearer of two times.
func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
