package wire

import (
	"context"
	"io"
)

// Outlet is the place where a till finds a simulated device. The device serves one wire at a time.
type Outlet interface {
	// Address is what the till's configuration names: the path of a serial device, or host:port when Stream holds.
	Address() string
	// Stream says whether the wire is a TCP stream, not a serial line.
	Stream() bool
	// Next plugs the device in and returns its end of the wire. Closing that end is unplugging; then Next may be called again.
	// It waits for the till on TCP, until ctx ends, and does not wait on a pseudo-terminal.
	Next(ctx context.Context) (io.ReadWriteCloser, error)
	// Close removes the place. A wire that Next returned is closed by its holder.
	Close() error
}
