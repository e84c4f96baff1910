package network

import (
	"net"
	"sync"
	"time"
)

// Direction is a way through the proxy.
type Direction int

// The directions: Up from who connects to the target, Down back.
const (
	Up Direction = iota
	Down
)

// dialLimit bounds the connection to the target.
const dialLimit = 5 * time.Second

// Proxy forwards TCP connections to a target. Its methods may be called from any goroutine, all but Close from a hook of After too.
type Proxy struct {
	listener net.Listener
	target   string
	workers  sync.WaitGroup

	mu     sync.Mutex
	cut    bool
	cuts   int // how often the network was cut
	closed bool
	links  map[*link]bool
	ways   [2]way
}

// New starts a proxy that listens on the address listen (port 0 takes a free one) and forwards to target. Close ends it.
func New(listen, target string) (*Proxy, error) {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, err
	}
	p := &Proxy{listener: l, target: target, links: map[*link]bool{}}
	for i := range p.ways {
		p.ways[i].free = make(chan struct{})
		close(p.ways[i].free)
	}
	p.workers.Go(p.accept)
	return p, nil
}

// Addr is the address to connect to. It stays the same over cuts.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Cut breaks the network: existing connections are reset and new ones are reset at once, until Restore. Bytes that were on their
// way are lost.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = true
	p.cuts++
	p.resetAll()
}

// Restore mends the network for new connections.
func (p *Proxy) Restore() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = false
}

// Close ends the proxy: no connection and no goroutine of it is left afterwards.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.closed = true
	p.resetAll()
	p.mu.Unlock()
	p.Release(Up)
	p.Release(Down)
	err := p.listener.Close()
	p.workers.Wait()
	return err
}

// resetAll resets every connection. The mutex is held.
func (p *Proxy) resetAll() {
	for l := range p.links {
		l.reset()
	}
	clear(p.links)
}

// reset closes a connection so that the other end sees an error, as when a network breaks, and not an orderly end.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// accept takes connections until the listener is closed.
func (p *Proxy) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.workers.Go(func() { p.serve(c) })
	}
}

// serve connects one connection through.
func (p *Proxy) serve(near net.Conn) {
	born := p.generation()
	far, err := net.DialTimeout("tcp", p.target, dialLimit)
	if err != nil {
		reset(near)
		return
	}
	l := &link{near: near, far: far}
	if !p.keep(l, born) {
		l.reset()
		return
	}
	p.workers.Go(func() { p.forward(Up, l, near, far) })
	p.workers.Go(func() { p.forward(Down, l, far, near) })
}

func (p *Proxy) generation() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cuts
}

// keep notes a connection, unless the network is closed, or cut now or since the connection was born.
func (p *Proxy) keep(l *link, born int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut || p.closed || p.cuts != born {
		return false
	}
	p.links[l] = true
	return true
}

// drop resets a connection and forgets it.
func (p *Proxy) drop(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.links, l)
	l.reset()
}
