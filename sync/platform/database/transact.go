package database

import (
	"context"
	"database/sql"
	"errors"
	"hash/fnv"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
)

// Tx is a transaction under way. It is for one goroutine, and for no longer than the function that was given it.
type Tx struct {
	db   *DB
	conn *sql.Conn
}

// Transact runs f in one transaction and commits it; what an error of f leaves is rolled back. When it returns nil everything is on disk. After an error of
// the commit itself it is open whether it was committed: whoever must know reads again. A context that ends does so before the COMMIT or not at all.
//
// Where PostgreSQL gives up a transaction for another one (40001, 40P01), f runs again: it must change nothing but the database.
func (d *DB) Transact(ctx context.Context, f func(*Tx) error) error {
	if !d.postgres {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.writer == nil {
			return errors.New("the database is open for reading only")
		}
		return (&Tx{d, d.writer}).run(ctx, "BEGIN IMMEDIATE", f)
	}
	conn, err := d.pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	for tries := 0; ; tries++ {
		err := (&Tx{d, conn}).run(ctx, "BEGIN", f)
		if tries == mostTries || !givenUp(err) || ctx.Err() != nil {
			return err
		}
	}
}

// mostTries bounds how often a transaction that was given up for others is run again.
const mostTries = 10

// givenUp says whether PostgreSQL has rolled a transaction back for the sake of another one: serialization_failure or deadlock_detected.
func givenUp(err error) bool {
	pg := (*pgconn.PgError)(nil)
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// Taken says whether a row could not be written because there is one with its key. The transaction is lost then.
func Taken(err error) bool {
	pg := (*pgconn.PgError)(nil)
	lite := (*sqlite.Error)(nil)
	return errors.As(err, &pg) && pg.Code == "23505" || errors.As(err, &lite) && (lite.Code() == 1555 || lite.Code() == 2067)
}

func (t *Tx) run(ctx context.Context, begin string, f func(*Tx) error) error {
	if _, err := t.conn.ExecContext(ctx, begin); err != nil {
		return err
	}
	err := f(t)
	if err == nil {
		_, err = t.conn.ExecContext(context.WithoutCancel(ctx), "COMMIT")
	}
	if err != nil {
		_, back := t.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		return errors.Join(err, back)
	}
	return nil
}

// Postgres says whether this is PostgreSQL.
func (t *Tx) Postgres() bool { return t.db.postgres }

// Exec changes rows and returns how many.
func (t *Tx) Exec(ctx context.Context, text string, args ...any) (rows int64, err error) {
	var r sql.Result
	if t.db.postgres {
		r, err = t.conn.ExecContext(ctx, t.db.bind(text), args...)
	} else {
		var stmt *sql.Stmt
		if stmt, err = t.prepared(ctx, text); err == nil {
			r, err = stmt.ExecContext(ctx, args...)
		}
	}
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// Row reads one row.
func (t *Tx) Row(ctx context.Context, text string, args ...any) Scanner {
	if t.db.postgres {
		return t.conn.QueryRowContext(ctx, t.db.bind(text), args...)
	}
	stmt, err := t.prepared(ctx, text)
	if err != nil {
		return failed{err}
	}
	return stmt.QueryRowContext(ctx, args...)
}

// Query reads rows. The caller closes them before it asks for anything else.
func (t *Tx) Query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if t.db.postgres {
		return t.conn.QueryContext(ctx, t.db.bind(text), args...)
	}
	stmt, err := t.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

// ForUpdate is what a SELECT ends with that locks its rows until the commit. SQLite has one writer and needs none.
func (t *Tx) ForUpdate() string {
	if t.db.postgres {
		return " FOR UPDATE"
	}
	return ""
}

// Lock makes transactions that lock the same name wait for each other, in all processes, until they end. Several locks of a transaction are taken in the
// order of their names, or two transactions wait for each other.
func (t *Tx) Lock(ctx context.Context, name string) error {
	return t.LockAll(ctx, name)
}

// LockAll is [Tx.Lock] of many names with one question, in an order that is the same for everybody.
func (t *Tx) LockAll(ctx context.Context, names ...string) error {
	return t.lockAll(ctx, "pg_advisory_xact_lock", names)
}

// ShareAll waits for those who hold one of the names by [Tx.LockAll], and makes them wait; several may share a name. It has no effect with SQLite.
func (t *Tx) ShareAll(ctx context.Context, names ...string) error {
	return t.lockAll(ctx, "pg_advisory_xact_lock_shared", names)
}

func (t *Tx) lockAll(ctx context.Context, how string, names []string) error {
	if !t.db.postgres || len(names) == 0 {
		return nil
	}
	keys := make([]int64, len(names))
	for i, name := range names {
		h := fnv.New64a()
		h.Write([]byte(name))
		keys[i] = int64(h.Sum64())
	}
	slices.Sort(keys)
	_, err := t.conn.ExecContext(ctx, "SELECT "+how+"(k) FROM unnest($1::BIGINT[]) WITH ORDINALITY AS l (k, n) ORDER BY n", keys)
	return err
}

// prepared is a statement of SQLite's writing connection, prepared once.
func (t *Tx) prepared(ctx context.Context, text string) (*sql.Stmt, error) {
	if stmt := t.db.own[text]; stmt != nil {
		return stmt, nil
	}
	stmt, err := t.conn.PrepareContext(ctx, text)
	if err == nil {
		t.db.own[text] = stmt
	}
	return stmt, err
}
