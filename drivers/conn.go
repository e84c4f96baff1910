package drivers

import (
	"io"
	"time"
)

// Conn is a wire to a device. Every net.Conn is one, so a terminal on TCP needs nothing more; serialport makes one of a serial line.
//
// A Read that meets its deadline returns an error for which errors.Is(err, os.ErrDeadlineExceeded) holds, and the Conn stays usable. Any
// other error sticks until the wire is opened anew. Close frees blocked calls. One goroutine reads and writes at a time.
type Conn interface {
	io.ReadWriteCloser
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
}

// Peeker is a [Conn] that tells at once whether a Read would. One that is none has to be read with a deadline to find that out, and the shortest wait of a
// machine at rest is a millisecond.
type Peeker interface {
	// Waiting says whether bytes, or an error, are there for the next Read.
	Waiting() bool
}

// Waiting says whether bytes may be there for the next Read: true of a wire that cannot tell.
func Waiting(conn Conn) bool {
	p, tells := conn.(Peeker)
	return !tells || p.Waiting()
}
