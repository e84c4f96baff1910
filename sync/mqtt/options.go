package mqtt

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"
)

// The times that bound a connection.
const (
	writeTimeout   = 5 * time.Second  // a full socket ends the connection after this
	connectTimeout = 10 * time.Second // dialling, TLS and CONNACK together
	userTimeout    = 10 * time.Second // TCP_USER_TIMEOUT: unacknowledged bytes end the connection (Linux)
	keepAlive      = 30 * time.Second // PINGREQ when idle
	pingTimeout    = 5 * time.Second  // PINGRESP must come within
	quiesce        = 250              // milliseconds to say DISCONNECT
)

// Message is what a topic carries.
type Message struct {
	Topic   string
	Payload []byte
}

// Options say how to connect. They are read only, and may be used for many connections.
type Options struct {
	Broker   string // tcp://host:port or tls://host:port
	ClientID string // of [a-z0-9-]: brokers have taken other characters for wildcards
	User     string // user name for the broker's access rules; "" for none
	TLS      *tls.Config

	Subscribe []string // filters, QoS 1, asked for on every connection
	// Handler gets every message, in order, on paho's own goroutine: it must not block and must not publish. It may keep the
	// payload.
	Handler func(topic string, payload []byte)
	Will    *Message // published by the broker when the connection ends without a DISCONNECT

	// Again ends a pause between connections of [Keep] early; nil for never.
	Again <-chan struct{}
	// Scale stretches the pauses between connections of [Keep]; 0 means 1.
	Scale float64
	Log   *slog.Logger // nil for none
	// DialContext opens the wire; nil for TCP.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
}

// check refuses what could only fail later.
func (o *Options) check() (*url.URL, error) {
	u, err := url.Parse(o.Broker)
	if err != nil || u.Host == "" || u.Port() == "" || u.Scheme != "tcp" && u.Scheme != "tls" {
		return nil, fmt.Errorf("broker %q is not tcp://host:port or tls://host:port", o.Broker)
	}
	if o.ClientID == "" || strings.IndexFunc(o.ClientID, func(r rune) bool { return !idRune(r) }) >= 0 {
		return nil, fmt.Errorf("client id %q is not made of a-z, 0-9 and -", o.ClientID)
	}
	return u, nil
}

// CheckBroker says whether the text is an address that [Dial] accepts.
func CheckBroker(broker string) error {
	_, err := (&Options{Broker: broker, ClientID: "x"}).check()
	return err
}

func idRune(r rune) bool { return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' }

// logger is never nil.
func (o *Options) logger() *slog.Logger {
	if o.Log != nil {
		return o.Log
	}
	return slog.New(slog.DiscardHandler)
}
