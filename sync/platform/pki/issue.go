package pki

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/broker"
	"github.com/tillproof/tillproof/sync/platform/database"
)

// CertKind is what a certificate is for.
type CertKind string

// The kinds of certificates.
const (
	CertTill     CertKind = "till"     // a client; the common name is the till's id
	CertPlatform CertKind = "platform" // a client; the common name is that of the platform at the broker
	CertServer   CertKind = "server"   // a broker, or the platform's HTTP address
)

// Certificate is one that was issued. Times are milliseconds since 1970-01-01 UTC; RevokedAt is 0 while it counts.
type Certificate struct {
	Serial    string   `json:"serial"` // decimal
	Name      string   `json:"name"`
	Kind      CertKind `json:"kind"`
	BeginsAt  int64    `json:"-"`
	EndsAt    int64    `json:"-"`
	RevokedAt int64    `json:"-"`
	Reason    string   `json:"reason,omitempty"`
}

// checkCSR says whether a request proves that its sender holds the key in it. Names in it do not count.
func checkCSR(der []byte) (*ecdsa.PublicKey, error) {
	r, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, err
	}
	if err := r.CheckSignature(); err != nil {
		return nil, fmt.Errorf("certificate request: %w", err)
	}
	key, ok := r.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, errors.New("certificate request: not an ECDSA P-256 key")
	}
	return key, nil
}

// hashOf names a public key in the tables.
func hashOf(key crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	sum := sha256.Sum256(der)
	return sum[:], err
}

// sign makes a certificate.
func (a *authority) sign(kind CertKind, name string, hosts []string, key crypto.PublicKey) (*x509.Certificate, error) {
	now := time.Now()
	life, use := certLife, x509.ExtKeyUsageClientAuth
	if kind != CertTill {
		life = serverLife
	}
	if kind == CertServer {
		use = x509.ExtKeyUsageServerAuth
	}
	template := &x509.Certificate{SerialNumber: serial(), Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-slowClock), NotAfter: now.Add(life),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{use}}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key, a.key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// keep notes a certificate before anybody gets it: one that is not in the list could not be revoked.
func keep(ctx context.Context, tx *database.Tx, kind CertKind, c *x509.Certificate) error {
	hash, err := hashOf(c.PublicKey)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "INSERT INTO pki_certificates (serial, name, kind, begins_at, ends_at, revoked_at, reason, key_hash, der) VALUES (?,?,?,?,?,0,'',?,?)",
		c.SerialNumber.String(), c.Subject.CommonName, string(kind), c.NotBefore.UnixMilli(), c.NotAfter.UnixMilli(), hash, c.Raw)
	return err
}

// bundle is a certificate and the authority's behind it.
func (a *authority) bundle(der []byte) []byte {
	return append(certPEM(der), certPEM(a.cert.Raw)...)
}

// Server issues a certificate for a broker, or for the platform's own HTTP address, under names or addresses of it, and makes its key. Both come as PEM.
func (p *PKI) Server(ctx context.Context, hosts []string) (cert, key []byte, err error) {
	if len(hosts) == 0 {
		return nil, nil, errArgument(errors.New("no host is named"))
	}
	for _, host := range hosts {
		if !hostname(host) {
			return nil, nil, errArgument(fmt.Errorf("%q is no host name and no address", host))
		}
	}
	return p.issue(ctx, CertServer, hosts[0], hosts)
}

// Platform issues a certificate with which a platform goes to the broker, and makes its key. Both come as PEM.
func (p *PKI) Platform(ctx context.Context) (cert, key []byte, err error) {
	return p.issue(ctx, CertPlatform, broker.PlatformUser, nil)
}

func (p *PKI) issue(ctx context.Context, kind CertKind, name string, hosts []string) (cert, keyPEM []byte, err error) {
	a, err := p.authority(ctx)
	if err != nil {
		return nil, nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	c, err := a.sign(kind, name, hosts, key.Public())
	if err != nil {
		return nil, nil, err
	}
	if err := p.change(ctx, func(tx *database.Tx) error { return keep(ctx, tx, kind, c) }); err != nil {
		return nil, nil, err
	}
	keyPEM, err = keyText(key)
	return a.bundle(c.Raw), keyPEM, err
}

// hostname says whether a text can stand in a certificate as a host.
func hostname(s string) bool {
	if net.ParseIP(s) != nil {
		return true
	}
	return len(s) > 0 && len(s) <= 253 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") == "" &&
		!slices.Contains(strings.Split(s, "."), "")
}

// sameFor is how long a repeated request for a certificate is answered with the one that was issued for it.
const sameFor = time.Hour

// Renew issues a till's next certificate for a request whose sender was proven to be that till. A till that was given no certificate before gets none.
func (p *PKI) Renew(ctx context.Context, till pos.TillID, csr []byte) ([]byte, error) {
	key, err := checkCSR(csr)
	if err != nil {
		return nil, errRequest(err)
	}
	a, err := p.authority(ctx)
	if err != nil {
		return nil, err
	}
	hash, err := hashOf(key)
	if err != nil {
		return nil, err
	}
	var raw []byte
	err = p.change(ctx, func(tx *database.Tx) error {
		var last, revoked int64
		var lastHash []byte
		err := tx.Row(ctx, "SELECT begins_at, revoked_at, key_hash, der FROM pki_certificates WHERE name = ? AND kind = ? ORDER BY begins_at DESC LIMIT 1",
			string(till), string(CertTill)).Scan(&last, &revoked, &lastHash, &raw)
		switch {
		case errors.Is(err, database.ErrNoRows) || err == nil && revoked > 0:
			return errUnknown(fmt.Sprintf("certificate of till %s that counts", till))
		case err != nil:
			return err
		case bytes.Equal(hash, lastHash) && clock()-last < (slowClock+sameFor).Milliseconds():
			return nil
		}
		c, err := a.sign(CertTill, string(till), nil, key)
		if err != nil {
			return err
		}
		raw = c.Raw
		return keep(ctx, tx, CertTill, c)
	})
	if err != nil {
		return nil, err
	}
	return a.bundle(raw), nil
}

// Certificates lists what was issued, the newest last.
func (p *PKI) Certificates(ctx context.Context) ([]Certificate, error) {
	return database.All(ctx, p.db, func(row database.Scanner) (c Certificate, err error) {
		return c, row.Scan(&c.Serial, &c.Name, &c.Kind, &c.BeginsAt, &c.EndsAt, &c.RevokedAt, &c.Reason)
	}, "SELECT serial, name, kind, begins_at, ends_at, revoked_at, reason FROM pki_certificates ORDER BY begins_at, serial")
}
