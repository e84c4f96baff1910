package pki

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform/database"
)

// The files of the authority.
const (
	caKeyFile  = "ca-key.pem" // PKCS #8, mode 0600
	caCertFile = "ca.pem"
)

// The lives of certificates. They begin an hour early, for clocks that are slow.
const (
	caLife     = 20 * 365 * 24 * time.Hour
	certLife   = 90 * 24 * time.Hour  // of tills
	serverLife = 365 * 24 * time.Hour // of brokers and platforms, which people renew
	slowClock  = time.Hour
)

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// authority reads or makes the files when they are first needed. All replicas of a platform share one authority: a folder with another one is refused,
// since its certificates would let nobody in.
func (p *PKI) authority(ctx context.Context) (*authority, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ca != nil {
		return p.ca, nil
	}
	a, err := p.findAuthority(ctx)
	if err != nil {
		return nil, errAuthority(p.opts.Dir, err)
	}
	p.ca = a
	return a, nil
}

// founded says whether there is an authority yet.
func (p *PKI) founded(ctx context.Context) (bool, error) {
	var n int64
	err := p.db.Row(ctx, "SELECT count(*) FROM pki_state WHERE name = 'authority'").Scan(&n)
	return n > 0, err
}

// findAuthority looks into the database before it makes files: who comes second uses the first one's.
func (p *PKI) findAuthority(ctx context.Context) (a *authority, err error) {
	err = p.db.Transact(ctx, func(tx *database.Tx) error {
		if err := tx.Lock(ctx, "pki"); err != nil {
			return err
		}
		var known []byte
		err := tx.Row(ctx, "SELECT value FROM pki_state WHERE name = 'authority'").Scan(&known)
		if err != nil && !errors.Is(err, database.ErrNoRows) {
			return err
		}
		if a, err = loadAuthority(p.opts.Dir); errors.Is(err, fs.ErrNotExist) && known == nil {
			a, err = makeAuthority(p.opts.Dir)
		}
		switch {
		case err != nil:
			return err
		case known == nil:
			_, err = tx.Exec(ctx, "INSERT INTO pki_state (name, n, value) VALUES ('authority', 0, ?)", a.cert.Raw)
			return err
		case !bytes.Equal(known, a.cert.Raw):
			return errors.New("the database knows another authority: copy ca.pem and ca-key.pem from the platform that made it")
		}
		return nil
	})
	return a, err
}

// makeAuthority writes the key first: a certificate without its key would be of no use.
func makeAuthority(dir string) (*authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	keyPath := filepath.Join(dir, caKeyFile)
	key, err := LoadOrCreateKey(keyPath)
	if err != nil {
		return nil, err
	}
	id := make([]byte, 4)
	_, _ = rand.Read(id) // it never fails
	now := time.Now()
	template := &x509.Certificate{SerialNumber: serial(), Subject: pkix.Name{CommonName: "Tillproof authority " + hex.EncodeToString(id)},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(caLife), IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	if err := writePublic(filepath.Join(dir, caCertFile), certPEM(der)); err != nil {
		return nil, err
	}
	return loadAuthority(dir)
}

func loadAuthority(dir string) (*authority, error) {
	text, err := os.ReadFile(filepath.Join(dir, caCertFile))
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s: no PEM block", caCertFile)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, err := loadKey(filepath.Join(dir, caKeyFile))
	if err != nil {
		return nil, fmt.Errorf("the authority's key: %w", err)
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, fmt.Errorf("%s is not the key of %s", caKeyFile, caCertFile)
	}
	return &authority{cert, key}, nil
}

// LoadOrCreateKey reads an ECDSA P-256 key from a PKCS #8 PEM file, or makes one there (mode 0600).
func LoadOrCreateKey(path string) (*ecdsa.PrivateKey, error) {
	key, err := loadKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	text, err := keyText(key)
	if err != nil {
		return nil, err
	}
	return key, cose.WriteFile(path, text)
}

// keyText is a private key as PKCS #8 PEM.
func keyText(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

func loadKey(path string) (*ecdsa.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s: no PEM block", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, fmt.Errorf("%s: not an ECDSA P-256 key", path)
	}
	return key, nil
}

// serial is a random number of 127 bits.
func serial() *big.Int {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // it never fails
	b[0] &= 0x7f
	return new(big.Int).SetBytes(b)
}

func certPEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// writePublic writes what anybody may read, so that a crash leaves the old content or the new one.
func writePublic(path string, content []byte) error {
	if err := cose.WriteFile(path, content); err != nil {
		return err
	}
	return os.Chmod(path, 0o644)
}
