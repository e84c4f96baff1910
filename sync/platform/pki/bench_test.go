package pki_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/pki"
	"github.com/tillproof/tillproof/sync/wire"
)

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

// bench is a platform's trust in a new database.
type bench struct {
	*pki.PKI
	t       testing.TB
	db      *database.DB
	dir     string
	signer  *cose.Signer
	mu      sync.Mutex
	learned map[pos.TillID][]cose.PublicKey
}

func newBench(t testing.TB, address string) *bench {
	t.Helper()
	db, err := database.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	b := &bench{t: t, db: db, dir: filepath.Join(t.TempDir(), "keys"), signer: newSigner(t), learned: map[pos.TillID][]cose.PublicKey{}}
	b.PKI = b.open(b.dir, nil)
	return b
}

func (b *bench) open(dir string, root cose.PublicKey) *pki.PKI {
	b.t.Helper()
	p, err := pki.Open(b.t.Context(), b.db, pki.Options{Dir: dir, Signer: b.signer, Root: root, Broker: "tls://broker.example:8883",
		Register: func(_ context.Context, till pos.TillID, _ pos.MerchantID, public cose.PublicKey) error {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.learned[till] = append(b.learned[till], public)
			return nil
		}})
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

func (b *bench) code(till pos.TillID, life time.Duration) string {
	b.t.Helper()
	code, err := b.NewCode(b.t.Context(), "shop", till, life)
	if err != nil {
		b.t.Fatal(err)
	}
	return code.String()
}

// asker is a till that wants to be enrolled.
type asker struct {
	t      testing.TB
	signer *cose.Signer
	key    *ecdsa.PrivateKey
}

func newAsker(t testing.TB) *asker {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &asker{t, newSigner(t), key}
}

func (a *asker) csr() []byte {
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "platform"}, DNSNames: []string{"broker.example"}}, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return csr
}

func (a *asker) request(text string) *wire.EnrolRequest {
	a.t.Helper()
	code, err := wire.ParseEnrolCode(text)
	if err != nil {
		a.t.Fatal(err)
	}
	csr := a.csr()
	proof, err := a.signer.Detached(code.Proof(csr), cose.ForEnrol)
	if err != nil {
		a.t.Fatal(err)
	}
	return &wire.EnrolRequest{Code: text, CSR: hex.EncodeToString(csr), PublicKey: hex.EncodeToString(a.signer.Public()), Signature: hex.EncodeToString(proof)}
}

func leaf(t testing.TB, text string) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		t.Fatal("no PEM")
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func isCode(err error, code pos.ErrorCode) bool {
	var e *pos.Error
	return errors.As(err, &e) && e.Code == code
}
