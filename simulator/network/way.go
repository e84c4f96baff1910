package network

import (
	"net"
	"sort"
)

// way is one direction of all connections together.
type way struct {
	free   chan struct{} // closed while bytes may pass
	held   bool
	passed int64
	hooks  []hook // by at
}

type hook struct {
	at  int64
	run func()
}

// Hold lets the bytes of a direction pile up until Release; those that come first wait in the proxy, then the senders' own buffers
// fill. The connections stay.
func (p *Proxy) Hold(d Direction) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w := &p.ways[d]; !w.held && !p.closed {
		w.held, w.free = true, make(chan struct{})
	}
}

// Release lets the bytes of a direction pass again, those that piled up first.
func (p *Proxy) Release(d Direction) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w := &p.ways[d]; w.held {
		w.held = false
		close(w.free)
	}
}

// Passed is the number of bytes that went out in a direction, over all connections.
func (p *Proxy) Passed(d Direction) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ways[d].passed
}

// After runs a hook once n bytes more have passed in a direction, over all connections: those bytes have been given to the
// system to send, and no further byte of their connection has. It runs on the goroutine that forwards; with n below 1 it runs
// before the next byte.
func (p *Proxy) After(d Direction, n int64, run func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := &p.ways[d]
	w.hooks = append(w.hooks, hook{w.passed + max(n, 0), run})
	sort.SliceStable(w.hooks, func(i, j int) bool { return w.hooks[i].at < w.hooks[j].at })
}

// forward copies one direction of one connection.
func (p *Proxy) forward(d Direction, l *link, from, to net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if !p.pass(d, to, buf[:n]) {
			p.drop(l)
			return
		}
		if err != nil {
			p.finish(l, to, err)
			return
		}
	}
}

// pass sends b, holding and telling hooks on the way.
func (p *Proxy) pass(d Direction, to net.Conn, b []byte) bool {
	for len(b) > 0 {
		<-p.gate(d)
		n, run := p.next(d, len(b))
		if run != nil {
			run()
			continue
		}
		if _, err := to.Write(b[:n]); err != nil {
			return false
		}
		p.count(d, n)
		b = b[n:]
	}
	p.runDue(d)
	return true
}

// gate is closed while bytes of the direction may pass.
func (p *Proxy) gate(d Direction) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ways[d].free
}

// next says how many of n bytes may pass before a hook is due, or gives the hook that is due now.
func (p *Proxy) next(d Direction, n int) (int, func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := &p.ways[d]
	if len(w.hooks) == 0 {
		return n, nil
	}
	room := w.hooks[0].at - w.passed
	if room > 0 {
		return int(min(int64(n), room)), nil
	}
	run := w.hooks[0].run
	w.hooks = w.hooks[1:]
	return 0, run
}

func (p *Proxy) count(d Direction, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ways[d].passed += int64(n)
}

// runDue runs the hooks that became due with the last byte of a chunk, without waiting for another one.
func (p *Proxy) runDue(d Direction) {
	for p.Passed(d) > 0 {
		n, run := p.next(d, 1)
		if n > 0 {
			return
		}
		run()
	}
}
