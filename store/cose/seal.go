package cose

import (
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// SealSize is the length of a public key that things are sealed to: X25519 (RFC 7748), in bytes.
const SealSize = 32

// sealOverhead is what a sealed thing is longer than what is in it: the key's name, the encapsulated key (RFC 9180 §4.1) and the tag of the cipher.
const sealOverhead = len(KeyID{}) + 32 + 16

// ErrSeal says that something was not sealed for this key and this purpose, or was changed since.
var ErrSeal = errors.New("the seal does not open")

// SealTo closes a content so that only the holder of a key's private half opens it: HPKE (RFC 9180) in base mode with X25519, HKDF-SHA256 and AES-256-GCM, one
// context for each thing. bound is public and must be given again to open: it ties the thing to its place. The result begins with the key's name.
func SealTo(public, bound, content []byte) ([]byte, error) {
	key, err := hpke.DHKEM(ecdh.X25519()).NewPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	closed, err := hpke.Seal(key, hpke.HKDFSHA256(), hpke.AES256GCM(), bound, content)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	id := IDOf(public)
	return append(id[:], closed...), nil
}

// SealedTo names the key that a thing was sealed to.
func SealedTo(sealed []byte) (id KeyID, err error) {
	if len(sealed) < sealOverhead {
		return id, ErrSeal
	}
	return KeyID(sealed[:len(id)]), nil
}

// Opener holds the private halves of keys that things are sealed to: the present one, and former ones for what is still on its way. It is safe for
// concurrent use.
type Opener struct {
	present []byte // public
	keys    map[KeyID]hpke.PrivateKey
}

// Public is the key that new things are sealed to. It is not to be changed.
func (o *Opener) Public() []byte { return o.present }

// Open opens what SealTo has closed. It fails with [ErrSeal].
func (o *Opener) Open(sealed, bound []byte) ([]byte, error) {
	id, err := SealedTo(sealed)
	if err != nil {
		return nil, err
	}
	key, known := o.keys[id]
	if !known {
		return nil, fmt.Errorf("%w: it was sealed to key %s", ErrSeal, id)
	}
	content, err := hpke.Open(key, hpke.HKDFSHA256(), hpke.AES256GCM(), bound, sealed[len(id):])
	if err != nil {
		return nil, ErrSeal
	}
	return content, nil
}

// LoadOrCreateSeal reads the private key from a PKCS #8 PEM file, or makes one there (mode 0600, durable before it is used). Files of the same folder that
// begin with the same name and a dash hold former keys. A file that cannot be read is an error and never replaced: what was sealed to it would be lost.
func LoadOrCreateSeal(path string) (*Opener, error) {
	present, err := loadSeal(path)
	if errors.Is(err, fs.ErrNotExist) {
		present, err = createSeal(path)
	}
	if err != nil {
		return nil, err
	}
	o := &Opener{present: present.PublicKey().Bytes(), keys: map[KeyID]hpke.PrivateKey{}}
	former, err := filepath.Glob(path[:len(path)-len(filepath.Ext(path))] + "-*" + filepath.Ext(path))
	if err != nil {
		return nil, err
	}
	for _, file := range former {
		key, err := loadSeal(file)
		if err != nil {
			return nil, err
		}
		if err := o.add(key); err != nil {
			return nil, err
		}
	}
	return o, o.add(present)
}

func (o *Opener) add(key *ecdh.PrivateKey) error {
	private, err := hpke.NewDHKEMPrivateKey(key)
	o.keys[IDOf(key.PublicKey().Bytes())] = private
	return err
}

func loadSeal(path string) (*ecdh.PrivateKey, error) {
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
	key, ok := parsed.(*ecdh.PrivateKey)
	if !ok || key.Curve() != ecdh.X25519() {
		return nil, fmt.Errorf("%s: not an X25519 key", path)
	}
	return key, nil
}

func createSeal(path string) (*ecdh.PrivateKey, error) {
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	return key, WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
