package database

import (
	"context"
	"errors"
	"fmt"
)

// Step is what leads from one version of a part's tables to the next, in the words of each database. It may hold several statements.
type Step struct{ SQLite, Postgres string }

// Both is a step whose words both databases understand.
func Both(text string) Step { return Step{text, text} }

// Migrate brings the tables of a part to the version that the steps lead to: each part of the platform has tables and versions of its own, counted from 0.
// One of a newer version is refused. Processes that start at the same time wait for each other.
func (d *DB) Migrate(ctx context.Context, part string, steps ...Step) error {
	return d.Transact(ctx, func(t *Tx) error {
		if err := t.Lock(ctx, "migrate"); err != nil {
			return err
		}
		if _, err := t.conn.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS versions (part TEXT NOT NULL PRIMARY KEY, version BIGINT NOT NULL)"); err != nil {
			return err
		}
		version := 0
		err := t.Row(ctx, "SELECT version FROM versions WHERE part = ?", part).Scan(&version)
		if err != nil && !errors.Is(err, ErrNoRows) {
			return err
		}
		if version > len(steps) {
			return fmt.Errorf("the tables of %s were made by another version (%d, this is %d)", part, version, len(steps))
		}
		return t.climb(ctx, part, version, steps)
	})
}

func (t *Tx) climb(ctx context.Context, part string, version int, steps []Step) error {
	for ; version < len(steps); version++ {
		text := steps[version].SQLite
		if t.db.postgres {
			text = steps[version].Postgres
		}
		if _, err := t.conn.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("the tables of %s, version %d: %w", part, version+1, err)
		}
	}
	_, err := t.Exec(ctx, "INSERT INTO versions (part, version) VALUES (?, ?) ON CONFLICT (part) DO UPDATE SET version = excluded.version", part, version)
	return err
}
