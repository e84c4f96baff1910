package broker

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"
)

// TLS names the PEM files of a broker that knows its clients by their certificates. They are read again when they change: a certificate that was renewed
// counts for the next connection, one that was revoked is cut off within [CRLEvery].
type TLS struct {
	Cert string // of the broker, with what stands between it and the authority
	Key  string // of the broker
	CA   string // of the authority whose certificates let clients in
	CRL  string // the authority's list of revoked certificates; "" for none
	Log  *slog.Logger
}

// CRLEvery is how often a broker looks whether a connection's certificate was revoked or has ended.
const CRLEvery = time.Second

// ListenTLS starts a broker that speaks mutual TLS only. A client is who its certificate's common name says, and its client id and user name must agree. A
// file that cannot be used is an error now; later, the one before goes on counting.
func ListenTLS(addr string, files TLS, acl ACL) (*Broker, error) {
	if files.Log == nil {
		files.Log = slog.New(slog.DiscardHandler)
	}
	g := &gate{files: files}
	if err := g.read(); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	b, err := serve(tls.NewListener(listener, g.config()), acl, g)
	if err != nil {
		listener.Close()
	}
	return b, err
}

// gate decides who may come in, and who may stay.
type gate struct {
	files TLS

	mu      sync.Mutex // guards what follows
	seen    string     // sizes and times of the files that were read
	current *tls.Config
	revoked map[string]bool // serial numbers, decimal
}

// config is for the listener: each handshake gets the one that the files make now.
func (g *gate) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		g.renew()
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.current, nil
	}}
}

// renew reads the files again when they have changed.
func (g *gate) renew() {
	if err := g.read(); err != nil {
		g.files.Log.Error("the broker's TLS files cannot be used; those read before go on counting", "error", err)
	}
}

// read takes the files over when they have changed since they were read. Files that cannot be used are looked at again each time.
func (g *gate) read() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	state, err := stamps(g.files.Cert, g.files.Key, g.files.CA, g.files.CRL)
	if err != nil || state == g.seen {
		return err
	}
	pair, err := tls.LoadX509KeyPair(g.files.Cert, g.files.Key)
	if err != nil {
		return err
	}
	authorities, err := readCertificates(g.files.CA)
	if err != nil {
		return err
	}
	revoked, err := readCRL(g.files.CRL, authorities)
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	for _, a := range authorities {
		pool.AddCert(a)
	}
	g.seen, g.revoked = state, revoked
	g.current = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool,
		VerifyConnection: g.admit}
	return nil
}

// admit is asked for resumed connections too.
func (g *gate) admit(s tls.ConnectionState) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.judge(s.PeerCertificates)
}

// judge says why a client may not be here. The caller holds mu.
func (g *gate) judge(chain []*x509.Certificate) error {
	switch {
	case len(chain) == 0:
		return errors.New("no certificate")
	case g.revoked[chain[0].SerialNumber.String()]:
		return fmt.Errorf("the certificate of %q was revoked", chain[0].Subject.CommonName)
	case time.Now().After(chain[0].NotAfter):
		return fmt.Errorf("the certificate of %q has ended", chain[0].Subject.CommonName)
	}
	return nil
}

// unwelcome says whether a connection that was let in may not stay.
func (g *gate) unwelcome(conn net.Conn) bool {
	secure, ok := conn.(*tls.Conn)
	if !ok {
		return false
	}
	state := secure.ConnectionState()
	if !state.HandshakeComplete {
		return false
	}
	err := g.admit(state)
	if err != nil {
		g.files.Log.Warn("a connection to the broker is cut off", "client", nameOf(conn), "error", err)
	}
	return err != nil
}

// nameOf is the common name of a connection's verified certificate, "" without one.
func nameOf(conn net.Conn) string {
	secure, ok := conn.(*tls.Conn)
	if !ok || len(secure.ConnectionState().PeerCertificates) == 0 {
		return ""
	}
	return secure.ConnectionState().PeerCertificates[0].Subject.CommonName
}

// stamps tells whether files have changed.
func stamps(paths ...string) (text string, err error) {
	for _, path := range paths {
		if path == "" {
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return "", err
		}
		text += fmt.Sprintf("%s %d %d;", path, info.Size(), info.ModTime().UnixNano())
	}
	return text, nil
}

func readCertificates(path string) (list []*x509.Certificate, err error) {
	rest, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		list = append(list, c)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: no certificate", path)
	}
	return list, nil
}

// readCRL reads the serial numbers of a list that one of the authorities has signed. One that is older than its next update still counts: better an old
// list than none.
func readCRL(path string, authorities []*x509.Certificate) (map[string]bool, error) {
	revoked := map[string]bool{}
	if path == "" {
		return revoked, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s: no PEM block", path)
	}
	list, err := x509.ParseRevocationList(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	vouched := errors.New("no authority has signed it")
	for _, a := range authorities {
		if err := list.CheckSignatureFrom(a); err == nil {
			vouched = nil
		}
	}
	if vouched != nil {
		return nil, fmt.Errorf("%s: %w", path, vouched)
	}
	for _, c := range list.RevokedCertificateEntries {
		revoked[c.SerialNumber.String()] = true
	}
	return revoked, nil
}
