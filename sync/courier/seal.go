package courier

import (
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/store/cose"
)

// SealPurpose is what the platform's sealing key is derived for, from the key that signs its acknowledgements.
const SealPurpose = "tillproof/seal/1"

// sealInfo binds a ciphertext to its use (RFC 9180 §5.1).
const sealInfo = "tillproof/courier/1"

// keyPrefix begins the text of a sealing key, so that it is not mixed up with the other 32 bytes in hex that a technician handles.
const keyPrefix = "tillproof-seal-1:"

// KeyID names a sealing key: the first 8 bytes of its SHA-256.
type KeyID [8]byte

// String is the id in lower-case hex.
func (k KeyID) String() string { return hex.EncodeToString(k[:]) }

// SealKey is the public key that files to the platform are sealed to.
type SealKey struct {
	id  KeyID
	key hpke.PublicKey
	raw []byte
}

// OpenKey is the platform's private sealing key.
type OpenKey struct {
	public *SealKey
	key    hpke.PrivateKey
}

// NewOpenKey derives the platform's sealing key from its signing key; it is the same every time.
func NewOpenKey(signer *cose.Signer) (*OpenKey, error) {
	secret, err := signer.Secret(SealPurpose)
	if err != nil {
		return nil, err
	}
	private, err := ecdh.X25519().NewPrivateKey(secret[:])
	if err != nil {
		return nil, err
	}
	key, err := hpke.NewDHKEMPrivateKey(private)
	if err != nil {
		return nil, err
	}
	public, err := newSealKey(private.PublicKey().Bytes())
	return &OpenKey{public, key}, err
}

// Public is the key to seal to.
func (k *OpenKey) Public() *SealKey { return k.public }

func newSealKey(raw []byte) (*SealKey, error) {
	point, err := ecdh.X25519().NewPublicKey(raw)
	if err != nil {
		return nil, err
	}
	key, err := hpke.NewDHKEMPublicKey(point)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	return &SealKey{KeyID(sum[:8]), key, raw}, nil
}

// ParseSealKey reads the text that [SealKey.String] makes. White space around it does not count.
func ParseSealKey(text string) (*SealKey, error) {
	digits, ok := strings.CutPrefix(strings.TrimSpace(text), keyPrefix)
	raw, err := hex.DecodeString(digits)
	if !ok || err != nil || len(raw) != 32 {
		return nil, fmt.Errorf("a sealing key is %s and 64 hex digits", keyPrefix)
	}
	return newSealKey(raw)
}

// ID names the key.
func (k *SealKey) ID() KeyID { return k.id }

// String is the key as text.
func (k *SealKey) String() string { return keyPrefix + hex.EncodeToString(k.raw) }

// info binds chunk number n of one file.
func info(header [32]byte, n uint64) []byte {
	return binary.BigEndian.AppendUint64(append([]byte(sealInfo), header[:]...), n)
}

func (k *SealKey) seal(header [32]byte, n uint64, plain []byte) ([]byte, error) {
	return hpke.Seal(k.key, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), info(header, n), plain)
}

func (k *OpenKey) open(header [32]byte, n uint64, sealed []byte) ([]byte, error) {
	return hpke.Open(k.key, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), info(header, n), sealed)
}
