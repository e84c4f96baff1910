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

const makeVersions = "CREATE TABLE IF NOT EXISTS versions (part TEXT NOT NULL PRIMARY KEY, version BIGINT NOT NULL)"

// Adopt takes SQLite's user_version for the version of a part, for files that were made before parts had versions. The part's steps go on keeping it.
func (d *DB) Adopt(ctx context.Context, part string) error {
	return d.Transact(ctx, func(t *Tx) error {
		if _, err := t.conn.ExecContext(ctx, makeVersions); err != nil {
			return err
		}
		_, err := t.Exec(ctx, "INSERT INTO versions (part, version) SELECT ?, user_version FROM pragma_user_version() WHERE user_version <> 0 "+
			"ON CONFLICT (part) DO UPDATE SET version = excluded.version", part)
		return err
	})
}

// Version is the version of a part's tables, 0 when there are none.
func (d *DB) Version(ctx context.Context, part string) (version int, err error) {
	err = d.Row(ctx, "SELECT version FROM versions WHERE part = ?", part).Scan(&version)
	if errors.Is(err, ErrNoRows) {
		err = nil
	}
	return version, err
}

// Migrate brings the tables of a part to the version that the steps lead to: each part of the platform has tables and versions of its own, counted from 0.
// One of a newer version is refused. Processes that start at the same time wait for each other.
func (d *DB) Migrate(ctx context.Context, part string, steps ...Step) error {
	return d.Transact(ctx, func(t *Tx) error {
		if err := t.Lock(ctx, "migrate"); err != nil {
			return err
		}
		if _, err := t.conn.ExecContext(ctx, makeVersions); err != nil {
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
		if text == "" {
			continue
		}
		if _, err := t.conn.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("the tables of %s, version %d: %w", part, version+1, err)
		}
	}
	_, err := t.Exec(ctx, "INSERT INTO versions (part, version) VALUES (?, ?) ON CONFLICT (part) DO UPDATE SET version = excluded.version", part, version)
	return err
}
