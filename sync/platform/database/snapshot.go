package database

import (
	"context"
	"database/sql"
)

// Snapshot reads many tables as they were at one moment, beside those that write. It is for one goroutine, and for no longer than the function that was
// given it; rows are closed before the next question.
type Snapshot struct {
	db *DB
	tx *sql.Tx
}

// Read runs f on a snapshot of the database. On SQLite the log cannot be copied back behind it until f returns.
func (d *DB) Read(ctx context.Context, f func(*Snapshot) error) error {
	options := &sql.TxOptions{ReadOnly: true}
	if d.postgres {
		options.Isolation = sql.LevelRepeatableRead
	}
	tx, err := d.pool.BeginTx(ctx, options)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	return f(&Snapshot{d, tx})
}

// Query implements [Querier].
func (s *Snapshot) Query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if s.db.postgres {
		text = s.db.bind(text)
	}
	return s.tx.QueryContext(ctx, text, args...)
}

// Row reads one row.
func (s *Snapshot) Row(ctx context.Context, text string, args ...any) Scanner {
	if s.db.postgres {
		text = s.db.bind(text)
	}
	return s.tx.QueryRowContext(ctx, text, args...)
}

// Has says whether there is a table, or a view, of that name with that column.
func (d *DB) Has(ctx context.Context, table, column string) (bool, error) {
	text := "SELECT count(*) FROM pragma_table_info(?) WHERE name = ?"
	if d.postgres {
		text = "SELECT count(*) FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = ? AND column_name = ?"
	}
	n := 0
	err := d.Row(ctx, text, table, column).Scan(&n)
	return n > 0, err
}
