package platform

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/wire"
)

// Custody is the ledger, open for writing. One process at a time writes a ledger; Take may be called by many goroutines, which
// wait for each other.
type Custody struct {
	mu     sync.Mutex // held by the one transaction at a time
	db     *sql.DB
	conn   *sql.Conn // the only connection that writes
	states *stateCodec
	q      statements

	route   func(scheme string) string // the acquirer that takes a scheme, "" for none; nil when QRs of tills are nobody's business here
	forward string                     // the acquirer that collects offline approvals, "" for none
	stirred chan struct{}              // gets a value when a transaction left something for the wallet
}

// statements are prepared once.
type statements struct {
	mark, stored, branch, branchTail, payments *sql.Stmt
	addMark, moveMark                          *sql.Stmt
	putRecords, putForks, putPayments          *bulk
	addTask, moveTask, wish, granted           *sql.Stmt
	lastResult, addResult                      *sql.Stmt
	task, due, wishes, owner                   *sql.Stmt // these read beside the one connection that writes
	standing, resultsOf, resultsAfter, payment *sql.Stmt
	refunds, addRefund, endRefund, pageOf      *sql.Stmt // in a transaction
	refundsOf, refundsOpen, lastOf, refundEnd  *sql.Stmt // beside it
	foreign                                    *sql.Stmt
	putForeign                                 *bulk
	addKey, keys                               *sql.Stmt
}

// readers is the number of connections that read beside the one that writes.
const readers = 4

// OpenCustody opens or creates the SQLite database for writing: WAL, and a commit returns when it is on disk. The log is copied
// back every 16 MB.
func OpenCustody(ctx context.Context, path string) (*Custody, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // SQLite would let everybody read it
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	if err := file.Close(); err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	db, err := openSQLite(path, "rw", "journal_mode(WAL)", "synchronous(FULL)", "cache_size(-16384)", "wal_autocheckpoint(4000)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(readers + 1)
	db.SetMaxIdleConns(readers)
	c := &Custody{db: db, stirred: make(chan struct{}, 1)}
	if err := c.open(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("ledger %s: %w", path, err)
	}
	return c, nil
}

func (c *Custody) open(ctx context.Context) (err error) {
	if c.states, err = newStateCodec(); err != nil {
		return err
	}
	if c.conn, err = c.db.Conn(ctx); err != nil {
		return err
	}
	if err := c.migrate(ctx); err != nil {
		return err
	}
	return c.prepare(ctx)
}

// migrate makes the tables of a new database, adds to those of an older one what it lacks, and refuses one of a newer version.
func (c *Custody) migrate(ctx context.Context) error {
	var version int
	if err := c.conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	steps := [schemaVersion]string{schemaCustody, schemaWallet, schemaRefunds} // from each version to the next one
	if version < 0 || version > schemaVersion {
		return fmt.Errorf("made by another version (schema %d, this is %d)", version, schemaVersion)
	}
	for ; version < schemaVersion; version++ {
		if err := c.transaction(ctx, func() error {
			_, err := c.conn.ExecContext(ctx, fmt.Sprintf("%s; PRAGMA user_version = %d", steps[version], version+1))
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

func (c *Custody) prepare(ctx context.Context) error {
	var failed error
	one := func(text string) *sql.Stmt {
		s, err := c.conn.PrepareContext(ctx, text)
		failed = errors.Join(failed, err)
		return s
	}
	many := func(text string, columns int) *bulk {
		b, err := prepareBulk(ctx, c.conn, text, columns)
		failed = errors.Join(failed, err)
		return b
	}
	c.q = statements{
		mark:       one("SELECT id, seq, head FROM marks WHERE till = ? AND epoch = ?"),
		stored:     one("SELECT id, held IS NOT NULL, bytes FROM records WHERE id BETWEEN ? AND ? ORDER BY id"),
		branch:     one("SELECT seq, hash FROM forks WHERE till = ? AND epoch = ? AND seq BETWEEN ? AND ?"),
		branchTail: one("SELECT count(*) FROM forks WHERE till = ? AND epoch = ? AND seq = ? AND hash = ?"),
		payments:   one("SELECT till, fork, state FROM payments WHERE payment IN (" + placeholders(lookupSize) + ")"),
		addMark:    one("INSERT INTO marks (till, epoch, seq, head, updated_at) VALUES (?,?,?,?,?)"),
		moveMark:   one("UPDATE marks SET seq = ?, head = ?, updated_at = ? WHERE id = ?"),
		putRecords: many("INSERT INTO records (kind, payment, held, received_at, signature, bytes, id)", 7),
		putForks:   many("INSERT INTO forks (kind, payment, held, received_at, signature, bytes, till, epoch, seq, hash)", 10),
		putPayments: many("INSERT OR REPLACE INTO payments "+
			"(payment, till, epoch, seq, order_ref, attempt, tender, status, amount, currency, fork, state)", 12),
	}
	c.q.foreign = one("SELECT till, fork, state FROM foreign_pages WHERE payment IN (" + placeholders(lookupSize) + ")")
	c.q.addKey = one("INSERT INTO till_keys (till, public) VALUES (?,?) ON CONFLICT DO NOTHING")
	c.q.putForeign = many("INSERT OR REPLACE INTO foreign_pages "+
		"(payment, till, of_till, epoch, seq, order_ref, attempt, tender, returned, at_acquirer, currency, fork, state)", 13)
	return errors.Join(failed, c.prepareWallet(ctx))
}

// Recall tells the register of tills which keys their records have named so far.
func (c *Custody) Recall(ctx context.Context, tills *Tills) error {
	_, err := all(ctx, c.q.keys, func(rows *sql.Rows) (none struct{}, err error) {
		var till pos.TillID
		var public []byte
		if err = rows.Scan(&till, &public); err == nil {
			tills.learn(till, public)
		}
		return none, err
	})
	return err
}

// Close ends the use of the database. Nothing is lost by not calling it.
func (c *Custody) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Join(c.conn.Close(), c.db.Close())
}

// Take takes deliveries into custody, all in one transaction, and returns the acknowledgement of each. They may be signed and
// sent: what they say is on disk. On an error nothing was taken and nothing may be acknowledged; the tills will send again.
func (c *Custody) Take(ctx context.Context, deliveries ...*Delivery) ([]wire.Ack, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	acks := make([]wire.Ack, 0, len(deliveries))
	stirs := false
	err := c.transaction(ctx, func() error {
		s, err := c.begin(ctx, deliveries)
		if err != nil {
			return err
		}
		for _, d := range deliveries {
			ack, err := s.ingest(d)
			if err != nil {
				return err
			}
			acks = append(acks, ack)
		}
		stirs = len(s.stirs) > 0
		return s.write()
	})
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	if stirs {
		c.stir()
	}
	return acks, nil
}

// transaction runs f between BEGIN and COMMIT. Cancelling the context ends it before the COMMIT or not at all.
func (c *Custody) transaction(ctx context.Context, f func() error) error {
	if _, err := c.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := f()
	if err == nil {
		_, err = c.conn.ExecContext(context.WithoutCancel(ctx), "COMMIT")
	}
	if err != nil {
		_, back := c.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		return errors.Join(err, back)
	}
	return nil
}

// clock is the platform's clock in milliseconds since 1970-01-01 UTC.
func clock() int64 { return time.Now().UnixMilli() }
