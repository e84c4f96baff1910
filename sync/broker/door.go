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
	conns  map[net.Conn]*guest
	names  map[string]*guest // who uses a client id
}

// guest is a connection that is being served.
type guest struct {
	conn net.Conn
	name string        // its client id, "" before it has said one
	gone chan struct{} // closed when nothing of it is left
}

func newDoor(l net.Listener, g *gate) *door {
	return &door{listener: l, gate: g, conns: map[net.Conn]*guest{}, names: map[string]*guest{}, shut: make(chan struct{})}
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
	d.conns[conn] = &guest{conn: conn, gone: make(chan struct{})}
	d.guests.Add(1)
	return true
}

// claimWithin bounds how long a client waits until nothing is left of the connection that used its id before.
const claimWithin = 5 * time.Second

// claim gives a client id to a connection when nothing is left of the one that had it before, which is shown out. The library ends a former connection
// beside the new one, and its end can take away the new one's subscriptions: the client would be connected and hear nothing.
func (d *door) claim(name string, conn net.Conn) bool {
	d.mu.Lock()
	g, before := d.conns[conn], d.names[name]
	if g != nil {
		g.name, d.names[name] = name, g
	}
	d.mu.Unlock()
	if g == nil || before == nil || before == g {
		return g != nil
	}
	before.conn.Close()
	patience := time.NewTimer(claimWithin)
	defer patience.Stop()
	select {
	case <-before.gone:
		return true
	case <-patience.C:
		return false
	}
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
	if g := d.conns[conn]; g != nil {
		if d.names[g.name] == g {
			delete(d.names, g.name)
		}
		close(g.gone)
	}
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
