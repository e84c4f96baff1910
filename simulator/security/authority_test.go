package security_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/broker"
	"github.com/tillproof/tillproof/sync/broker/brokertest"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
	"github.com/tillproof/tillproof/sync/platform/pki"
	"github.com/tillproof/tillproof/sync/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// authority is a platform's, with the files that a broker needs.
type authority struct {
	*pki.PKI
	t      testing.TB
	dir    string
	signer *cose.Signer
	files  broker.TLS
}

func newSigner(t testing.TB) *cose.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := cose.NewSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	db, err := database.Open(t.Context(), databasetest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	a := &authority{t: t, dir: t.TempDir(), signer: newSigner(t)}
	if a.PKI, err = pki.Open(t.Context(), db, pki.Options{Dir: a.dir, Signer: a.signer}); err != nil {
		t.Fatal(err)
	}
	cert, key, err := a.Server(t.Context(), []string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.WriteCRL(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.files = broker.TLS{Cert: a.file("broker.pem", cert), Key: a.file("broker-key.pem", key), CA: a.AuthorityFile(), CRL: a.CRLFile()}
	return a
}

func (a *authority) file(name string, text []byte) string {
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		a.t.Fatal(err)
	}
	return path
}

// trusting is a client's configuration that knows the broker, with certificates or none.
func (a *authority) trusting(certs ...tls.Certificate) *tls.Config {
	text, err := os.ReadFile(a.AuthorityFile())
	if err != nil {
		a.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return &tls.Config{RootCAs: pool, Certificates: certs, MinVersion: tls.VersionTLS12}
}

// till enrols one and returns its way to the broker.
func (a *authority) till(name pos.TillID) *tls.Config {
	a.t.Helper()
	code, err := a.NewCode(a.t.Context(), "shop", name, time.Hour)
	if err != nil {
		a.t.Fatal(err)
	}
	key := newKey(a.t)
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "platform"}}, key)
	if err != nil {
		a.t.Fatal(err)
	}
	records := newSigner(a.t)
	proof, err := records.Detached(code.Proof(csr), cose.ForEnrol)
	if err != nil {
		a.t.Fatal(err)
	}
	answer, err := a.Enrol(context.WithoutCancel(a.t.Context()), &wire.EnrolRequest{Code: code.String(), CSR: hex.EncodeToString(csr),
		PublicKey: hex.EncodeToString(records.Public()), Signature: hex.EncodeToString(proof)})
	if err != nil {
		a.t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(answer.Cert))
	return a.trusting(tls.Certificate{Certificate: [][]byte{block.Bytes}, PrivateKey: key})
}

// platform is the platform's own way to the broker.
func (a *authority) platform() *tls.Config {
	a.t.Helper()
	cert, key, err := a.Platform(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.trusting(pair)
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// forge makes a certificate of any life under any name: signed by the authority's own stolen key, or by an authority of one's own that has the same name.
func (a *authority) forge(name string, ends time.Time, stolen bool) *tls.Config {
	a.t.Helper()
	text, err := os.ReadFile(a.AuthorityFile())
	if err != nil {
		a.t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	parent, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		a.t.Fatal(err)
	}
	signer := newKey(a.t)
	if stolen {
		if signer, err = pki.LoadOrCreateKey(filepath.Join(a.dir, "ca-key.pem")); err != nil {
			a.t.Fatal(err)
		}
	} else {
		parent = &x509.Certificate{Subject: parent.Subject, SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true, NotBefore: parent.NotBefore,
			NotAfter: parent.NotAfter, PublicKey: signer.Public()}
	}
	key := newKey(a.t)
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: ends.Add(-48 * time.Hour), NotAfter: ends,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.trusting(tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key})
}

// brokers runs a test against both brokers under mutual TLS; reload has the list of revoked certificates read again.
func brokers(t *testing.T, run func(t *testing.T, a *authority, addr string, reload func())) {
	t.Run("embedded", func(t *testing.T) {
		a := newAuthority(t)
		b, err := broker.ListenTLS("127.0.0.1:0", a.files, broker.OwnTopics)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		run(t, a, b.Addr(), func() {})
	})
	t.Run("mosquitto", func(t *testing.T) {
		a := newAuthority(t)
		rules := a.file("acl", []byte(broker.MosquittoACL()))
		addr, reload := brokertest.Reloading(t, "cafile "+a.files.CA, "certfile "+a.files.Cert, "keyfile "+a.files.Key, "crlfile "+a.files.CRL,
			"require_certificate true", "use_identity_as_username true", "use_username_as_clientid true", "acl_file "+rules)
		run(t, a, addr, reload)
	})
}
