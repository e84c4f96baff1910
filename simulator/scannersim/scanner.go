package scannersim

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"golang.org/x/text/encoding"
)

// What keeps a scanner from sending.
var (
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("the simulated scanner is switched off")
	// ErrUnplugged says that there is no wire at the moment.
	ErrUnplugged = errors.New("the simulated scanner is not plugged in")
)

// Scanner is a simulated scanner. Its methods may be called from any goroutine; what they send does not mix. One Run runs at a time.
type Scanner struct {
	options  Options
	encoding encoding.Encoding // nil for UTF-8

	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	sending sync.Mutex // held while a code goes out

	mu   sync.Mutex
	wire io.ReadWriteCloser // nil while unplugged
}

// New switches a scanner on. It fails for an encoding that it does not know.
func New(o Options) (*Scanner, error) {
	e, err := encodingOf(o.Encoding)
	if err != nil {
		return nil, err
	}
	s := &Scanner{options: o.withDefaults(), encoding: e}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// Scan reads a code: it sends the text as the scanner is set, and returns when all of it is on the line. A text that begins with 1D
// (FNC1) is GS1 data. It fails when the wire does, or for a character that the scanner's encoding has not.
func (s *Scanner) Scan(text string) error {
	b, err := s.encode(text)
	if err != nil {
		return err
	}
	return s.sendInChunks(b)
}

// Burst reads several codes at once: they go out in one piece.
func (s *Scanner) Burst(texts ...string) error {
	var all []byte
	for _, text := range texts {
		b, err := s.encode(text)
		if err != nil {
			return err
		}
		all = append(all, b...)
	}
	return s.Send(all)
}

// Junk sends n bytes that are no code and have no end.
func (s *Scanner) Junk(n int) error { return s.Send(bytes.Repeat([]byte{'#'}, n)) }

// Send puts bytes on the line at its pace.
func (s *Scanner) Send(b []byte) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	return s.send(b)
}

// sendInChunks sends a code in the pieces that the options want.
func (s *Scanner) sendInChunks(b []byte) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	size := (len(b) + s.options.Chunks - 1) / s.options.Chunks
	for len(b) > 0 {
		n := min(size, len(b))
		if err := s.send(b[:n]); err != nil {
			return err
		}
		if b = b[n:]; len(b) > 0 && !s.rest(s.options.Pause) {
			return ErrClosed
		}
	}
	return nil
}

// fifo is how many bytes a serial adapter hands on at a time.
const fifo = 16

// send paces bytes; the caller holds sending.
func (s *Scanner) send(b []byte) error {
	for len(b) > 0 {
		n := len(b)
		if s.options.Baud > 0 {
			n = min(n, fifo)
			if !s.rest(time.Duration(n) * 10 * time.Second / time.Duration(s.options.Baud)) {
				return ErrClosed
			}
		}
		wire := s.plugged()
		if wire == nil {
			return ErrUnplugged
		}
		if _, err := wire.Write(b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// rest waits, and says whether the scanner is still on then.
func (s *Scanner) rest(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-s.ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func (s *Scanner) plugged() io.ReadWriteCloser {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wire
}

// Run serves one wire after the other, as next plugs them in, until ctx ends, the scanner is closed or next fails. What the host
// sends is read and ignored, as a plain scanner does. It returns why it ended, never nil.
func (s *Scanner) Run(ctx context.Context, next func(context.Context) (io.ReadWriteCloser, error)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	defer context.AfterFunc(ctx, s.Unplug)()
	for {
		wire, err := next(ctx)
		if err != nil {
			return errors.Join(s.why(), err)
		}
		if s.serve(ctx, wire); !s.stays(ctx) {
			return errors.Join(s.why(), ctx.Err())
		}
	}
}

// why is ErrClosed after Close.
func (s *Scanner) why() error {
	if s.ctx.Err() != nil {
		return ErrClosed
	}
	return nil
}

// serve holds one wire until it is lost.
func (s *Scanner) serve(ctx context.Context, wire io.ReadWriteCloser) {
	s.mu.Lock()
	s.wire = wire
	s.mu.Unlock()
	if ctx.Err() != nil {
		s.Unplug()
	}
	_, _ = io.Copy(io.Discard, wire)
	s.Unplug()
}

// stays waits the time that an unplugged scanner is away, and says whether it comes back.
func (s *Scanner) stays(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(s.options.Replug):
		return true
	}
}

// Unplug takes the scanner off its wire. Run plugs it in again.
func (s *Scanner) Unplug() {
	s.mu.Lock()
	wire := s.wire
	s.wire = nil
	s.mu.Unlock()
	if wire != nil {
		_ = wire.Close()
	}
}

// Close switches the scanner off; Run ends then.
func (s *Scanner) Close() error {
	s.cancel()
	return nil
}
