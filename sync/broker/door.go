package broker

import (
	"log/slog"
	"net"
	"sync"

	"github.com/mochi-mqtt/server/v2/listeners"
)

// door accepts connections for the broker. It takes the place of the library's own listener, whose end does not wait for connections that
// were accepted a moment before.
type door struct {
	listener net.Listener
	guests   sync.WaitGroup // connections that are being served

	mu     sync.Mutex // guards what follows
	closed bool
	conns  map[net.Conn]bool
}

func newDoor(l net.Listener) *door { return &door{listener: l, conns: map[net.Conn]bool{}} }

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
	d.closed = true
	for conn := range d.conns {
		conn.Close()
	}
	d.mu.Unlock()
	d.guests.Wait()
}
