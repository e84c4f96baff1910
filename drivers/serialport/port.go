package serialport

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"go.bug.st/serial"
)

// The faults that stick until the port is opened anew.
var (
	// ErrUnplugged says that the other end is gone: cable pulled, device off, or adapter removed.
	ErrUnplugged = errors.New("the serial device is gone")
	// ErrStuck says that the line did not take the bytes of a Write before its deadline. Some of them may have gone out, and more may
	// still go out later.
	ErrStuck = errors.New("the serial line takes no more bytes")
	// ErrParity says that a byte arrived damaged on a line of 7 data bits with parity (the system delivers such a byte as 00).
	ErrParity = errors.New("a byte arrived damaged on the serial line")
)

const (
	readTick   = 150 * time.Millisecond // how long the library waits in one read; the reader looks around in between
	closeLimit = 500 * time.Millisecond // how long Close waits for a running call of the library
)

// Port is a serial line as a [drivers.Conn]. One goroutine may read and one may write at a time; deadlines and Close may be set
// and called from any goroutine.
type Port struct {
	raw    serial.Port // touched by the reader and the writer goroutine only
	device string      // the real path
	parity bool        // 7 data bits with parity: a received 00 is a parity error
	lock   lockFile

	state    state
	counters counters
	jobs     chan *job     // from Write to the writer
	down     chan struct{} // closed when the port has failed or is closed
	workers  atomic.Int32  // reader and writer that have not ended
	ended    chan struct{} // closed when both have, and the descriptor is closed
	closing  sync.Once
}

var (
	_ drivers.Conn   = (*Port)(nil)
	_ drivers.Peeker = (*Port)(nil)
)

// start hands the library's port to the two goroutines that own it from here.
func start(raw serial.Port, device string, line drivers.Line, lock lockFile) *Port {
	p := &Port{raw: raw, device: device, parity: line.DataBits == 7 && line.Parity != drivers.NoParity, lock: lock,
		jobs: make(chan *job), down: make(chan struct{}), ended: make(chan struct{})}
	p.state.changed = make(chan struct{})
	p.workers.Store(2)
	go p.work(p.readAll)
	go p.work(p.writeAll)
	return p
}

// work runs one of the two goroutines. The later one to end closes the descriptor: then no call of the library can be running.
func (p *Port) work(run func() error) {
	p.fail(guarded(run))
	if p.workers.Add(-1) == 0 {
		_ = p.raw.Close()
		close(p.ended)
	}
}

// fail makes an error stick, wakes every waiting call and ends both goroutines. The first error wins.
func (p *Port) fail(err error) {
	if p.state.fail(err) {
		close(p.down)
	}
}

// Read takes received bytes, at least one, as many as are there. It returns an error that is os.ErrDeadlineExceeded when the read
// deadline passes first; the port stays usable then. Every other error sticks. Bytes that came before a fault are delivered first.
func (p *Port) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	return p.state.take(b)
}

// Waiting says whether a Read would return at once: with bytes, or with the fault that ended the port.
func (p *Port) Waiting() bool { return p.state.waiting() }

// Close frees blocked calls, waits up to half a second for a running write and gives the port's lock back. If the write does not
// return, the descriptor stays open until it does: a closed number could be given to another file, and the bytes would land there.
// No byte reaches the line through this Port after Close began, but those that a running write already held. Close again is nil.
func (p *Port) Close() error {
	p.closing.Do(func() {
		p.fail(os.ErrClosed)
		select {
		case <-p.ended:
		case <-time.After(closeLimit):
			p.counters.leaked()
		}
		p.lock.release()
	})
	return nil
}

// SetReadDeadline limits the reads to come and the one that waits; the zero time lifts the limit.
func (p *Port) SetReadDeadline(t time.Time) error { return p.state.setDeadline(&p.state.readBy, t) }

// SetWriteDeadline limits the writes to come and the one that runs; the zero time lifts the limit. A write that runs when it passes
// makes the port fail with [ErrStuck].
func (p *Port) SetWriteDeadline(t time.Time) error { return p.state.setDeadline(&p.state.writeBy, t) }

// Device is the real path of the device, symbolic links resolved.
func (p *Port) Device() string { return p.device }
