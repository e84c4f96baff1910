package mqtt

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// ErrClosed says that the connection has ended. Whether what was published last has arrived is unknown; send it again.
var ErrClosed = errors.New("the connection to the broker has ended")

// Conn is one connection to a broker, from CONNECT to its end; it is never reused. It is safe for concurrent use.
type Conn struct {
	client paho.Client
	done   chan struct{} // closed when the wire is
	end    sync.Once

	mu     sync.Mutex
	wire   net.Conn // nil until it was dialled
	closed bool
}

// Dial connects and subscribes. The context bounds this only, not the connection's life. On an error nothing is left open.
func Dial(ctx context.Context, o Options) (*Conn, error) {
	broker, err := o.check()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	c := &Conn{done: make(chan struct{})}
	c.client = paho.NewClient(o.paho(ctx, c, broker))
	if err := wait(ctx, c.client.Connect()); err != nil {
		c.Close()
		return nil, fmt.Errorf("connect to %s: %w", o.Broker, err)
	}
	if err := c.subscribe(ctx, o.Subscribe); err != nil {
		c.Close()
		return nil, fmt.Errorf("subscribe at %s: %w", o.Broker, err)
	}
	return c, nil
}

// paho translates the options. The message store is paho's own in memory: it dies with the client, so it never sends anything
// again.
func (o *Options) paho(ctx context.Context, c *Conn, broker *url.URL) *paho.ClientOptions {
	p := paho.NewClientOptions().AddBroker(broker.String()).SetClientID(o.ClientID).SetUsername(o.User).
		SetProtocolVersion(4).SetCleanSession(true).SetAutoReconnect(false).SetConnectRetry(false).SetOrderMatters(true).
		SetWriteTimeout(writeTimeout).SetConnectTimeout(connectTimeout).SetKeepAlive(keepAlive).SetPingTimeout(pingTimeout)
	p.SetCustomOpenConnectionFn(func(*url.URL, paho.ClientOptions) (net.Conn, error) {
		conn, err := o.open(ctx, broker)
		if err != nil {
			return nil, err
		}
		return c.own(conn)
	})
	p.SetDefaultPublishHandler(func(_ paho.Client, m paho.Message) {
		if o.Handler != nil {
			o.Handler(m.Topic(), m.Payload())
		}
	})
	if o.Will != nil {
		will := o.Will()
		p.SetBinaryWill(will.Topic, will.Payload, 1, will.Retained)
	}
	return p
}

// own keeps the wire so that Close can always end it, and so that its end is seen whoever closes it.
func (c *Conn) own(wire net.Conn) (net.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		wire.Close()
		return nil, ErrClosed
	}
	c.wire = wire
	return &watchedConn{Conn: wire, ended: func() { c.end.Do(func() { close(c.done) }) }}, nil
}

// watchedConn tells when it is closed.
type watchedConn struct {
	net.Conn
	ended func()
}

// Close implements net.Conn.
func (w *watchedConn) Close() error {
	defer w.ended()
	return w.Conn.Close()
}

// subscribe asks for every filter and fails when the broker grants one of them not.
func (c *Conn) subscribe(ctx context.Context, filters []string) error {
	if len(filters) == 0 {
		return nil
	}
	wanted := map[string]byte{}
	for _, f := range filters {
		wanted[f] = 1
	}
	token := c.client.SubscribeMultiple(wanted, nil)
	if err := wait(ctx, token); err != nil {
		return err
	}
	for filter, granted := range token.(*paho.SubscribeToken).Result() {
		if granted > 2 {
			return fmt.Errorf("the broker refuses %q", filter)
		}
	}
	return nil
}

// Publish hands a message to the connection at QoS 1. A nil error means no more than that: not that it was sent, let alone stored.
// It blocks while the socket is full, at most five seconds.
func (c *Conn) Publish(_ context.Context, topic string, payload []byte) error {
	return c.publish(topic, payload, false)
}

// PublishRetained is [Conn.Publish] of a message that the broker keeps for whoever subscribes later, in place of the one before.
func (c *Conn) PublishRetained(_ context.Context, topic string, payload []byte) error {
	return c.publish(topic, payload, true)
}

func (c *Conn) publish(topic string, payload []byte, retained bool) error {
	select {
	case <-c.done:
		return ErrClosed
	default:
	}
	token := c.client.Publish(topic, 1, retained, payload)
	select {
	case <-token.Done():
		return token.Error()
	default:
		return nil
	}
}

// Done is closed when the connection has ended, for whatever reason.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Close says DISCONNECT, waits a quarter of a second at most, and closes the wire. The last will is not published.
func (c *Conn) Close() {
	c.client.Disconnect(quiesce)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.wire != nil {
		c.wire.Close()
	}
	c.end.Do(func() { close(c.done) })
}

// wait returns when paho is done or the context is.
func wait(ctx context.Context, token paho.Token) error {
	select {
	case <-token.Done():
		return token.Error()
	case <-ctx.Done():
		return ctx.Err()
	}
}
