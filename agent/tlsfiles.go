package agent

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/mqtt"
	"github.com/tillproof/tillproof/sync/wire"
)

// files are the TLS files of the till towards the broker.
func (p *PlatformConfig) files() mqtt.Files { return mqtt.Files{CA: p.CA, Cert: p.Cert, Key: p.Key} }

// The pace of renewing.
const (
	renewFirst = time.Minute // after the start
	renewEvery = time.Hour
	renewPart  = 3 // a certificate is renewed when less than this part of its life is left
)

// renewCertificate has the certificate for the broker renewed in time, until ctx ends. It is tried again for a third of the certificate's life; the new
// one counts from the next connection on.
func (t *till) renewCertificate(ctx context.Context) {
	if t.config.Platform.Cert == "" {
		return
	}
	timer := time.NewTimer(renewFirst)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if err := t.renewIfDue(ctx); err != nil && ctx.Err() == nil {
			t.opts.Log.Warn("the certificate for the broker was not renewed; it is tried again", "error", err)
		}
		timer.Reset(renewEvery)
	}
}

// renewIfDue asks the platform for a certificate when the present one has used two thirds of its life.
func (t *till) renewIfDue(ctx context.Context) error {
	files := t.config.Platform.files()
	pair, err := tls.LoadX509KeyPair(files.Cert, files.Key)
	if err != nil {
		return err
	}
	life := pair.Leaf.NotAfter.Sub(pair.Leaf.NotBefore)
	if time.Until(pair.Leaf.NotAfter) > life/renewPart {
		return nil
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return fmt.Errorf("%s is no ECDSA key: enrol this till to get one", files.Key)
	}
	csr, err := newCSR(key)
	if err != nil {
		return err
	}
	reply, err := t.uplink.caller.Ask(ctx, &wire.Call{ID: pos.NewUUID(time.Now()), Op: wire.OpKeys, CSR: csr})
	if err != nil {
		return err
	}
	if len(reply.Keys) > 0 {
		t.keys.receive(reply.Keys)
	}
	leaf, err := leafOf(reply.Certs, key, string(t.config.Till))
	if err != nil {
		return err
	}
	if !leaf.NotAfter.After(pair.Leaf.NotAfter) {
		return errors.New("the platform gave a certificate that ends no later")
	}
	if err := cose.WriteFile(files.Cert, reply.Certs); err != nil {
		return err
	}
	t.opts.Log.Info("the certificate for the broker was renewed", "ends_at", leaf.NotAfter)
	return nil
}

// newCSR makes a certificate request. It names nobody: the platform knows who asks by the signature around it.
func newCSR(key *ecdsa.PrivateKey) ([]byte, error) {
	return x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
}

// leafOf reads a till's certificate (PEM, the first of it) and checks that it is for the till's own key and name.
func leafOf(text []byte, key *ecdsa.PrivateKey, name string) (*x509.Certificate, error) {
	list, err := certificates(text)
	if err != nil {
		return nil, err
	}
	public, ok := list[0].PublicKey.(*ecdsa.PublicKey)
	if !ok || !key.PublicKey.Equal(public) {
		return nil, errors.New("the platform gave a certificate for another key")
	}
	if list[0].Subject.CommonName != name {
		return nil, fmt.Errorf("the platform gave a certificate for %q, not for %q", list[0].Subject.CommonName, name)
	}
	return list[0], nil
}
