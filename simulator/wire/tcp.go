package wire

import (
	"context"
	"io"
	"net"
	"time"
)

// Listener is an [Outlet] on TCP.
type Listener struct{ listener net.Listener }

var _ Outlet = (*Listener)(nil)

// Listen opens a TCP port for a device, such as 127.0.0.1:20007; port 0 takes a free one.
func Listen(address string) (*Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	return &Listener{l}, nil
}

// Address is the host and port.
func (l *Listener) Address() string { return l.listener.Addr().String() }

// Stream holds always.
func (l *Listener) Stream() bool { return true }

// Next waits for the next connection.
func (l *Listener) Next(ctx context.Context) (io.ReadWriteCloser, error) {
	_ = l.listener.(*net.TCPListener).SetDeadline(time.Time{})
	stop := context.AfterFunc(ctx, func() { _ = l.listener.(*net.TCPListener).SetDeadline(time.Now()) })
	defer stop()
	conn, err := l.listener.Accept()
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return conn, err
}

// Close closes the port; connections stay.
func (l *Listener) Close() error { return l.listener.Close() }
