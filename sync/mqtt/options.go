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
	keepAlive      = 7 * time.Second  // PINGREQ when nothing came or went for so long: with pingTimeout a dead line is found within 15 s
	pingTimeout    = 5 * time.Second  // PINGRESP must come within
	quiesce        = 250              // milliseconds to say DISCONNECT
)

// Message is what a topic carries.
type Message struct {
	Topic    string
	Payload  []byte
	Retained bool // the broker keeps it for whoever subscribes later; of a [Options.Will] only
}

// Options say how to connect. They are read only, and may be used for many connections.
type Options struct {
	Broker   string // tcp://host:port or tls://host:port
	ClientID string // of [a-z0-9-]: brokers have taken other characters for wildcards
	User     string // user name for the broker's access rules; "" for none
	TLS      *tls.Config
	// Secure makes the TLS configuration of each connection anew, in the place of TLS; nil for TLS.
	Secure func() (*tls.Config, error)

	Subscribe []string // filters, QoS 1, asked for on every connection
	// Handler gets every message, in order, on paho's own goroutine: it must not block and must not publish. It may keep the
	// payload.
	Handler func(topic string, payload []byte)
	// Will makes what the broker publishes when the connection ends without a DISCONNECT. It is asked once for each connection; nil for none.
	Will func() Message

	// Again ends a pause between connections of [Keep] early; nil for never.
	Again <-chan struct{}
	// Spread is the limit of the first pause of [Keep] behind a connection that had lived for ten seconds or longer, for those of whom there are
	// thousands: a broker that restarts must not get them all back in the same second. 0 makes no difference.
	Spread time.Duration
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

// CheckBroker says whether the text is an address for a configuration: one that [Dial] accepts, and plain TCP on this machine only. Records and customers'
// codes are signed, not sealed: beyond this machine anybody on the wire could read them.
func CheckBroker(broker string) error {
	u, err := (&Options{Broker: broker, ClientID: "x"}).check()
	if err != nil {
		return err
	}
	if u.Scheme == "tcp" && !Loopback(u.Hostname()) {
		return fmt.Errorf("broker %q is plain TCP beyond this machine; use tls://host:port", broker)
	}
	return nil
}

// Loopback says whether a host's name or address is this machine alone.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func idRune(r rune) bool { return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' }

// logger is never nil.
func (o *Options) logger() *slog.Logger {
	if o.Log != nil {
		return o.Log
	}
	return slog.New(slog.DiscardHandler)
}
