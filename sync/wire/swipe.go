package wire

import (
	"errors"
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
)

// ForSwipe begins what a sealed swipe is bound to.
const ForSwipe = "tillproof/swipe/1"

// Swipe is a card as an encrypting reader has told it, for the acquirer that holds the reader's base key. Till and platform carry it and cannot open Opaque.
type Swipe struct {
	Format string // of Opaque: the name of the reader's family
	Opaque []byte // ciphertext, with what its decryption needs
	Reader string // its serial number
	KSN    []byte // key serial number, 10 bytes
	BIN    string // the first six digits, "" when not shown
	Last4  string // "" when not shown
}

// Wipe overwrites what nobody may keep.
func (s *Swipe) Wipe() {
	clear(s.Opaque)
	s.Opaque = nil
}

// swipeMap is the CBOR map of wire.cddl.
type swipeMap struct {
	Format string `cbor:"format"`
	Opaque []byte `cbor:"opaque"`
	Reader string `cbor:"reader"`
	KSN    []byte `cbor:"ksn"`
	BIN    string `cbor:"bin,omitempty"`
	Last4  string `cbor:"last4,omitempty"`
}

// The bounds of a swipe, in bytes.
const (
	maxOpaque = 4 << 10
	ksnSize   = 10

	// MaxSealedSwipe bounds a sealed swipe.
	MaxSealedSwipe = maxOpaque + 512
)

// SwipeBinding is what the seal of a swipe is bound to: moved to another till or payment it does not open.
func SwipeBinding(till pos.TillID, payment pos.PaymentID) []byte {
	bound := append([]byte(ForSwipe), 0)
	bound = append(append(bound, till...), 0)
	return append(bound, payment[:]...)
}

// SealSwipe closes a swipe so that only the platform opens it: HPKE to its key with use seal, bound to till and payment.
func (c *Codec) SealSwipe(s *Swipe, key []byte, till pos.TillID, payment pos.PaymentID) ([]byte, error) {
	if len(s.Opaque) == 0 || len(s.Opaque) > maxOpaque || len(s.KSN) != ksnSize {
		return nil, fmt.Errorf("a swipe of %d bytes under a key serial number of %d is not sealed", len(s.Opaque), len(s.KSN))
	}
	content, err := c.enc.Marshal(swipeMap(*s))
	if err != nil {
		return nil, err
	}
	defer clear(content)
	return cose.SealTo(key, SwipeBinding(till, payment), content)
}

// OpenSwipe opens what SealSwipe has closed for this till and payment. It fails with [cose.ErrSeal] for everything else. The caller wipes it.
func (c *Codec) OpenSwipe(sealed []byte, key *cose.Opener, till pos.TillID, payment pos.PaymentID) (*Swipe, error) {
	if len(sealed) > MaxSealedSwipe {
		return nil, fmt.Errorf("%w: %d bytes are over the limit of %d", cose.ErrSeal, len(sealed), MaxSealedSwipe)
	}
	content, err := key.Open(sealed, SwipeBinding(till, payment))
	if err != nil {
		return nil, err
	}
	defer clear(content)
	var m swipeMap
	if err := c.dec.Unmarshal(content, &m); err != nil || len(m.KSN) != ksnSize || len(m.Opaque) == 0 {
		return nil, errors.Join(cose.ErrSeal, errors.New("no swipe is in it"))
	}
	s := Swipe(m)
	return &s, nil
}
