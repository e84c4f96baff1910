package wire

import (
	"fmt"
	"math"

	"github.com/tillproof/tillproof/store/cose"
)

// KeyUse is what a platform's key is for: the kind of message that it may sign, or what is sealed to it.
type KeyUse string

// The uses of a key.
const (
	UseAck    KeyUse = "ack"
	UseReply  KeyUse = "reply"
	UsePolicy KeyUse = "policy"
	UseEvent  KeyUse = "event"
	UseProof  KeyUse = "proof"
	UseAll    KeyUse = "all"
	UseSeal   KeyUse = "seal" // signs nothing: what is for the platform alone is sealed to it (X25519), see [SealSwipe]
)

// Known says whether the use is one of the above.
func (u KeyUse) Known() bool {
	switch u {
	case UseAck, UseReply, UsePolicy, UseEvent, UseProof, UseAll, UseSeal:
		return true
	}
	return false
}

// MaxKeys bounds the keys, and the revoked ones, of a list.
const MaxKeys = 64

// PlatformKey is a key that speaks for the platform, or with use seal one that is spoken to. From and Until are milliseconds since 1970-01-01 UTC; Until 0
// is open.
type PlatformKey struct {
	Public cose.PublicKey
	Use    KeyUse
	From   int64
	Until  int64
}

// ID names the key.
func (k *PlatformKey) ID() cose.KeyID { return cose.IDOf(k.Public) }

// May says whether the key counts for a use at a moment, in milliseconds since 1970-01-01 UTC.
func (k *PlatformKey) May(use KeyUse, now int64) bool {
	return k.For(use) && k.From <= now && (k.Until == 0 || now < k.Until)
}

// For says whether the key is for a use, at whatever time. A key for all that is signed is none to seal to: it is of another kind.
func (k *PlatformKey) For(use KeyUse) bool {
	return k.Use == use || k.Use == UseAll && use != UseSeal
}

// KeyList says which keys speak for the platform. It is signed by the root key, which a till knows since its enrolment. A till keeps the highest version
// that it has seen: an older list would bring keys back that were taken away.
type KeyList struct {
	Version uint64 // from 1
	Keys    []PlatformKey
	Revoked []cose.KeyID // count for nothing any more, whatever stands in Keys
	At      int64        // when it was signed, milliseconds since 1970-01-01 UTC
}

// SealKey is the key to seal to at a moment, in milliseconds since 1970-01-01 UTC: of those that count, the one that began last. nil when there is none.
func (l *KeyList) SealKey(now int64) (newest *PlatformKey) {
	for i := range l.Keys {
		k := &l.Keys[i]
		if k.May(UseSeal, now) && !l.IsRevoked(k.ID()) && (newest == nil || k.From > newest.From) {
			newest = k
		}
	}
	return newest
}

// IsRevoked says whether a key counts for nothing any more.
func (l *KeyList) IsRevoked(id cose.KeyID) bool {
	for _, revoked := range l.Revoked {
		if revoked == id {
			return true
		}
	}
	return false
}

// Find returns a key of the list that is not revoked, nil when there is none.
func (l *KeyList) Find(id cose.KeyID) *PlatformKey {
	if l.IsRevoked(id) {
		return nil
	}
	for i := range l.Keys {
		if l.Keys[i].ID() == id {
			return &l.Keys[i]
		}
	}
	return nil
}

// Check says whether the list makes sense; who signed it is another question.
func (l *KeyList) Check() error {
	switch {
	case l.Version < 1 || l.Version > math.MaxInt64:
		return fmt.Errorf("version %d is out of range", l.Version)
	case len(l.Keys) == 0:
		return fmt.Errorf("no key speaks for the platform")
	case len(l.Keys) > MaxKeys || len(l.Revoked) > MaxKeys:
		return fmt.Errorf("more than %d keys", MaxKeys)
	}
	seen := map[cose.KeyID]bool{}
	for i := range l.Keys {
		k := &l.Keys[i]
		switch {
		case len(k.Public) != 32:
			return fmt.Errorf("key %d has %d bytes, not 32", i+1, len(k.Public))
		case !k.Use.Known():
			return fmt.Errorf("key %s is for %q", k.ID(), k.Use)
		case k.From < 0 || k.Until < 0 || k.Until > 0 && k.Until <= k.From:
			return fmt.Errorf("key %s ends before it begins", k.ID())
		case seen[k.ID()]:
			return fmt.Errorf("key %s stands twice", k.ID())
		}
		seen[k.ID()] = true
	}
	return nil
}

// keyListMap is the CBOR map of wire.cddl.
type keyListMap struct {
	Version uint64   `cbor:"version"`
	Keys    []keyMap `cbor:"keys"`
	Revoked [][]byte `cbor:"revoked"`
	At      int64    `cbor:"at"`
}

type keyMap struct {
	KID    []byte `cbor:"kid"`
	Public []byte `cbor:"public"`
	Use    KeyUse `cbor:"use"`
	From   int64  `cbor:"from"`
	Until  int64  `cbor:"until,omitempty"`
}

// SealKeys encodes a list and signs it with the root key (COSE_Sign1, purpose "tillproof/keys/1").
func (c *Codec) SealKeys(l *KeyList, root *cose.Signer) ([]byte, error) {
	if err := l.Check(); err != nil {
		return nil, err
	}
	m := keyListMap{Version: l.Version, At: l.At, Keys: []keyMap{}, Revoked: [][]byte{}}
	for i := range l.Keys {
		k, id := &l.Keys[i], l.Keys[i].ID()
		m.Keys = append(m.Keys, keyMap{KID: id[:], Public: k.Public, Use: k.Use, From: k.From, Until: k.Until})
	}
	for i := range l.Revoked {
		m.Revoked = append(m.Revoked, l.Revoked[i][:])
	}
	content, err := c.enc.Marshal(m)
	if err != nil {
		return nil, err
	}
	return root.Seal(content, cose.ForKeys)
}

// MaxKeyList bounds a signed list, in bytes.
const MaxKeyList = 16 << 10

// OpenKeys verifies the root's signature and reads the list. On any error the keys are as they were.
func (c *Codec) OpenKeys(message []byte, root cose.Keys) (*KeyList, error) {
	if len(message) > MaxKeyList {
		return nil, fmt.Errorf("list of keys of %d bytes is over the limit of %d", len(message), MaxKeyList)
	}
	content, _, err := cose.Open(message, cose.ForKeys, root)
	if err != nil {
		return nil, fmt.Errorf("list of keys: %w", err)
	}
	var m keyListMap
	if err := c.dec.Unmarshal(content, &m); err != nil {
		return nil, fmt.Errorf("list of keys: %w", err)
	}
	l, err := m.list()
	if err != nil {
		return nil, fmt.Errorf("list of keys: %w", err)
	}
	return l, nil
}

func (m *keyListMap) list() (*KeyList, error) {
	l := &KeyList{Version: m.Version, At: m.At}
	for _, k := range m.Keys {
		key := PlatformKey{Public: k.Public, Use: k.Use, From: k.From, Until: k.Until}
		var named cose.KeyID
		if err := fixed(named[:], k.KID, "kid"); err != nil {
			return nil, err
		}
		if named != key.ID() {
			return nil, fmt.Errorf("kid %s is not that of its key", named)
		}
		l.Keys = append(l.Keys, key)
	}
	for _, id := range m.Revoked {
		var revoked cose.KeyID
		if err := fixed(revoked[:], id, "kid"); err != nil {
			return nil, err
		}
		l.Revoked = append(l.Revoked, revoked)
	}
	return l, l.Check()
}
