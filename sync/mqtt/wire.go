package mqtt

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
	"net/url"
)

// readBuffer saves system calls: paho reads packets a few bytes at a time.
const readBuffer = 64 << 10

// bufferedConn is a connection with buffered reads.
type bufferedConn struct {
	net.Conn
	in *bufio.Reader
}

// Read implements net.Conn.
func (c *bufferedConn) Read(b []byte) (int, error) { return c.in.Read(b) }

// open dials the broker. The context bounds dialling and the TLS handshake.
func (o *Options) open(ctx context.Context, broker *url.URL) (net.Conn, error) {
	dial := o.DialContext
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	conn, err := dial(ctx, "tcp", broker.Host)
	if err != nil {
		return nil, err
	}
	if t, ok := conn.(*net.TCPConn); ok {
		if err := tune(t); err != nil {
			conn.Close()
			return nil, err
		}
	}
	if broker.Scheme == "tls" {
		if conn, err = o.handshake(ctx, conn, broker.Hostname()); err != nil {
			return nil, err
		}
	}
	return &bufferedConn{Conn: conn, in: bufio.NewReaderSize(conn, readBuffer)}, nil
}

func (o *Options) handshake(ctx context.Context, conn net.Conn, host string) (net.Conn, error) {
	config, err := o.tls()
	if err != nil {
		conn.Close()
		return nil, err
	}
	if config.ServerName == "" {
		config.ServerName = host
	}
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return secure, nil
}

// tls is the configuration of one connection.
func (o *Options) tls() (*tls.Config, error) {
	switch {
	case o.Secure != nil:
		return o.Secure()
	case o.TLS != nil:
		return o.TLS.Clone(), nil
	}
	return &tls.Config{MinVersion: tls.VersionTLS12}, nil
}
