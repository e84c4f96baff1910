package broker

import (
	"log/slog"
	"net"
	"sync"

	mochi "github.com/mochi-mqtt/server/v2"
)

// maxPacket bounds one MQTT packet, in bytes: a batch of one commit of the largest records, and its topic.
const maxPacket = 3 << 20

// Broker is a running broker. It owns its goroutines; Close ends them.
type Broker struct {
	server *mochi.Server
	addr   net.Addr
	end    sync.Once
}

// Listen starts a broker on a TCP address, port 0 for any. It serves until Close. An address that is taken is an error.
func Listen(addr string, acl ACL) (*Broker, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	b, err := Serve(listener, acl)
	if err != nil {
		listener.Close()
	}
	return b, err
}

// Serve starts a broker on a listener, which belongs to the broker then.
func Serve(listener net.Listener, acl ACL) (*Broker, error) { return serve(listener, acl, nil) }

// serve starts a broker; with a gate, clients are known by their certificates.
func serve(listener net.Listener, acl ACL, g *gate) (*Broker, error) {
	capabilities := mochi.NewDefaultServerCapabilities()
	capabilities.MaximumPacketSize = maxPacket
	server := mochi.New(&mochi.Options{Capabilities: capabilities, Logger: slog.New(slog.DiscardHandler)})
	door := newDoor(listener, g)
	if err := server.AddHook(&rules{acl: acl, certified: g != nil, door: door}, nil); err != nil {
		return nil, err
	}
	if err := server.AddListener(door); err != nil {
		return nil, err
	}
	if err := server.Serve(); err != nil {
		return nil, err
	}
	return &Broker{server: server, addr: listener.Addr()}, nil
}

// Addr is the address in use, as in "127.0.0.1:1883".
func (b *Broker) Addr() string { return b.addr.String() }

// Close ends all connections and stops listening. What was under way is lost; the tills send it again. A second
// call does nothing.
func (b *Broker) Close() (err error) {
	b.end.Do(func() { err = b.server.Close() })
	return err
}
