package network

import (
	"errors"
	"io"
	"net"
)

// link is one connection through the proxy.
type link struct {
	near, far net.Conn
	halves    int // directions that have ended in order; guarded by the proxy's mutex
}

// reset breaks both ends.
func (l *link) reset() {
	reset(l.near)
	reset(l.far)
}

// finish ends one direction as its sender did: an orderly end is handed on as one, and anything else breaks the connection.
func (p *Proxy) finish(l *link, to net.Conn, err error) {
	half, ok := to.(*net.TCPConn)
	if !ok || !errors.Is(err, io.EOF) || half.CloseWrite() != nil {
		p.drop(l)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if l.halves++; l.halves == 2 {
		_ = l.near.Close()
		_ = l.far.Close()
		delete(p.links, l)
	}
}
