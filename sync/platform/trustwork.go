package platform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/pki"
	"github.com/tillproof/tillproof/sync/platform/registry"
)

// Trust is what people work on who look after keys and certificates, beside a platform that runs or without one.
type Trust struct {
	*pki.PKI
	Signer *cose.Signer // the platform's own key
	Seal   *cose.Opener // of what is sealed to the platform

	service Service
}

// OpenTrust opens the database and the keys of a configuration. Close ends its use.
func OpenTrust(ctx context.Context, config Config) (*Trust, error) {
	t := &Trust{service: Service{config: config}}
	if err := t.open(ctx); err != nil {
		t.Close()
		return nil, unusable("database_unusable", "The platform's database or its keys cannot be used.", err)
	}
	return t, nil
}

func (t *Trust) open(ctx context.Context) (err error) {
	s := &t.service
	if err := os.MkdirAll(filepath.Dir(s.config.Keys), 0o700); err != nil {
		return err
	}
	if err := s.openDatabase(ctx); err != nil {
		return err
	}
	if s.registry, err = registry.Open(ctx, s.db); err != nil {
		return err
	}
	if err := s.config.Seed(ctx, s.registry); err != nil {
		return err
	}
	if s.signer, err = cose.LoadOrCreate(s.config.Keys); err != nil {
		return err
	}
	if s.seal, err = s.config.openSeal(); err != nil {
		return err
	}
	if s.pki, err = openPKI(ctx, s.db, s.registry, &s.config, s.signer, s.seal); err != nil {
		return err
	}
	t.PKI, t.Signer, t.Seal = s.pki, s.signer, s.seal
	_, err = newCustody(ctx, s.db) // marks and keys of tills are read from its tables
	return err
}

// Close ends the use of the database.
func (t *Trust) Close() {
	if t.service.db != nil {
		_ = t.service.db.Close() // what was changed is committed already
	}
}

// Mark is the last record of a till that the ledger holds: what a revocation names when nobody says otherwise. The zero value for a till that has sent none.
func (t *Trust) Mark(ctx context.Context, till pos.TillID) (last pki.Last, err error) {
	var epoch []byte
	var seq int64
	err = t.service.db.Row(ctx, "SELECT epoch, seq FROM marks WHERE till = ? ORDER BY epoch DESC LIMIT 1", string(till)).Scan(&epoch, &seq)
	if errors.Is(err, database.ErrNoRows) {
		return last, nil
	}
	if err == nil && len(epoch) == len(last.Epoch) {
		last = pki.Last{Epoch: pos.Epoch(epoch), Seq: pos.Seq(seq)}
	}
	return last, err
}

// keysOf lists every key that was ever a till's: enrolled, configured, or named by its own records.
func (t *Trust) keysOf(ctx context.Context, till pos.TillID) ([]cose.PublicKey, error) {
	all, err := t.service.enrolled(ctx)
	if err != nil {
		return nil, err
	}
	named, err := database.All(ctx, t.service.db, func(row database.Scanner) (public []byte, err error) { return public, row.Scan(&public) },
		"SELECT public FROM till_keys WHERE till = ?", string(till))
	for _, public := range named {
		all[till] = append(all[till], public)
	}
	return all[till], err
}

// RevokeTill takes trust from a till as a whole: from all its keys, from those that they name later, and from its certificates. It returns the keys and how
// many certificates there were.
func (t *Trust) RevokeTill(ctx context.Context, till pos.TillID, last pki.Last, reason string) (kids []cose.KeyID, certificates int64, err error) {
	keys, err := t.keysOf(ctx, till)
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
	if err := t.Revoke(ctx, list...); err != nil {
		return nil, 0, err
	}
	certificates, err = t.RevokeCertificates(ctx, string(till), reason)
	return kids, certificates, errors.Join(err, t.Note(ctx, "revoke", "till/"+string(till)))
}

// OwnerOf finds the till that a key belongs to.
func (t *Trust) OwnerOf(ctx context.Context, kid cose.KeyID) (pos.TillID, error) {
	owners, err := t.service.owners(ctx)
	if err != nil {
		return "", err
	}
	for till := range owners {
		keys, err := t.keysOf(ctx, till)
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
func (t *Trust) RevokeKey(ctx context.Context, till pos.TillID, kid cose.KeyID, last pki.Last, reason string) error {
	if err := t.Revoke(ctx, pki.Revocation{Kid: kid, Till: till, Last: last, Reason: reason}); err != nil {
		return err
	}
	return t.Note(ctx, "revoke", "key/"+kid.String())
}

// Note writes what a command does to keys and certificates into the audit log, under the actor of the context.
func (t *Trust) Note(ctx context.Context, action, target string) error {
	return t.service.registry.Log(ctx, registry.Entry{Action: action, Target: target})
}

// As names who acts, for the audit log: see [registry.As].
func As(ctx context.Context, actor string) context.Context { return registry.As(ctx, actor) }
