package zvt

import (
	"context"
	"errors"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// streamLink is the link over TCP: bare APDUs, nothing to acknowledge or repeat.
type streamLink struct {
	wire wire
	stranger
	splitter codec.Splitter
	last     time.Time // when the last byte came
	stall    time.Duration
}

// send writes the APDU. It never confirms: that TCP took the bytes says nothing of the terminal.
func (s *streamLink) send(_ context.Context, a codec.APDU) (bool, error) {
	plain, err := a.Marshal()
	if err != nil {
		return false, marshalError(err)
	}
	if n, err := s.wire.write(plain); err != nil {
		return false, &sendError{reachOf(0, n), err}
	}
	return false, nil
}

// repeated implements link: a stream repeats nothing.
func (s *streamLink) repeated() bool { return false }

// waiting implements link.
func (s *streamLink) waiting() bool { return s.splitter.Partial() || s.wire.waiting() }

// abandon breaks the wire for good.
func (s *streamLink) abandon(err error) { _ = s.wire.broken(err) }

// receive returns the next APDU. One that does not come whole within T3 of its last byte breaks the wire, as PA00P016
// wants for TCP: there is no way to find the next one.
func (s *streamLink) receive(until time.Time) (codec.APDU, error) {
	for {
		b, err := s.wire.readByte(until)
		switch {
		case errors.Is(err, drivers.ErrQuiet) && s.splitter.Partial() && time.Since(s.last) >= s.stall:
			return codec.APDU{}, s.wire.broken(errStalled)
		case errors.Is(err, drivers.ErrQuiet):
			if strange := s.judge(); strange != nil {
				return codec.APDU{}, s.wire.broken(strange)
			}
			return codec.APDU{}, err
		case err != nil:
			clear(s.splitter.Flush()) // nobody will read the rest
			return codec.APDU{}, err
		}
		s.last = time.Now()
		s.hear(b)
		if ev, whole := s.splitter.Feed(b); whole {
			if !s.proven && !zvtClass(ev.Message.Class) {
				clear(ev.APDU) // a stranger's words are nobody's here
				return codec.APDU{}, s.wire.broken(&wrongProtocol{drivers.Guess(s.said)})
			}
			s.prove()
			scrub(ev.APDU)
			return ev.Message, nil
		}
	}
}
