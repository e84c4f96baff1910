package zvtsim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/simulator/chassis"
)

// What ends a wait.
var (
	errLost     = errors.New("the wire is lost")
	errQuiet    = errors.New("nothing came in time")
	errTransfer = errors.New("the till does not acknowledge") // after all sends (PA00P016, transport)
)

// session is the terminal on one wire. Its goroutine is Serve's; a second one only reads bytes.
type session struct {
	t      *Terminal
	ctx    context.Context
	wire   io.ReadWriteCloser
	intake *chassis.Intake
	broken bool
	mute   bool // the line is silent in both directions

	decoder   codec.Decoder
	splitter  codec.Splitter
	heard     time.Time // of the last byte, for T1
	position  int       // of the byte in its frame
	head      [4]byte   // of the frame
	control   byte      // last ACK or NAK, until send looks at it
	sending   bool      // send waits for an ACK
	last      []byte    // the till's last APDU: the same again while our next frame is not acknowledged is a repetition
	inbox     []codec.APDU
	abortable bool // 06 B0 would come in time
	aborted   bool // 06 B0 came in time
	ids       numbers
}

func newSession(ctx context.Context, t *Terminal, wire io.ReadWriteCloser) *session {
	s := &session{t: t, ctx: ctx, wire: wire, intake: chassis.NewIntake(wire)}
	return s
}

// run answers commands until the wire is lost.
func (s *session) run() error {
	for {
		if err := s.rest(); err != nil {
			return err
		}
		m, err := s.receive(time.Time{})
		switch {
		case err != nil:
			return err
		case m.Reply():
			continue
		}
		if err := s.command(m); errors.Is(err, errLost) || s.broken {
			return s.why()
		} else if err != nil && !errors.Is(err, errTransfer) && !errors.Is(err, errQuiet) {
			return err
		}
	}
}

// why says what ended the session.
func (s *session) why() error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	return errLost
}

// receive returns the next message; the zero time waits for ever.
func (s *session) receive(until time.Time) (codec.APDU, error) {
	for {
		for len(s.inbox) == 0 {
			if err := s.pump(until); err != nil {
				return codec.APDU{}, err
			}
		}
		m := s.inbox[0]
		s.inbox = s.inbox[1:]
		if m, ok, err := s.identify(m); ok || err != nil {
			return m, err
		}
	}
}

// pump waits for bytes, or for the end of T1 inside a frame, or until the deadline.
func (s *session) pump(until time.Time) error {
	if s.broken {
		return s.why()
	}
	limit := until
	if t1 := s.heard.Add(interByte); s.partial() && (limit.IsZero() || t1.Before(limit)) {
		limit = t1
	}
	var over <-chan time.Time
	if !limit.IsZero() {
		timer := time.NewTimer(time.Until(limit))
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-s.ctx.Done():
		s.broken = true
		return s.why()
	case b, ok := <-s.intake.Chunks:
		return s.take(b, ok)
	case <-over:
	}
	return s.late(until)
}

// late is the end of a wait: of T1 or of the caller's.
func (s *session) late(until time.Time) error {
	if s.partial() && time.Since(s.heard) >= interByte {
		s.give(s.decoder.Flush())
		return nil
	}
	if until.IsZero() || time.Now().Before(until) {
		return nil
	}
	return errQuiet
}

func (s *session) partial() bool { return s.decoder.Partial() }

// take handles a chunk of bytes.
func (s *session) take(b []byte, ok bool) error {
	if !ok {
		s.broken = true
		return errLost
	}
	if s.mute {
		return nil
	}
	s.heard = time.Now()
	for _, c := range b {
		if s.t.options.Stream {
			if ev, whole := s.splitter.Feed(c); whole {
				s.accept(ev)
			}
			continue
		}
		s.locate(c)
		s.give(s.decoder.Feed(c))
	}
	return nil
}

// locate tells observers the position of a byte in its frame.
func (s *session) locate(b byte) {
	if !s.decoder.Partial() && (s.position == 0 || s.position > 1) {
		s.position = 0
		s.head = [4]byte{}
	}
	if s.position < len(s.head) {
		s.head[s.position] = b
	}
	if s.head[0] != 0x10 {
		return
	}
	if s.position >= 3 {
		s.t.tell(Event{Moment: ByteReceived, Command: fmt.Sprintf("%02x %02x", s.head[2], s.head[3]), Byte: s.position})
	}
	s.position++
}

// give handles what the decoder of the serial line found. ACK and NAK go out before anything else is done (PA00P016, transport).
func (s *session) give(events []codec.Event) {
	for _, ev := range events {
		switch ev.Kind {
		case codec.GotACK:
			s.control = codec.ACK
		case codec.GotNAK:
			s.control = codec.NAK
		case codec.GotBad:
			if !errors.Is(ev.Err, codec.ErrRestart) {
				s.write([]byte{codec.NAK})
			}
		case codec.GotFrame:
			s.accept(ev)
		}
	}
}

// accept takes a whole message in.
func (s *session) accept(ev codec.Event) {
	s.t.tell(Event{Moment: Received, Command: name(ev.Message)})
	if !s.t.options.Stream {
		s.write([]byte{codec.ACK})
		// An ACK and the reply after it may come in one chunk: once our frame is acknowledged, an equal reply is a new one.
		if s.sending && s.control != codec.ACK && string(ev.APDU) == string(s.last) {
			return
		}
		s.last = ev.APDU
	}
	if len(s.inbox) < maxInbox {
		s.inbox = append(s.inbox, ev.Message)
	}
}

// write sends bytes; a failure shows as a lost wire.
func (s *session) write(b []byte) {
	if s.mute || s.broken {
		return
	}
	if _, err := s.wire.Write(b); err != nil {
		s.broken = true
	}
}

// name is how events call a message.
func name(m codec.APDU) string { return fmt.Sprintf("%02x %02x", m.Class, m.Instr) }
