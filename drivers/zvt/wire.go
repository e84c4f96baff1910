package zvt

import (
	"errors"
	"os"
	"time"

	"github.com/tillproof/tillproof/drivers"
)

// errQuiet says that nothing came until the deadline. The wire stays usable.
var errQuiet = errors.New("nothing came in time")

// writeLimit bounds one write: an APDU of usual length takes 0.3 s at 9600 baud. Longer means that the wire is stuck.
const writeLimit = 5 * time.Second

// wire reads a Conn byte by byte with a deadline for each. An error other than errQuiet sticks.
type wire struct {
	conn drivers.Conn
	buf  [512]byte
	rest []byte // read and not handed out
	err  error
}

// readByte waits for the next byte until the deadline.
func (w *wire) readByte(until time.Time) (byte, error) {
	for len(w.rest) == 0 {
		if err := w.fill(until); err != nil {
			return 0, err
		}
	}
	b := w.rest[0]
	w.rest = w.rest[1:]
	return b, nil
}

func (w *wire) fill(until time.Time) error {
	if w.err != nil {
		return w.err
	}
	if !time.Now().Before(until) {
		return errQuiet
	}
	if err := w.conn.SetReadDeadline(until); err != nil {
		return w.broken(err)
	}
	n, err := w.conn.Read(w.buf[:])
	w.rest = w.buf[:max(n, 0)]
	switch {
	case n > 0 || err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errQuiet
	}
	return w.broken(err)
}

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
