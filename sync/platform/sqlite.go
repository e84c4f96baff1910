package platform

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"net/url"
	"strings"

	_ "modernc.org/sqlite" // the driver registers itself under "sqlite"
)

// openSQLite opens a database file with pragmas, such as "synchronous(FULL)".
func openSQLite(path, mode string, pragmas ...string) (*sql.DB, error) {
	query := url.Values{"mode": {mode}, "_pragma": append(pragmas, "busy_timeout(5000)")}
	file := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: query.Encode()}
	return sql.Open("sqlite", file.String())
}

// bulk writes many rows with few statements: SQLite's cost of a statement is about that of a row.
type bulk struct {
	many, one *sql.Stmt
	columns   int
}

// bulkRows is the number of rows of the large statement.
const bulkRows = 50

// prepareBulk prepares "<insert> VALUES (?,...)" for one row and for bulkRows rows.
func prepareBulk(ctx context.Context, conn *sql.Conn, insert string, columns int) (*bulk, error) {
	row := "(?" + strings.Repeat(",?", columns-1) + ")"
	one, err := conn.PrepareContext(ctx, insert+" VALUES "+row)
	if err != nil {
		return nil, err
	}
	many, err := conn.PrepareContext(ctx, insert+" VALUES "+row+strings.Repeat(","+row, bulkRows-1))
	if err != nil {
		return nil, err
	}
	return &bulk{many: many, one: one, columns: columns}, nil
}

// insert writes rows, whose values stand one after another.
func (b *bulk) insert(ctx context.Context, values []any) error {
	for len(values) > 0 {
		stmt, n := b.one, b.columns
		if len(values) >= bulkRows*b.columns {
			stmt, n = b.many, bulkRows*b.columns
		}
		if _, err := stmt.ExecContext(ctx, values[:n]...); err != nil {
			return err
		}
		values = values[n:]
	}
	return nil
}

// blob is a byte array that is read from a column of exactly its length.
func blob(to []byte, from []byte, column string) error {
	if len(from) != len(to) {
		return fmt.Errorf("ledger: %s has %d bytes, not %d", column, len(from), len(to))
	}
	copy(to, from)
	return nil
}

// orNull is b, or SQL's NULL when there is nothing.
func orNull(b []byte) driver.Value {
	if len(b) == 0 {
		return nil
	}
	return b
}
