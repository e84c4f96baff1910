package live

import (
	"context"
	"io"
	"net"
	"testing"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/simulator/wire"
)

// link is one wire between a till and a device.
type link struct {
	till   drivers.Conn
	faulty *wire.Faulty  // the device's end
	served chan struct{} // closed when the device has noticed the end
	end    context.CancelFunc
}

// plug connects a device by a new wire.
func (b Bench) plug(t *testing.T, device Device, options wire.Options) *link {
	t.Helper()
	till, far, err := b.connect()
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	l := &link{till: till, faulty: wire.New(far, options), served: make(chan struct{}), end: end}
	go func() {
		defer close(l.served)
		_ = device.Serve(ctx, l.faulty) // why it ended is the wire's business
	}()
	return l
}

// connect makes both ends.
func (b Bench) connect() (till drivers.Conn, device io.ReadWriteCloser, err error) {
	if !b.Stream {
		return connectSerial(b.Driver.Line)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer listener.Close()
	near, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		return nil, nil, err
	}
	far, err := listener.Accept()
	if err != nil {
		near.Close()
		return nil, nil, err
	}
	return near, far, nil
}

// unplug ends the wire and waits until the device has noticed.
func (l *link) unplug() {
	_ = l.till.Close()
	_ = l.faulty.Close()
	l.end()
	<-l.served
}
