package drivers

import (
	"errors"
	"os"
	"time"
)

// ErrQuiet says that nothing came until the deadline. The wire stays usable.
var ErrQuiet = errors.New("nothing came in time")

// Reader reads a Conn byte by byte with a deadline for each. An error other than [ErrQuiet] sticks until the wire is opened anew. One goroutine uses
// it at a time.
type Reader struct {
	conn  Conn
	buf   [512]byte
	rest  []byte    // read and not handed out
	heard time.Time // of the last read that brought bytes
	err   error
}

// NewReader reads from a wire. It reads ahead, so nobody else may read from it.
func NewReader(conn Conn) *Reader { return &Reader{conn: conn} }

// Heard is when bytes came last, the zero time before any did.
func (r *Reader) Heard() time.Time { return r.heard }

// Waiting says whether Next may have something to tell without a wait: true of a wire that cannot tell.
func (r *Reader) Waiting() bool { return len(r.rest) > 0 || r.err != nil || Waiting(r.conn) }

// Next waits for the next byte until the deadline.
func (r *Reader) Next(until time.Time) (byte, error) {
	for len(r.rest) == 0 {
		if err := r.fill(until); err != nil {
			return 0, err
		}
	}
	b := r.rest[0]
	r.rest[0] = 0 // card data may pass, and must not stay
	r.rest = r.rest[1:]
	return b, nil
}

func (r *Reader) fill(until time.Time) error {
	if r.err != nil {
		return r.err
	}
	if !time.Now().Before(until) {
		return ErrQuiet
	}
	if r.err = r.conn.SetReadDeadline(until); r.err != nil {
		return r.err
	}
	n, err := r.conn.Read(r.buf[:])
	if n > 0 {
		r.rest, r.heard = r.buf[:n], time.Now()
	}
	switch {
	case n > 0 || err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ErrQuiet
	}
	r.err = err
	return err
}
