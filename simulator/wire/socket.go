//go:build linux || darwin

package wire

import (
	"context"
	"io"
	"os"
)

// Socket is an [Outlet] on pseudo-terminals: each plugging makes a new one, as a USB adapter may come back under a new number,
// and a symbolic link points to it, as /dev/serial/by-id does.
type Socket struct{ link string }

var _ Outlet = (*Socket)(nil)

// NewSocket names the link. The link's folder must exist.
func NewSocket(link string) (*Socket, error) {
	if err := os.Remove(link); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	return &Socket{link}, nil
}

// Address is the path of the link. There is nothing at it while the device is unplugged.
func (s *Socket) Address() string { return s.link }

// Stream never holds.
func (s *Socket) Stream() bool { return false }

// Next plugs the device in: a new pseudo-terminal behind the link.
func (s *Socket) Next(context.Context) (io.ReadWriteCloser, error) {
	p, err := OpenPTY()
	if err != nil {
		return nil, err
	}
	if err := p.link(s.link); err != nil {
		_ = p.Close()
		return nil, err
	}
	return p, nil
}

// Close removes the link.
func (s *Socket) Close() error {
	if err := os.Remove(s.link); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}
