// Package trust knows whose signatures count: the keys of every till, those that its own records have named since, and up to which record a revoked key
// is believed. It reads no records and keeps nothing on disk; who is enrolled and what is revoked it is told.
package trust

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"sync"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform/pki"
)

// ErrRevoked says that a message is signed by a key that was revoked, and speaks of what came after the last record that the key is trusted for. Nothing of
// it is believed; whether money moved, only the till can tell.
var ErrRevoked = errors.New("signed by a revoked key")

// Book holds the keys of the tills. It is safe for concurrent use.
type Book struct {
	unknown chan struct{} // gets a value when a till came that is not known

	mu      sync.RWMutex                                 // guards what follows
	keys    map[pos.TillID]map[cose.KeyID]cose.PublicKey // the enrolled ones, and those that a till's own records have named since
	revoked map[cose.KeyID]pki.Revocation
	silent  map[pos.TillID]bool               // tills whose calls are not answered; their records still come into custody
	held    map[pos.TillID]map[pos.Epoch]bool // epochs that the ledger holds, of tills with revoked keys
	late    map[cose.KeyID]bool               // revoked keys that have signed what is refused; true while nobody was told of it
	heirs   []pki.Revocation                  // keys that revoked ones have named, to be written down
}

// New makes the book of some tills. One whose key is nil is known and has none yet.
func New(keys map[pos.TillID]cose.PublicKey) *Book {
	b := &Book{keys: map[pos.TillID]map[cose.KeyID]cose.PublicKey{}, revoked: map[cose.KeyID]pki.Revocation{}, late: map[cose.KeyID]bool{},
		unknown: make(chan struct{}, 1)}
	for till, key := range keys {
		b.keys[till] = map[cose.KeyID]cose.PublicKey{}
		if key != nil {
			b.keys[till][cose.IDOf(key)] = key
		}
	}
	return b
}

// Keys are the keys whose signatures count for a till, at the time when they are asked for; false for one that is not enrolled.
func (b *Book) Keys(till pos.TillID) (cose.Keys, bool) {
	return func(id cose.KeyID) (cose.PublicKey, bool) {
		b.mu.RLock()
		defer b.mu.RUnlock()
		key, known := b.keys[till][id]
		return key, known
	}, b.Knows(till)
}

// Knows says whether a till is enrolled.
func (b *Book) Knows(till pos.TillID) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	_, known := b.keys[till]
	return known
}

// Len is the number of tills that are enrolled.
func (b *Book) Len() int {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return len(b.keys)
}

// Miss wishes for a fresh look at who is enrolled: the till may have come since.
func (b *Book) Miss() {
	select {
	case b.unknown <- struct{}{}:
	default:
	}
}

// Missed gets a value when a fresh look was wished for.
func (b *Book) Missed() <-chan struct{} { return b.unknown }

// Learn takes over a key that a till's own record names as its next one. The record must rest on a signature that counted, by the key named by; none when
// that is not known any more. The former key goes on counting, since what it has signed may come again. An heir of a key that was revoked with its heirs
// counts for no more than that one.
func (b *Book) Learn(till pos.TillID, public []byte, by cose.KeyID) {
	key := cose.PublicKey(bytes.Clone(public))
	if len(key) != ed25519.PublicKeySize {
		return // no key: whatever it would sign stays unknown
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.keys[till] == nil {
		return
	}
	id := cose.IDOf(key)
	if _, known := b.keys[till][id]; known {
		return
	}
	b.keys[till][id] = key
	if parent, revoked := b.revoked[by]; revoked && parent.Heirs {
		heir := pki.Revocation{Kid: id, Till: till, Last: parent.Last, Heirs: true, Reason: "named by the revoked key " + by.String()}
		b.revoked[id] = heir
		b.heirs = append(b.heirs, heir)
	}
}

// Counted says how many of n records of an epoch count, from the one with the number first on, that a key has vouched for: those of a revoked key up to the
// last one that the revocation names. They are money that moved before the key was lost, and reach custody like all others. What is cut off was vouched
// for by nobody else. A till delivers its epochs in their order, so once the ledger holds the epoch of that last record, an epoch that claims to be older
// and is not known is made up. It fails with [ErrRevoked] when none of them counts.
func (b *Book) Counted(till pos.TillID, by cose.KeyID, epoch pos.Epoch, first pos.Seq, n int) (int, error) {
	b.mu.RLock()
	revocation, revoked := b.revoked[by]
	held := b.held[till]
	b.mu.RUnlock()
	if !revoked {
		return n, nil
	}
	if epoch != revocation.Last.Epoch && held[revocation.Last.Epoch] && !held[epoch] {
		b.tooLate(by)
		return 0, fmt.Errorf("%w %s: epoch %s of till %s was never heard of before", ErrRevoked, by, epoch, till)
	}
	count := 0
	for count < n && revocation.Last.Covers(epoch, first+pos.Seq(count)) {
		count++
	}
	if count == 0 {
		b.tooLate(by)
		return 0, fmt.Errorf("%w %s: record %d of till %s comes after record %d, the last one that counts", ErrRevoked, by, first, till, revocation.Last.Seq)
	}
	return count, nil
}

// Answers says why calls that a key has signed are not answered: those of a revoked one, which ask for what is to happen from now on, fail with
// [ErrRevoked].
func (b *Book) Answers(till pos.TillID, by cose.KeyID) error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if _, revoked := b.revoked[by]; revoked {
		return fmt.Errorf("%w %s: a call", ErrRevoked, by)
	}
	if b.silent[till] {
		return fmt.Errorf("till %s is disabled, its calls are not answered", till)
	}
	return nil
}
