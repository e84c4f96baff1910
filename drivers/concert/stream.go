package concert

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/concert/codec"
	"github.com/tillproof/tillproof/drivers/stx"
)

// Times on a stream.
const (
	quietTime = 200 * time.Millisecond // behind a whole answer: the message has ended
	stallTime = 5 * time.Second        // within a tag or an answer: the rest does not come
	slowTime  = 30 * time.Second       // beyond the deadline, for an answer that comes piece by piece
	writeTime = 5 * time.Second
	glance    = 100 * time.Millisecond // longest wait without a look at ctx
)

// mostStale bounds the messages that nobody asked for.
const mostStale = 8

// What ends a stream.
var (
	errCut   = errors.New("the terminal's message breaks off")
	errFlood = errors.New("the terminal sends without being asked")
)

// streamLink is the link over TCP (V3): bare tags, nothing to acknowledge or repeat.
type streamLink struct {
	conn     drivers.Conn
	reader   *drivers.Reader
	splitter codec.Splitter
	read     reader
	late     func(*answer) // takes what came when nothing was asked
	first    []byte        // the first bytes of all
	broken   error
}

func newStreamLink(conn drivers.Conn, read reader, late func(*answer)) *streamLink {
	return &streamLink{conn: conn, reader: drivers.NewReader(conn), read: read, late: late}
}

// request looks whether the terminal has hung up, takes what it said meanwhile, and writes the message once.
func (s *streamLink) request(ctx context.Context, payload []byte) error {
	if err := s.settle(ctx); err != nil {
		return &stx.SendError{Reach: stx.NotSent, Err: err}
	}
	err := s.conn.SetWriteDeadline(time.Now().Add(writeTime))
	if err != nil {
		return &stx.SendError{Reach: stx.NotSent, Err: err}
	}
	n, err := s.conn.Write(payload)
	switch {
	case err == nil && n < len(payload):
		err = os.ErrDeadlineExceeded
	case err == nil:
		return nil
	}
	if n == 0 {
		return &stx.SendError{Reach: stx.NotSent, Err: err}
	}
	return &stx.SendError{Reach: stx.Maybe, Err: err}
}

// settle takes what came when nothing was asked.
func (s *streamLink) settle(ctx context.Context) error {
	for range mostStale {
		a, err := s.answer(ctx, time.Now().Add(time.Millisecond))
		if errors.Is(err, drivers.ErrQuiet) {
			return nil
		}
		if err != nil {
			return err
		}
		s.late(a)
	}
	return s.fail(errFlood)
}

// answer collects tags until another message begins, or nothing follows a whole tag for a while, or the terminal hangs up.
func (s *streamLink) answer(ctx context.Context, until time.Time) (*answer, error) {
	for {
		if s.broken != nil {
			return nil, s.broken
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b, err := s.reader.Next(s.patience(until))
		switch {
		case err == nil:
			if message, failed := s.feed(b); message != nil || failed != nil {
				return s.understand(message), failed
			}
		case s.splitter.Whole() && (!errors.Is(err, drivers.ErrQuiet) || s.ended()): // what breaks behind a whole message breaks the next one
			return s.understand(s.splitter.Take()), nil
		case !errors.Is(err, drivers.ErrQuiet):
			return nil, s.fail(err)
		case s.splitter.Partial() && time.Since(s.reader.Heard()) >= stallTime:
			return nil, s.fail(errCut)
		case !time.Now().Before(until) && !s.splitter.Whole() && !s.splitter.Partial():
			return nil, drivers.ErrQuiet
		case time.Since(until) > slowTime:
			return nil, s.fail(errCut)
		}
	}
}

// patience is until when to wait for the next byte. What has begun may end beyond the deadline.
func (s *streamLink) patience(until time.Time) time.Time {
	wait := time.Now().Add(glance)
	switch quiet := s.reader.Heard().Add(quietTime); {
	case s.splitter.Whole() && time.Now().Before(quiet):
		return quiet
	case until.Before(wait) && !s.splitter.Partial() && !s.splitter.Whole():
		return until
	}
	return wait
}

// ended says whether nothing has followed a whole tag for long enough: longer where the message lacks what an answer tells, since the network
// may have cut it behind a tag.
func (s *streamLink) ended() bool {
	still := time.Since(s.reader.Heard())
	return still >= stallTime || still >= quietTime && s.read(s.splitter.Message()).whole()
}

func (s *streamLink) feed(b byte) ([]byte, error) {
	if len(s.first) < cap(s.first) || s.first == nil {
		s.note(b)
	}
	message, err := s.splitter.Feed(b)
	if err != nil {
		return nil, s.fail(err)
	}
	return message, nil
}

// begin is how much of a stream's first bytes is kept to tell what speaks there. No card number fits in it.
const begin = 8

func (s *streamLink) note(b byte) {
	if s.first == nil {
		s.first = make([]byte, 0, begin)
	}
	s.first = append(s.first, b)
}

func (s *streamLink) understand(message []byte) *answer {
	if message == nil {
		return nil
	}
	if !codec.Legible(message) {
		clear(message)
		return &answer{strange: errors.New("the answer has characters that are none of the protocol's")}
	}
	a := s.read(message)
	clear(message)
	return a
}

// fail ends the stream: there is no way to find the next message.
func (s *streamLink) fail(err error) error {
	s.splitter.Wipe()
	s.broken = err
	return err
}

// accept implements link: a stream has no acknowledgement.
func (s *streamLink) accept() error { return nil }

// drop implements link.
func (s *streamLink) drop() {}

// finish implements link.
func (s *streamLink) finish(context.Context) {}

// probe can only see whether the terminal has hung up.
func (s *streamLink) probe(ctx context.Context, _ time.Duration) (readiness, error) {
	return ready, s.settle(ctx)
}

// garbled implements link: a stream has no parity.
func (s *streamLink) garbled() bool { return false }

// heard implements link.
func (s *streamLink) heard() string {
	family := drivers.Guess(s.first)
	if !errors.Is(s.broken, codec.ErrStream) || family == drivers.GuessConcert {
		return ""
	}
	return family
}
