package zvt

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// gotRepetition is the event of a frame that came again because our ACK was lost.
const gotRepetition codec.EventKind = -1

// maxInbox bounds the commands that a terminal can send ahead of our answers. A correct one sends at most one.
const maxInbox = 16

// serialLink is the link over a serial line: frames, ACK and NAK, repeats.
type serialLink struct {
	wire wire
	stranger
	decoder codec.Decoder
	last    time.Time     // when the last byte came, for T1
	events  []codec.Event // decoded, not handled
	inbox   []codec.APDU  // acknowledged, not handed up
	begun   time.Time     // of the last frame's first send
	silent  int           // sends of the last frame that nothing answered
	open    []byte        // the terminal's command until it has acknowledged our answer: the same again is a repetition
}

// receive returns the next APDU, which was acknowledged to the terminal's link layer already.
func (s *serialLink) receive(until time.Time) (codec.APDU, error) {
	for len(s.inbox) == 0 {
		if _, err := s.next(until); err != nil {
			return codec.APDU{}, err
		}
	}
	m := s.inbox[0]
	s.inbox = s.inbox[1:]
	return m, nil
}

// send writes the frame up to three times: again after a NAK, and after T2 without an answer.
func (s *serialLink) send(ctx context.Context, a codec.APDU) (bool, error) {
	plain, err := a.Marshal()
	if err != nil {
		return false, marshalError(err)
	}
	frame, refused, answering := codec.Frame(plain), 0, s.open
	s.silent, s.begun = 0, time.Now()
	for try := range sends {
		if n, err := s.wire.write(frame); err != nil {
			return false, &sendError{reachOf(try, n), err}
		}
		err = s.acknowledged(ctx, a)
		switch {
		case err == nil:
			if a.Reply() && bytes.Equal(s.open, answering) {
				s.open = nil // the same command from now on is a new one
			}
			return true, nil
		case errors.Is(err, errNAK):
			refused++
		case errors.Is(err, errRepeated):
		case !errors.Is(err, errSilent):
			return false, &sendError{maybe, err}
		default:
			s.silent++
		}
	}
	if refused == sends {
		return false, &sendError{notReceived, errNAK}
	}
	return false, &sendError{maybe, errSilent}
}

// reachOf says how far a frame got whose write failed after n bytes.
func reachOf(try, n int) reach {
	if try == 0 && n == 0 {
		return notSent
	}
	return maybe
}

// waiting implements link.
func (s *serialLink) waiting() bool {
	return len(s.inbox) > 0 || len(s.events) > 0 || s.decoder.Partial() || s.wire.waiting()
}

// abandon changes nothing.
func (s *serialLink) abandon(error) {}

// repeated implements link.
func (s *serialLink) repeated() bool { return s.silent > 0 }

// acknowledged waits for the ACK of the frame just sent: nil, errNAK, errSilent, errCollision, or what ended the wait.
//
// A lost ACK shows when the terminal goes on: a reply to our command, or its next command after our reply, proves that
// it has our frame. Sending that again would make a second command of it. A command of the terminal that crosses ours
// proves nothing; then our ACK must come soon, since it is sent at once, and the frame is not repeated, since the
// terminal waits for an answer now.
//
// A terminal that repeats its command after its T2, while our answer is out, has got neither our ACK nor the answer. The answer goes out again at once,
// behind the new ACK: one that the terminal finds before it may pass for a repetition of the answer before, since all answers are alike.
func (s *serialLink) acknowledged(ctx context.Context, own codec.APDU) error {
	until, otherwise := time.Now().Add(t2), errSilent
	for {
		ev, err := s.next(earlier(until, time.Now().Add(glance)))
		switch {
		case errors.Is(err, drivers.ErrQuiet):
			if err := waiting(ctx, until, otherwise); err != nil {
				return err
			}
		case err != nil:
			return err
		case ev.Kind == codec.GotACK:
			return nil
		case ev.Kind == codec.GotNAK:
			return errNAK
		case ev.Kind == gotRepetition && own.Reply() && time.Since(s.begun) > t2/2:
			return errRepeated
		case ev.Kind == codec.GotFrame && ev.Message.Reply() != own.Reply():
			return nil
		case ev.Kind == codec.GotFrame && !own.Reply():
			until, otherwise = earlier(until, time.Now().Add(crossed)), errCollision
		}
	}
}

// waiting says whether the wait may go on: nil, the error of ctx, or what the end of the time means.
func waiting(ctx context.Context, until time.Time, otherwise error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !time.Now().Before(until) {
		return otherwise
	}
	return nil
}

// next returns the next event after doing what the link owes for it: ACK, NAK, the inbox. A repetition is acknowledged
// again and told as one.
func (s *serialLink) next(until time.Time) (codec.Event, error) {
	for len(s.events) == 0 {
		if err := s.listen(until); err != nil {
			return codec.Event{}, err
		}
	}
	ev := s.events[0]
	s.events = s.events[1:]
	switch ev.Kind {
	case codec.GotFrame:
		return s.frame(ev)
	case codec.GotBad:
		clear(ev.Raw) // nobody reads what is damaged, and card data may be in it
		if errors.Is(ev.Err, codec.ErrLength) && len(ev.APDU) >= 2 {
			return s.frame(bare(ev))
		}
		return ev, s.complain(ev)
	}
	clear(ev.Raw)
	return ev, nil
}

// listen feeds one byte to the decoder. Silence of T1 inside a frame ends the frame; it is noticed at the next
// deadline, a glance later at most.
func (s *serialLink) listen(until time.Time) error {
	b, err := s.wire.readByte(until)
	if err == nil {
		s.last = time.Now()
		s.hear(b)
		s.events = s.decoder.Feed(b)
		return nil
	}
	if errors.Is(err, drivers.ErrQuiet) {
		if strange := s.judge(); strange != nil {
			return strange
		}
	}
	if errors.Is(err, drivers.ErrQuiet) && s.decoder.Partial() && time.Since(s.last) >= t1 {
		s.events = s.decoder.Flush()
		return nil
	}
	if !errors.Is(err, drivers.ErrQuiet) {
		for _, ev := range s.decoder.Flush() { // nobody will read the rest
			clear(ev.Raw)
		}
	}
	return err
}

// bare is a frame that came well, by its CRC, around an APDU of a wrong length: the terminal wants an answer, and to send the frame again would not mend it.
// What is known of such a message is its kind; its data decide nothing.
func bare(ev codec.Event) codec.Event {
	ev.Kind, ev.Message = codec.GotFrame, codec.APDU{Class: ev.APDU[0], Instr: ev.APDU[1]}
	return ev
}

func (s *serialLink) frame(ev codec.Event) (codec.Event, error) {
	s.prove()
	clear(ev.Raw)
	scrub(ev.APDU)
	if len(s.inbox) >= maxInbox {
		return codec.Event{}, errFlood
	}
	if _, err := s.wire.write([]byte{codec.ACK}); err != nil {
		return codec.Event{}, err
	}
	if !ev.Message.Reply() {
		if bytes.Equal(ev.APDU, s.open) {
			return codec.Event{Kind: gotRepetition}, nil
		}
		s.open = ev.APDU
	}
	s.inbox = append(s.inbox, ev.Message)
	return ev, nil
}

// complain sends NAK for a bad frame, unless its sender has begun it anew already.
func (s *serialLink) complain(ev codec.Event) error {
	if errors.Is(ev.Err, codec.ErrRestart) {
		return nil
	}
	_, err := s.wire.write([]byte{codec.NAK})
	return err
}
