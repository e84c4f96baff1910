package database

import (
	"context"
	"errors"
	"fmt"
)

// ErrNotSQLite says that a PostgreSQL database is copied by its own tools.
var ErrNotSQLite = errors.New("only SQLite is copied by its file")

// CopyTo writes a consistent copy of an SQLite database into a file, which must be empty, as it was at one moment; others may read and write meanwhile, in
// this process and in others. The copy is read through once: on nil it is whole. It is not on disk yet.
func (d *DB) CopyTo(ctx context.Context, path string) error {
	if d.postgres {
		return ErrNotSQLite
	}
	if _, err := d.pool.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		return err
	}
	return checkCopy(ctx, path)
}

// checkCopy reads every page and index of a copy.
func checkCopy(ctx context.Context, path string) (err error) {
	pool, err := openSQLite(path, "ro")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	var verdict string
	if err := pool.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("the copy is damaged: %s", verdict)
	}
	return nil
}
