package cose

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// KeyID names a public key: the first 8 bytes of its SHA-256. It stands in every signature as the COSE kid.
type KeyID [8]byte

// String is the id in lower-case hex.
func (k KeyID) String() string { return hex.EncodeToString(k[:]) }

// PublicKey is an Ed25519 public key of 32 bytes.
type PublicKey = ed25519.PublicKey

// IDOf names a public key.
func IDOf(key PublicKey) KeyID {
	sum := sha256.Sum256(key)
	return KeyID(sum[:8])
}

// ParsePublicKey reads 64 hex digits.
func ParsePublicKey(s string) (PublicKey, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("a public key is %d bytes in hex, not %q", ed25519.PublicKeySize, s)
	}
	return b, nil
}

// LoadOrCreate reads the private key from a PKCS #8 PEM file, or makes a new one there (mode 0600, durable before it is used). It does not
// replace a file that it cannot read: with the key the till's identity would be lost.
func LoadOrCreate(path string) (*Signer, error) {
	signer, err := Load(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return signer, err
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	if err := save(path, key); err != nil {
		return nil, err
	}
	return NewSigner(key)
}

// Load reads the private key from a PKCS #8 PEM file.
func Load(path string) (*Signer, error) {
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
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s: not an Ed25519 key", path)
	}
	return NewSigner(key)
}

// save writes the key under a temporary name first, so that a crash leaves either no key or a whole one.
func save(path string, key ed25519.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
