package broker

import (
	"context"
	"crypto/tls"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/mochi-mqtt/server/v2/listeners"
)

// door accepts connections for the broker. It takes the place of the library's own listener, whose end does not wait for connections that
// were accepted a moment before.
type door struct {
	listener net.Listener
	gate     *gate          // nil without certificates
	guests   sync.WaitGroup // connections that are being served

	mu     sync.Mutex // guards what follows
	closed bool
	shut   chan struct{} // closed with closed
	conns  map[net.Conn]bool
}

func newDoor(l net.Listener, g *gate) *door {
	return &door{listener: l, gate: g, conns: map[net.Conn]bool{}, shut: make(chan struct{})}
}

// Init implements listeners.Listener.
func (d *door) Init(*slog.Logger) error { return nil }

// ID implements listeners.Listener.
func (d *door) ID() string { return "tcp" }

// Address implements listeners.Listener.
func (d *door) Address() string { return d.listener.Addr().String() }

// Protocol implements listeners.Listener.
func (d *door) Protocol() string { return d.listener.Addr().Network() }

// Serve implements listeners.Listener: it accepts until Close.
func (d *door) Serve(establish listeners.EstablishFn) {
	if d.gate != nil && d.watch() {
		go d.patrol()
	}
	for {
		conn, err := d.listener.Accept()
		if err != nil {
			return
		}
		if !d.enter(conn) {
			conn.Close()
			return
		}
		go func() {
			defer d.leave(conn)
			if !greet(conn) {
				return
			}
			_ = establish(d.ID(), conn) // how a connection ended is of interest to its client only
		}()
	}
}

// enter counts a connection; false when the door is closed already.
func (d *door) enter(conn net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return false
	}
	d.conns[conn] = true
	d.guests.Add(1)
	return true
}

// greet ends the TLS handshake within a bound, so that a guest who says nothing holds no place.
func greet(conn net.Conn) bool {
	secure, ok := conn.(*tls.Conn)
	if !ok {
		return true
	}
	ctx, cancel := context.WithTimeout(context.Background(), greetWithin)
	defer cancel()
	return secure.HandshakeContext(ctx) == nil
}

// greetWithin bounds a TLS handshake.
const greetWithin = 10 * time.Second

// watch counts the one who patrols; false when the door is closed already.
func (d *door) watch() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.guests.Add(1)
	}
	return !d.closed
}

// patrol shows out whose certificate was revoked or has ended, until the door is closed.
func (d *door) patrol() {
	defer d.guests.Done()
	tick := time.NewTicker(CRLEvery)
	defer tick.Stop()
	for {
		select {
		case <-d.shut:
			return
		case <-tick.C:
		}
		d.gate.renew()
		for _, conn := range d.present() {
			if d.gate.unwelcome(conn) {
				conn.Close()
			}
		}
	}
}

// present lists the connections of this moment.
func (d *door) present() []net.Conn {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Collect(maps.Keys(d.conns))
}

func (d *door) leave(conn net.Conn) {
	conn.Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.conns, conn)
	d.guests.Done()
}

// Close implements listeners.Listener: nobody comes in any more, everybody is told to go, and then shown out.
func (d *door) Close(dismiss listeners.CloseFn) {
	d.listener.Close()
	dismiss(d.ID())
	d.mu.Lock()
	if !d.closed {
		d.closed = true
		close(d.shut)
	}
	for conn := range d.conns {
		conn.Close()
	}
	d.mu.Unlock()
	d.guests.Wait()
}
