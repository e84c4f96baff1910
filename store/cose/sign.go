package cose

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"

	gocose "github.com/veraison/go-cose"
)

// Purpose is what a signature is for; it is the external additional data of RFC 9052 §4.4.
type Purpose string

// The purposes of signatures.
const (
	ForRecord Purpose = "tillproof/record/1" // the last record of a commit, detached
	ForAck    Purpose = "tillproof/ack/1"    // the platform has custody
	ForCall   Purpose = "tillproof/call/1"   // a till asks the platform
	ForReply  Purpose = "tillproof/reply/1"  // the platform answers a call
	ForEvent  Purpose = "tillproof/event/1"  // the platform hints that there is something to ask for
	ForPolicy Purpose = "tillproof/policy/1" // the platform limits what is taken without it
	ForConfig Purpose = "tillproof/config/1" // the platform configures a till
	ForKeys   Purpose = "tillproof/keys/1"   // the root names the keys that speak for the platform
	ForEnrol  Purpose = "tillproof/enrol/1"  // a till proves the key that it wants to be known by
)

// MaxMessage bounds what Open and Verify read, in bytes.
const MaxMessage = 1 << 20

// Signer signs with one Ed25519 key. It is safe for concurrent use.
type Signer struct {
	signer gocose.Signer
	seed   []byte // of the private key
	public PublicKey
	id     KeyID
}

// NewSigner makes a signer of a private key.
func NewSigner(key ed25519.PrivateKey) (*Signer, error) {
	s, err := gocose.NewSigner(gocose.AlgorithmEdDSA, key)
	if err != nil {
		return nil, err
	}
	public := key.Public().(ed25519.PublicKey)
	return &Signer{signer: s, seed: key.Seed(), public: public, id: IDOf(public)}, nil
}

// Public is the key that verifies what this signer signs.
func (s *Signer) Public() PublicKey { return s.public }

// ID names the key.
func (s *Signer) ID() KeyID { return s.id }

// Secret derives a key for another use from the private key (HKDF-SHA-256, RFC 5869). It is the same for the same purpose over restarts, and tells
// nothing of the private key.
func (s *Signer) Secret(purpose string) (key [32]byte, err error) {
	derived, err := hkdf.Key(sha256.New, s.seed, nil, purpose, len(key))
	copy(key[:], derived)
	return key, err
}

// Detached signs content and returns a COSE_Sign1 without it (RFC 9052 §4.1: nil payload).
func (s *Signer) Detached(content []byte, purpose Purpose) ([]byte, error) {
	return s.sign(content, purpose, true)
}

// Seal signs content and returns a COSE_Sign1 that carries it.
func (s *Signer) Seal(content []byte, purpose Purpose) ([]byte, error) {
	return s.sign(content, purpose, false)
}

func (s *Signer) sign(content []byte, purpose Purpose, detached bool) ([]byte, error) {
	m := gocose.NewSign1Message()
	m.Headers.Protected[gocose.HeaderLabelAlgorithm] = gocose.AlgorithmEdDSA
	m.Headers.Protected[gocose.HeaderLabelKeyID] = s.id[:]
	m.Payload = content
	if err := m.Sign(nil, []byte(purpose), s.signer); err != nil {
		return nil, err
	}
	if detached {
		m.Payload = nil
	}
	return m.MarshalCBOR()
}

// Keys finds a public key by its id. ok is false for a key that nobody vouches for.
type Keys func(id KeyID) (key PublicKey, ok bool)

// OneKey is the Keys of a single trusted key.
func OneKey(key PublicKey) Keys {
	id := IDOf(key)
	return func(asked KeyID) (PublicKey, bool) { return key, asked == id }
}

// ErrUnknownKey says that the signer is not among the trusted keys; it proves nothing about the content.
var ErrUnknownKey = errors.New("signed by an unknown key")

// Open verifies a COSE_Sign1 that carries its content and returns it with the signer's id. On any error the content is not to be believed.
func Open(message []byte, purpose Purpose, keys Keys) ([]byte, KeyID, error) {
	m, err := parse(message)
	if err != nil {
		return nil, KeyID{}, err
	}
	id, err := verify(m, purpose, keys)
	return m.Payload, id, err
}

// Verify checks a detached COSE_Sign1 over content and returns the signer's id.
func Verify(signature, content []byte, purpose Purpose, keys Keys) (KeyID, error) {
	m, err := parse(signature)
	if err != nil {
		return KeyID{}, err
	}
	if m.Payload != nil {
		return KeyID{}, errors.New("signature is not detached")
	}
	m.Payload = content
	return verify(m, purpose, keys)
}

func parse(message []byte) (*gocose.Sign1Message, error) {
	if len(message) > MaxMessage {
		return nil, fmt.Errorf("signed message of %d bytes is over the limit of %d", len(message), MaxMessage)
	}
	m := gocose.NewSign1Message()
	return m, m.UnmarshalCBOR(message)
}

// SignedBy reads who claims to have made a signature. It checks nothing.
func SignedBy(signature []byte) (KeyID, error) {
	m, err := parse(signature)
	if err != nil {
		return KeyID{}, err
	}
	return signer(m)
}

func signer(m *gocose.Sign1Message) (KeyID, error) {
	raw, ok := m.Headers.Protected[gocose.HeaderLabelKeyID].([]byte)
	if !ok || len(raw) != len(KeyID{}) {
		return KeyID{}, errors.New("no kid in the protected header")
	}
	return KeyID(raw), nil
}

func verify(m *gocose.Sign1Message, purpose Purpose, keys Keys) (KeyID, error) {
	id, err := signer(m)
	if err != nil {
		return id, err
	}
	key, ok := keys(id)
	if !ok {
		return id, fmt.Errorf("%w %s", ErrUnknownKey, id)
	}
	verifier, err := gocose.NewVerifier(gocose.AlgorithmEdDSA, key)
	if err != nil {
		return id, err
	}
	return id, m.Verify([]byte(purpose), verifier)
}
