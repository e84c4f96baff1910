package drivertest

import (
	"io"
	"os"
	"sync"
	"time"
)

// Wire makes a cable in memory. Unlike net.Pipe it buffers, as a serial line and TCP do: a write never waits for the
// other side to read. Close of one end lets the other read what is under way and then io.EOF; writes to it fail with
// io.ErrClosedPipe.
func Wire() (till, device *End) {
	there, back := newLane(), newLane()
	return &End{in: back, out: there}, &End{in: there, out: back}
}

// End is one end of a Wire, a drivers.Conn. A deadline counts for the reads that begin after it was set.
type End struct {
	in, out  *lane
	mu       sync.Mutex
	deadline time.Time
}

// Read waits for bytes until the deadline.
func (e *End) Read(b []byte) (int, error) {
	e.mu.Lock()
	deadline := e.deadline
	e.mu.Unlock()
	return e.in.take(b, deadline)
}

// Waiting implements [drivers.Peeker], as a serial line does; that a wire cannot tell is what tests over net.Pipe and TCP see.
func (e *End) Waiting() bool { return e.in.waiting() }

// Write always writes all of b, or nothing when the wire is closed.
func (e *End) Write(b []byte) (int, error) { return e.out.put(b) }

// Close breaks the wire in both directions.
func (e *End) Close() error {
	e.in.close()
	e.out.close()
	return nil
}

// SetReadDeadline sets the end of the reads to come; the zero time means none.
func (e *End) SetReadDeadline(t time.Time) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.deadline = t
	return nil
}

// SetWriteDeadline changes nothing: writes do not wait.
func (e *End) SetWriteDeadline(time.Time) error { return nil }

// lane is one direction of a wire.
type lane struct {
	mu      sync.Mutex
	bytes   []byte
	closed  bool
	changed chan struct{} // closed and replaced at every change
}

func newLane() *lane { return &lane{changed: make(chan struct{})} }

func (l *lane) put(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return 0, io.ErrClosedPipe
	}
	l.bytes = append(l.bytes, b...)
	l.signal()
	return len(b), nil
}

func (l *lane) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.signal()
}

// signal wakes the reader; the caller holds the lock.
func (l *lane) signal() {
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *lane) take(b []byte, deadline time.Time) (int, error) {
	for {
		n, changed, err := l.try(b)
		if n > 0 || err != nil {
			return n, err
		}
		if !waitFor(changed, deadline) {
			return 0, os.ErrDeadlineExceeded
		}
	}
}

func (l *lane) waiting() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.bytes) > 0 || l.closed
}

func (l *lane) try(b []byte) (int, <-chan struct{}, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := copy(b, l.bytes)
	l.bytes = l.bytes[n:]
	if n == 0 && l.closed {
		return 0, nil, io.EOF
	}
	return n, l.changed, nil
}

// waitFor says whether the change came before the deadline.
func waitFor(changed <-chan struct{}, deadline time.Time) bool {
	if deadline.IsZero() {
		<-changed
		return true
	}
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case <-changed:
		return true
	case <-timer.C:
		return false
	}
}
