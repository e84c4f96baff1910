package trust

import (
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform/pki"
)

// News is what is known of all tills at a moment. The maps are the book's from then on.
type News struct {
	Keys    map[pos.TillID][]cose.PublicKey   // of those who are enrolled
	Revoked []pki.Revocation                  // all of them
	Silent  map[pos.TillID]bool               // tills whose calls are not answered; their records still come into custody
	Held    map[pos.TillID]map[pos.Epoch]bool // epochs that the ledger holds, of tills with revoked keys
}

// Know takes news over, and returns the revocations that are new. Keys that are known stay: what they have signed may come again.
func (b *Book) Know(n News) (fresh []pki.Revocation) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for till, list := range n.Keys {
		if b.keys[till] == nil {
			b.keys[till] = map[cose.KeyID]cose.PublicKey{}
		}
		for _, key := range list {
			b.keys[till][cose.IDOf(key)] = key
		}
	}
	for _, r := range n.Revoked {
		if _, before := b.revoked[r.Kid]; !before {
			fresh = append(fresh, r)
		}
		b.revoked[r.Kid] = r
	}
	b.silent, b.held = n.Silent, n.Held
	return fresh
}

// tooLate notes that a revoked key has signed what is refused.
func (b *Book) tooLate(by cose.KeyID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, noted := b.late[by]; !noted {
		b.late[by] = true
	}
}

// Distrusted takes the revocations whose keys have signed what is refused, each of them once.
func (b *Book) Distrusted() (list []pki.Revocation) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for kid, fresh := range b.late {
		if fresh {
			list = append(list, b.revoked[kid])
			b.late[kid] = false
		}
	}
	return list
}

// Untold puts back what nobody could be told of.
func (b *Book) Untold(kid cose.KeyID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.late[kid] = true
}

// Inherited takes the revocations that were found by learning, to be written down.
func (b *Book) Inherited() (list []pki.Revocation) {
	b.mu.Lock()
	defer b.mu.Unlock()
	list, b.heirs = b.heirs, nil
	return list
}

// Again puts back what could not be written down.
func (b *Book) Again(list []pki.Revocation) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heirs = append(b.heirs, list...)
}
