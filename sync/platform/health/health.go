// Package health finds out whether the platform's database takes writes: without that nothing is acknowledged, and the tills keep their records.
package health

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/tillproof/tillproof/sync/platform/database"
)

// How often it is found out, and how old that news may be.
const (
	every = 5 * time.Second
	fresh = 3 * every
)

// Health knows when the database last took a write. It is safe for concurrent use.
type Health struct {
	db      *database.DB
	name    string       // of this process
	written atomic.Int64 // when the database last took a write, milliseconds since 1970-01-01 UTC
}

// Open makes the table that is written to, under the name of this process, and writes to it. The database stays the caller's.
func Open(ctx context.Context, db *database.DB, name string) (*Health, error) {
	h := &Health{db: db, name: name}
	return h, errors.Join(db.Migrate(ctx, "health", database.Both("CREATE TABLE health (name TEXT NOT NULL PRIMARY KEY, at BIGINT NOT NULL)")), h.probe(ctx))
}

// probe writes one row. Rows of processes that are gone for a day are removed with it.
func (h *Health) probe(ctx context.Context) error {
	now := time.Now().UnixMilli()
	err := h.db.Transact(ctx, func(tx *database.Tx) error {
		_, old := tx.Exec(ctx, "DELETE FROM health WHERE at < ?", now-(24*time.Hour).Milliseconds())
		_, err := tx.Exec(ctx, "INSERT INTO health (name, at) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET at = excluded.at", h.name, now)
		return errors.Join(old, err)
	})
	if err == nil {
		h.Wrote()
	}
	return err
}

// Wrote notes that the database took a write.
func (h *Health) Wrote() { h.written.Store(time.Now().UnixMilli()) }

// Writable says whether the database took a write lately.
func (h *Health) Writable() bool {
	return time.Now().UnixMilli()-h.written.Load() < fresh.Milliseconds()
}

// Run probes until the context ends. While batches are committed there is nothing to find out. What fails is told and tried again.
func (h *Health) Run(ctx context.Context, failed func(error)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if time.Now().UnixMilli()-h.written.Load() < every.Milliseconds()/2 {
			continue
		}
		if err := h.probe(ctx); err != nil && ctx.Err() == nil {
			failed(err)
		}
	}
}
