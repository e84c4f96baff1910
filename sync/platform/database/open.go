package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver registers itself under "pgx"
)

// DB is an open database. It is safe for concurrent use.
type DB struct {
	pool     *sql.DB
	postgres bool

	mu     sync.Mutex           // SQLite: held by the one transaction
	writer *sql.Conn            // SQLite: the only connection that writes; nil when opened for reading
	own    map[string]*sql.Stmt // SQLite: prepared on writer; guarded by mu
	shared sync.Map             // SQLite: text to *sql.Stmt of the connections that read
	texts  sync.Map             // PostgreSQL: text with ? to text with $1
}

// readers is the number of SQLite connections that read beside the one that writes; pool is the number of PostgreSQL connections of a process.
const (
	readers  = 4
	poolSize = 12
)

// IsPostgres says whether an address names a PostgreSQL database; any other is the path of an SQLite file.
func IsPostgres(address string) bool {
	return strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://")
}

// Name is an address without its password, for messages.
func Name(address string) string {
	if !IsPostgres(address) {
		return address
	}
	u, err := url.Parse(address)
	if err != nil {
		return "postgres:"
	}
	return u.Scheme + "://" + u.Host + u.Path
}

// Open opens a database for reading and writing: "postgres://user@host/name", or the path of an SQLite file, which is created if missing, for its owner
// alone (WAL; a commit returns when it is on disk, and the log is copied back every 16 MB).
func Open(ctx context.Context, address string) (*DB, error) {
	if IsPostgres(address) {
		return openPostgres(ctx, address, "")
	}
	file, err := os.OpenFile(address, os.O_CREATE|os.O_RDWR, 0o600) // SQLite would let everybody read it
	if err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	pool, err := openSQLite(address, "rw", "journal_mode(WAL)", "synchronous(FULL)", "cache_size(-16384)", "wal_autocheckpoint(4000)")
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(readers + 1)
	pool.SetMaxIdleConns(readers)
	d := &DB{pool: pool, own: map[string]*sql.Stmt{}}
	if d.writer, err = pool.Conn(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return d, nil
}

// OpenReader opens a database that exists, for reading only.
func OpenReader(ctx context.Context, address string) (*DB, error) {
	if IsPostgres(address) {
		return openPostgres(ctx, address, "on")
	}
	if _, err := os.Stat(address); err != nil {
		return nil, err
	}
	pool, err := openSQLite(address, "ro")
	if err != nil {
		return nil, err
	}
	return &DB{pool: pool}, nil
}

func openSQLite(path, mode string, pragmas ...string) (*sql.DB, error) {
	query := url.Values{"mode": {mode}, "_pragma": append(pragmas, "busy_timeout(20000)")}
	file := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: query.Encode()}
	return sql.Open("sqlite", file.String())
}

// openPostgres connects once, so that a wrong address is known at once. A commit that returns is on disk, whatever the server's default.
func openPostgres(ctx context.Context, address, readOnly string) (*DB, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the database's address is no URL") // the error of url.Parse repeats the password
	}
	query := u.Query()
	for name, value := range map[string]string{"default_transaction_read_only": readOnly, "synchronous_commit": "on", "application_name": "tillproof",
		"idle_in_transaction_session_timeout": "15s", "tcp_keepalives_idle": "5", "tcp_keepalives_interval": "2", "tcp_keepalives_count": "3"} {
		if value != "" && !query.Has(name) {
			query.Set(name, value)
		}
	}
	u.RawQuery = query.Encode()
	pool, err := sql.Open("pgx", u.String())
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(poolSize)
	pool.SetMaxIdleConns(poolSize)
	if err := pool.PingContext(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("PostgreSQL at %s: %w", u.Host, err)
	}
	return &DB{pool: pool, postgres: true}, nil
}

// Postgres says whether this is PostgreSQL.
func (d *DB) Postgres() bool { return d.postgres }

// Ping says whether the database answers.
func (d *DB) Ping(ctx context.Context) error { return d.pool.PingContext(ctx) }

// Close ends the use of the database. Nothing that was committed is lost by not calling it.
func (d *DB) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var err error
	if d.writer != nil {
		err = d.writer.Close()
	}
	return errors.Join(err, d.pool.Close())
}
