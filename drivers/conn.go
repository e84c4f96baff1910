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
