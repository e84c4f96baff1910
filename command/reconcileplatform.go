package command

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/sync/platform"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/registry"
	"github.com/tillproof/tillproof/sync/platform/settle"
	"github.com/tillproof/tillproof/sync/reconcile"
)

// ledgerColumns reads the ledger of a demo's platform, for reading only, and proves it by its own records.
func ledgerColumns(ctx context.Context, folder string, zone *time.Location) (*reconcile.Columns, error) {
	path := filepath.Join(folder, "ledger.db")
	db, err := database.OpenReader(ctx, path)
	if err != nil {
		return nil, exit(exitAway, fmt.Errorf("the ledger %s cannot be read: %w", path, err))
	}
	defer db.Close()
	source := &settle.Source{}
	if config, err := platform.LoadConfig(filepath.Join(folder, "config.yaml")); err == nil {
		source = config.Source()
	}
	source.DB, source.Zone = db, zone
	return proved(ctx, source)
}

func proved(ctx context.Context, source *settle.Source) (*reconcile.Columns, error) {
	c, err := source.Columns(ctx)
	if err != nil {
		return nil, exit(exitNot, fmt.Errorf("the ledger is damaged: %w", err))
	}
	return c, nil
}

// openSource opens the database of a platform's configuration. The caller closes it.
func openSource(ctx context.Context, path string, zone *time.Location) (*settle.Source, error) {
	config, err := platform.LoadConfig(path)
	if err != nil {
		return nil, exit(exitUsage, err)
	}
	if _, err := os.Stat(config.Database); err != nil && !database.IsPostgres(config.Database) {
		return nil, exit(exitAway, fmt.Errorf("there is no ledger yet, and nothing was changed: start the platform once: %w", err))
	}
	ledger, err := platform.OpenCustody(ctx, config.Database) // a database that only commands have used has no ledger yet
	if err == nil {
		err = ledger.Close()
	}
	if err != nil {
		return nil, exit(exitAway, fmt.Errorf("the platform's ledger cannot be opened: %w", err))
	}
	db, err := database.Open(ctx, config.Database)
	if err != nil {
		return nil, exit(exitAway, fmt.Errorf("the platform's database cannot be opened: %w", err))
	}
	s := config.Source()
	s.DB, s.Zone = db, zone
	if s.Registry, err = registry.Open(ctx, db); err == nil {
		s.Statements, err = settle.Open(ctx, db)
	}
	if err != nil {
		db.Close()
		return nil, exit(exitAway, fmt.Errorf("the platform's database cannot be used: %w", err))
	}
	return s, nil
}

// platformColumns reads a platform's ledger and statements, and the journals of tills.
func platformColumns(ctx context.Context, path string, journals []string, zone *time.Location) (*reconcile.Columns, error) {
	source, err := openSource(ctx, path, zone)
	if err != nil {
		return nil, err
	}
	defer source.DB.Close()
	c, err := proved(ctx, source)
	if err != nil {
		return nil, err
	}
	c.Limits = source.Late(time.Now())
	for _, dir := range journals {
		own := agent.PathsIn(dir).Journal
		if _, err := os.Stat(own); err != nil {
			if own = dir; !isFolder(dir) {
				return nil, exit(exitAway, fmt.Errorf("there is no journal in %s: %w", dir, fs.ErrNotExist))
			}
		}
		if err := takeJournal(c, own); err != nil {
			return nil, err
		}
	}
	return c, nil
}
