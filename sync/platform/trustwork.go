package platform

import (
	"context"
	"os"
	"path/filepath"

	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform/enrolled"
	"github.com/tillproof/tillproof/sync/platform/registry"
)

// OpenTrust opens the database and the keys of a configuration for people who look after keys and certificates. Close of the keeper ends its use.
func OpenTrust(ctx context.Context, config Config) (*enrolled.Keeper, error) {
	s := &Service{config: config}
	roll, err := s.openKeys(ctx)
	if err != nil {
		if s.db != nil {
			_ = s.db.Close() // what was changed is committed already
		}
		return nil, unusable("database_unusable", "The platform's database or its keys cannot be used.", err)
	}
	return enrolled.NewKeeper(s.db, roll, s.signer, s.seal), nil
}

// openKeys opens what a keeper needs, and makes the ledger's tables.
func (s *Service) openKeys(ctx context.Context) (roll enrolled.Roll, err error) {
	if err := os.MkdirAll(filepath.Dir(s.config.Keys), 0o700); err != nil {
		return roll, err
	}
	if err := s.openDatabase(ctx); err != nil {
		return roll, err
	}
	if s.registry, err = registry.Open(ctx, s.db); err != nil {
		return roll, err
	}
	if err := s.config.Seed(ctx, s.registry); err != nil {
		return roll, err
	}
	if s.signer, err = cose.LoadOrCreate(s.config.Keys); err != nil {
		return roll, err
	}
	if s.seal, err = s.config.openSeal(); err != nil {
		return roll, err
	}
	if err = s.openPKI(ctx); err != nil {
		return roll, err
	}
	if _, err = newCustody(ctx, s.db); err != nil {
		return roll, err
	}
	return s.enrolled()
}

// As names who acts, for the audit log: see [registry.As].
func As(ctx context.Context, actor string) context.Context { return registry.As(ctx, actor) }
