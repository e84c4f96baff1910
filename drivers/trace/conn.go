package trace

import (
	"github.com/tillproof/tillproof/drivers"
)

// wire is a wire whose bytes a tap may record.
type wire struct {
	drivers.Conn
	tap *Tap
}

// Wrap gives a wire that was just opened to the tap. stream says that it is a network connection, so that its first byte begins a frame.
func (t *Tap) Wrap(conn drivers.Conn, stream bool) drivers.Conn {
	if t == nil {
		return conn
	}
	if r := t.running(); r != nil {
		r.opened(stream)
	}
	return &wire{conn, t}
}

// Read implements [drivers.Conn].
func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if w.tap.on.Load() != nil && n > 0 {
		if r := w.tap.running(); r != nil {
			r.add(drivers.FromDevice, p[:n])
		}
	}
	return n, err
}

// Write implements [drivers.Conn]. What did not leave is not recorded.
func (w *wire) Write(p []byte) (int, error) {
	n, err := w.Conn.Write(p)
	if w.tap.on.Load() != nil && n > 0 {
		if r := w.tap.running(); r != nil {
			r.add(drivers.FromECR, p[:n])
		}
	}
	return n, err
}

// Waiting implements [drivers.Peeker].
func (w *wire) Waiting() bool { return drivers.Waiting(w.Conn) }

// Close implements [drivers.Conn].
func (w *wire) Close() error {
	if r := w.tap.running(); r != nil {
		r.closed()
	}
	return w.Conn.Close()
}
