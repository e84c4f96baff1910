package platform

import (
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform/pki"
)

// ErrRevoked says that a message is signed by a key that was revoked, and speaks of what came after the last record that the key is trusted for. It is
// [ErrForged] too: it is not acknowledged.
var ErrRevoked = fmt.Errorf("%w: signed by a revoked key", ErrForged)

// trust leaves of a delivery what a revoked key is still trusted for: records up to the last one that the revocation names. They are money that moved
// before the key was lost, and reach custody like all others. What is cut off was vouched for by nobody else. A till delivers its epochs in their order, so
// once the ledger holds the epoch of that last record, an epoch that claims to be older and is not known is made up.
func (t *Tills) trust(d *Delivery, by cose.KeyID) error {
	t.mu.RLock()
	revocation, revoked := t.revoked[by]
	held := t.held[d.till]
	t.mu.RUnlock()
	if !revoked {
		return nil
	}
	if epoch := d.prev.Epoch; epoch != revocation.Last.Epoch && held[revocation.Last.Epoch] && !held[epoch] {
		t.tooLate(by)
		return fmt.Errorf("%w %s: epoch %s of till %s was never heard of before", ErrRevoked, by, epoch, d.till)
	}
	n := 0
	for n < len(d.entries) && revocation.Last.Covers(d.entries[n].record.Epoch, d.entries[n].record.Seq) {
		n++
	}
	if n == 0 {
		t.tooLate(by)
		return fmt.Errorf("%w %s: record %d of till %s comes after record %d, the last one that counts", ErrRevoked, by, d.entries[0].record.Seq, d.till,
			revocation.Last.Seq)
	}
	d.entries = d.entries[:n]
	return nil
}

// answers says whether calls that a key has signed are answered: not those of a revoked one, which ask for what is to happen from now on.
func (t *Tills) answers(till pos.TillID, by cose.KeyID) error {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if _, revoked := t.revoked[by]; revoked {
		return fmt.Errorf("%w %s: a call", ErrRevoked, by)
	}
	if t.silent[till] {
		return fmt.Errorf("%w: till %s is disabled, its calls are not answered", ErrForged, till)
	}
	return nil
}

// miss wishes for a fresh look at who is enrolled: the till may have come since.
func (t *Tills) miss() {
	select {
	case t.unknown <- struct{}{}:
	default:
	}
}

// know takes over who is enrolled and who is not trusted any more, and returns the revocations that are new. Keys that are known stay: what they have
// signed may come again.
func (t *Tills) know(keys map[pos.TillID][]cose.PublicKey, revoked []pki.Revocation, silent map[pos.TillID]bool, held map[pos.TillID]map[pos.Epoch]bool) (fresh []pki.Revocation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for till, list := range keys {
		if t.keys[till] == nil {
			t.keys[till] = map[cose.KeyID]cose.PublicKey{}
		}
		for _, key := range list {
			t.keys[till][cose.IDOf(key)] = key
		}
	}
	for _, r := range revoked {
		if _, before := t.revoked[r.Kid]; !before {
			fresh = append(fresh, r)
		}
		t.revoked[r.Kid] = r
	}
	t.silent, t.held = silent, held
	return fresh
}

// tooLate notes that a revoked key has signed what is refused.
func (t *Tills) tooLate(by cose.KeyID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.late == nil {
		t.late = map[cose.KeyID]bool{}
	}
	if _, noted := t.late[by]; !noted {
		t.late[by] = true
	}
}

// distrusted takes the revocations whose keys have signed what is refused, each of them once.
func (t *Tills) distrusted() (list []pki.Revocation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for kid, fresh := range t.late {
		if fresh {
			list = append(list, t.revoked[kid])
			t.late[kid] = false
		}
	}
	return list
}

// untold puts back what nobody could be told of.
func (t *Tills) untold(kid cose.KeyID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.late[kid] = true
}

// inherited takes the revocations that were found by learning, to be written down.
func (t *Tills) inherited() (list []pki.Revocation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	list, t.heirs = t.heirs, nil
	return list
}

// again puts back what could not be written down.
func (t *Tills) again(list []pki.Revocation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.heirs = append(t.heirs, list...)
}
