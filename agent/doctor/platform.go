package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"time"

	"github.com/tillproof/tillproof/sync/mqtt"
)

// The times of the talk with the broker.
const (
	reachTime  = 5 * time.Second
	refuseTime = 500 * time.Millisecond // in which a broker refuses a certificate (TLS 1.3 does it after the handshake)
	renewDays  = 25                     // a running till renews in the last third of 90 days
)

// certificate reads the TLS files and says how long they are good.
func certificate(_ context.Context, t *till) []Finding {
	p := t.config.Platform
	if p.Broker == "" || p.Cert == "" && p.CA == "" {
		return nil
	}
	const enrol = "Enrol the till anew: tillproof enrol --code CODE --platform https://HOST:PORT"
	if p.CA != "" {
		if text, err := os.ReadFile(p.CA); err != nil || !x509.NewCertPool().AppendCertsFromPEM(text) {
			return bad(p.CA+" holds no certificate of an authority: no broker can be believed", enrol)
		}
	}
	if p.Cert == "" {
		return fine("the authority can be read; the till shows no certificate of its own")
	}
	pair, err := tls.LoadX509KeyPair(p.Cert, p.Key)
	if err != nil {
		return bad("certificate and key cannot be used: "+err.Error(), enrol)
	}
	days := int(pair.Leaf.NotAfter.Sub(t.now).Hours() / 24)
	text := fmt.Sprintf("%s is good for %d more days", p.Cert, days)
	switch {
	case t.now.After(pair.Leaf.NotAfter):
		return bad(fmt.Sprintf("%s has ended on %s: nothing is delivered; sales go on", p.Cert, pair.Leaf.NotAfter.Format(time.DateOnly)), enrol)
	case t.now.Before(pair.Leaf.NotBefore):
		return bad(p.Cert+" is not good yet, by this machine's clock", "Set the clock.")
	case days < renewDays:
		return warn(text+" and was not renewed", "Let the till run with its network: it renews by itself once an hour.")
	}
	return fine(text)
}

// platform says whether the broker can be reached. A till that is connected is believed. Else the line is tried up to the end of TLS: a second client with the
// till's name would throw the first one out.
func platform(ctx context.Context, t *till) []Finding {
	p := t.config.Platform
	if p.Broker == "" {
		return fine("none is configured: the till keeps its records")
	}
	if t.status != nil && t.status.Mode == "online" {
		return fine("the running till is connected to " + p.Broker)
	}
	const next = "Check the network, the name and a firewall; the till goes on selling and delivers later."
	broker, err := url.Parse(p.Broker)
	if err != nil {
		return bad(p.Broker+" is no address", "Mend platform.broker.")
	}
	ctx, stop := context.WithTimeout(ctx, reachTime)
	defer stop()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", broker.Host)
	if err != nil {
		return missing(fmt.Sprintf("the broker %s cannot be reached: %v", p.Broker, err), next)
	}
	defer conn.Close()
	if broker.Scheme != "tls" {
		return fine("the broker " + p.Broker + " takes connections")
	}
	if err := t.secure(ctx, conn, broker.Hostname()); err != nil {
		return bad(fmt.Sprintf("the broker %s and the till do not believe each other: %v", p.Broker, err),
			"Compare platform.ca with the broker's authority; a till that was revoked enrols anew; a clock that is wrong makes certificates end.")
	}
	return fine("the broker " + p.Broker + " can be reached and takes the till's certificate")
}

// secure makes TLS on a connection and waits a moment for a refusal.
func (t *till) secure(ctx context.Context, conn net.Conn, host string) error {
	p := t.config.Platform
	config, err := mqtt.NewSecrets(mqtt.Files{CA: p.CA, Cert: p.Cert, Key: p.Key}, nil).Config()
	if err != nil {
		return err
	}
	config.ServerName = host
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		return err
	}
	if err := secured.SetReadDeadline(time.Now().Add(refuseTime)); err != nil {
		return err
	}
	if _, err := secured.Read(make([]byte, 1)); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return nil
}
