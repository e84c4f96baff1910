package zvt

import (
	"errors"
	"time"

	"github.com/tillproof/tillproof/drivers"
)

// writeLimit bounds one write: what a till sends is at most a hundred bytes, 0.1 s at 9600 baud. Longer means that the wire is stuck, and that is told
// within 2 s.
const writeLimit = 1500 * time.Millisecond

// wire reads a Conn byte by byte with a deadline for each. An error other than drivers.ErrQuiet sticks, for writing too.
type wire struct {
	conn   drivers.Conn
	reader *drivers.Reader
	err    error
}

func newWire(conn drivers.Conn) wire { return wire{conn: conn, reader: drivers.NewReader(conn)} }

// readByte waits for the next byte until the deadline.
func (w *wire) readByte(until time.Time) (byte, error) {
	if w.err != nil {
		return 0, w.err
	}
	b, err := w.reader.Next(until)
	if err != nil && !errors.Is(err, drivers.ErrQuiet) {
		w.err = err
	}
	return b, err
}

// waiting says whether readByte may have something to tell without a wait.
func (w *wire) waiting() bool { return w.err != nil || w.reader.Waiting() }

// write sends all of b or tells how much certainly went out. Zero bytes with an error means that the device cannot have
// seen anything.
func (w *wire) write(b []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	if err := w.conn.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return 0, w.broken(err)
	}
	n, err := w.conn.Write(b)
	if err != nil {
		return n, w.broken(err)
	}
	return n, nil
}

func (w *wire) broken(err error) error {
	w.err = err
	return err
}
