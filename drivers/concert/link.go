package concert

import (
	"context"
	"errors"
	"time"
)

// link carries messages to a terminal and back. An error that is none of the link's own sticks until the wire is opened anew.
type link interface {
	// request hands a message over. Its error is a [*stx.SendError], which says how far the message got.
	request(ctx context.Context, payload []byte) error

	// answer waits for the terminal's next message until the deadline; [drivers.ErrQuiet] when none came. It is not acknowledged: accept or
	// drop is to be called before the next message.
	answer(ctx context.Context, until time.Time) (*answer, error)

	// accept acknowledges the message: from now on the terminal may forget it.
	accept() error

	// drop gives the message up without a word.
	drop()

	// finish lets the terminal end its session, and acknowledges a repetition.
	finish(ctx context.Context)

	// probe asks whether the terminal takes a session, without a message. It waits for one that is busy for so long.
	probe(ctx context.Context, patience time.Duration) (readiness, error)

	// garbled says whether characters come as they do where parity and data bits of the two ends differ.
	garbled() bool

	// heard is the family whose bytes came instead of ours, "" for none.
	heard() string
}

// readiness is what a terminal answers to ENQ.
type readiness int

const (
	ready readiness = iota
	busy            // it is there and takes nothing now
)

// What keeps a session from beginning. Nothing but ENQ was sent then.
var (
	errBusy = errors.New("the terminal is busy")
	errMute = errors.New("the terminal does not answer ENQ")
)

// reader understands a payload. It keeps nothing of it.
type reader func(payload []byte) *answer
