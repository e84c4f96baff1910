package enrolled

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/pki"
	"github.com/tillproof/tillproof/sync/platform/registry"
)

// Keeper is what people work with who look after keys and certificates, beside a platform that runs or without one.
type Keeper struct {
	*pki.PKI
	Signer *cose.Signer // the platform's own key
	Seal   *cose.Opener // of what is sealed to the platform

	db   *database.DB
	roll Roll
}

// NewKeeper works on a database that has the ledger's tables; marks and keys of tills are read from them. The database is the keeper's from then on.
func NewKeeper(db *database.DB, roll Roll, signer *cose.Signer, seal *cose.Opener) *Keeper {
	return &Keeper{PKI: roll.PKI, Signer: signer, Seal: seal, db: db, roll: roll}
}

// Close ends the use of the database. What was changed is committed already.
func (k *Keeper) Close() { _ = k.db.Close() }

// Mark is the last record of a till that the ledger holds: what a revocation names when nobody says otherwise. The zero value for a till that has sent none.
func (k *Keeper) Mark(ctx context.Context, till pos.TillID) (last pki.Last, err error) {
	var epoch []byte
	var seq int64
	err = k.db.Row(ctx, "SELECT epoch, seq FROM marks WHERE till = ? ORDER BY epoch DESC LIMIT 1", string(till)).Scan(&epoch, &seq)
	if errors.Is(err, database.ErrNoRows) {
		return last, nil
	}
	if err == nil && len(epoch) == len(last.Epoch) {
		last = pki.Last{Epoch: pos.Epoch(epoch), Seq: pos.Seq(seq)}
	}
	return last, err
}

// keysOf lists every key that was ever a till's: enrolled, configured, or named by its own records.
func (k *Keeper) keysOf(ctx context.Context, till pos.TillID) ([]cose.PublicKey, error) {
	all, err := k.roll.Keys(ctx)
	if err != nil {
		return nil, err
	}
	named, err := database.All(ctx, k.db, func(row database.Scanner) (public []byte, err error) { return public, row.Scan(&public) },
		"SELECT public FROM till_keys WHERE till = ?", string(till))
	for _, public := range named {
		all[till] = append(all[till], public)
	}
	return all[till], err
}

// RevokeTill takes trust from a till as a whole: from all its keys, from those that they name later, and from its certificates. It returns the keys and how
// many certificates there were.
func (k *Keeper) RevokeTill(ctx context.Context, till pos.TillID, last pki.Last, reason string) (kids []cose.KeyID, certificates int64, err error) {
	keys, err := k.keysOf(ctx, till)
	if err != nil {
		return nil, 0, err
	}
	var list []pki.Revocation
	seen := map[cose.KeyID]bool{}
	for _, key := range keys {
		if id := cose.IDOf(key); !seen[id] {
			seen[id] = true
			kids = append(kids, id)
			list = append(list, pki.Revocation{Kid: id, Till: till, Last: last, Heirs: true, Reason: reason})
		}
	}
	if err := k.Revoke(ctx, list...); err != nil {
		return nil, 0, err
	}
	certificates, err = k.RevokeCertificates(ctx, string(till), reason)
	return kids, certificates, errors.Join(err, k.Note(ctx, "revoke", "till/"+string(till)))
}

// OwnerOf finds the till that a key belongs to.
func (k *Keeper) OwnerOf(ctx context.Context, kid cose.KeyID) (pos.TillID, error) {
	owners, err := k.roll.Owners(ctx)
	if err != nil {
		return "", err
	}
	for till := range owners {
		keys, err := k.keysOf(ctx, till)
		if err != nil {
			return "", err
		}
		for _, key := range keys {
			if id := cose.IDOf(key); bytes.Equal(id[:], kid[:]) {
				return till, nil
			}
		}
	}
	return "", fmt.Errorf("no till has the key %s", kid)
}

// RevokeKey takes trust from one key, such as one that was changed because somebody may have copied it. The till goes on with the key that came after it.
func (k *Keeper) RevokeKey(ctx context.Context, till pos.TillID, kid cose.KeyID, last pki.Last, reason string) error {
	if err := k.Revoke(ctx, pki.Revocation{Kid: kid, Till: till, Last: last, Reason: reason}); err != nil {
		return err
	}
	return k.Note(ctx, "revoke", "key/"+kid.String())
}

// Note writes what a command does to keys and certificates into the audit log, under the actor of the context.
func (k *Keeper) Note(ctx context.Context, action, target string) error {
	return k.roll.Registry.Log(ctx, registry.Entry{Action: action, Target: target})
}
