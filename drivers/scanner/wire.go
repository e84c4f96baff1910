package scanner

import (
	"errors"
	"os"
	"time"

	"github.com/tillproof/tillproof/drivers"
)

// errQuiet says that nothing came until the deadline. The wire stays usable.
var errQuiet = errors.New("nothing came in time")

// wire reads a Conn byte by byte with a deadline for each. An error other than errQuiet sticks.
type wire struct {
	conn  drivers.Conn
	buf   [512]byte
	rest  []byte    // read and not handed out
	heard time.Time // of the last read that brought bytes
	err   error
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
	if w.err = w.conn.SetReadDeadline(until); w.err != nil {
		return w.err
	}
	n, err := w.conn.Read(w.buf[:])
	if n > 0 {
		w.rest, w.heard = w.buf[:n], time.Now()
	}
	switch {
	case n > 0 || err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errQuiet
	}
	w.err = err
	return err
}
