package wire

import (
	"io"
	"sync"
	"time"
)

// Options are what a [Faulty] does besides its faults.
type Options struct {
	Faults []Fault

	// Split bounds the bytes that one Read returns or one Write passes on; 0 leaves chunks as they are.
	Split int

	// Glue holds written bytes for that long, so that what is written meanwhile goes out as one chunk; 0 holds nothing. An error of
	// the wire then shows at a later Write.
	Glue time.Duration

	// Observe is told every chunk before it passes, with the offset of its first byte, as it is before any fault. It runs on the
	// goroutine that reads or writes; the chunk must not be kept. May be nil.
	Observe func(direction Direction, offset int64, chunk []byte)
}

// Faulty is a wire that damages the bytes that pass it. One goroutine may read and one may write; Add and Close may be called
// from any, also from a fault's Hook.
type Faulty struct {
	io.Closer
	wire    io.ReadWriteCloser
	options Options
	in, out path
	glue    glue
	arrived []byte // received bytes that no fault has looked at yet
	unread  []byte // what the faults left, and Read has not returned yet
}

// New wraps the wire.
func New(wire io.ReadWriteCloser, options Options) *Faulty {
	f := &Faulty{wire: wire, options: options}
	f.Closer = wire
	f.in.close, f.out.close = wire.Close, wire.Close
	f.glue.send = wire.Write
	f.glue.window = options.Glue
	for _, fault := range options.Faults {
		f.Add(fault)
	}
	return f
}

// Add sets one more fault. An offset that has passed already strikes at the next byte.
func (f *Faulty) Add(fault Fault) {
	if fault.Direction == In {
		f.in.add(fault)
		return
	}
	f.out.add(fault)
}

// Offset is the number of bytes that have come to the wrapper in a direction.
func (f *Faulty) Offset(direction Direction) int64 {
	if direction == In {
		return f.in.passed()
	}
	return f.out.passed()
}

// Read returns what the faults leave of the received bytes, never bytes from both sides of a fault. It reads on while they leave
// nothing.
func (f *Faulty) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	for len(f.unread) == 0 {
		if err := f.receive(); err != nil {
			return 0, err
		}
	}
	n := copy(b[:f.chunk(len(b))], f.unread)
	f.unread = f.unread[n:]
	return n, nil
}

// receive takes what the wire brought up to the next fault, after reading more when there is nothing left.
func (f *Faulty) receive() error {
	if len(f.arrived) == 0 {
		buf := make([]byte, 4096)
		n, err := f.wire.Read(buf)
		if n == 0 {
			return err
		}
		f.observe(In, f.in.passed(), buf[:n])
		f.arrived = buf[:n]
	}
	n, err := f.in.step(f.arrived, f.keep)
	f.arrived = f.arrived[n:]
	return err
}

// keep adds damaged bytes to what Read returns.
func (f *Faulty) keep(b []byte) error {
	f.unread = append(f.unread, b...)
	return nil
}

// Write passes on what the faults leave of b. It reports all of b as written unless the wire itself fails: a device does not notice
// that bytes are lost on the line.
func (f *Faulty) Write(b []byte) (int, error) {
	f.observe(Out, f.out.passed(), b)
	for rest := b; len(rest) > 0; {
		n, err := f.out.step(rest, f.pass)
		if err != nil {
			return len(b) - len(rest), err
		}
		rest = rest[n:]
	}
	return len(b), nil
}

// pass sends damaged bytes, in chunks.
func (f *Faulty) pass(b []byte) error {
	for len(b) > 0 {
		n := f.chunk(len(b))
		if err := f.glue.write(b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

func (f *Faulty) observe(direction Direction, offset int64, chunk []byte) {
	if f.options.Observe != nil && len(chunk) > 0 {
		f.options.Observe(direction, offset, chunk)
	}
}

// chunk bounds a length by Split.
func (f *Faulty) chunk(n int) int {
	if f.options.Split > 0 {
		return min(n, f.options.Split)
	}
	return n
}

// glue collects writes.
type glue struct {
	mu     sync.Mutex
	window time.Duration
	held   []byte
	err    error
	send   func([]byte) (int, error)
}

func (g *glue) write(b []byte) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.window == 0 {
		_, err := g.send(b)
		return err
	}
	if len(g.held) == 0 && len(b) > 0 {
		time.AfterFunc(g.window, g.flush)
	}
	g.held = append(g.held, b...)
	return g.err
}

func (g *glue) flush() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, err := g.send(g.held); err != nil && g.err == nil {
		g.err = err
	}
	g.held = nil
}
