// Package leases shares the partitions of tills among the replicas of a platform that keep one ledger in PostgreSQL. Nobody relies on knowing who has a
// lease: every write looks at it in its own transaction.
package leases

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/wire"
)

// Every is the pause after which leases are to be renewed.
const Every = 2 * time.Second

// The times of a lease, by the database's clock.
const (
	lasts   = 10 * time.Second // of silence, after which others take over
	trusted = 8 * time.Second  // a replica trusts what it has been told for so long, by its own clock
)

// Leases are the partitions of tills that this replica serves, among all that share one PostgreSQL. Who has lost a lease may not know it yet: so every
// write of the wallet and of the intake is fenced by [Leases.Guard] in its own transaction. It is safe for concurrent use.
type Leases struct {
	db     *database.DB
	holder string // this replica's name, new with each start

	mu      sync.Mutex
	held    []int64   // in order; guarded by mu
	until   time.Time // when held is trusted; guarded by mu
	changed chan struct{}
}

// schema makes a row for each partition. until is in milliseconds of the database's clock; a holder of "" has given it back.
const schema = `
CREATE TABLE leases (part BIGINT NOT NULL PRIMARY KEY, holder TEXT NOT NULL, until BIGINT NOT NULL);

CREATE TABLE replicas (holder TEXT NOT NULL PRIMARY KEY, until BIGINT NOT NULL);

INSERT INTO leases (part, holder, until) SELECT n, '', 0 FROM generate_series(0, 63) AS n;
`

// dbClock is the database's clock in milliseconds since 1970-01-01 UTC; it goes on within a transaction.
const dbClock = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"

// Open makes the tables where they are missing, and a name for this replica. It has no partitions before it is renewed. The database stays the caller's.
func Open(ctx context.Context, db *database.DB) (*Leases, error) {
	l := &Leases{db: db, holder: "replica-" + strings.ToLower(rand.Text()[:12]), changed: make(chan struct{}, 1)}
	return l, db.Migrate(ctx, "leases", database.Step{Postgres: schema})
}

// Holder is this replica's name, new with each start.
func (l *Leases) Holder() string { return l.holder }

// Changed gets a value when what this replica has is not what it was.
func (l *Leases) Changed() <-chan struct{} { return l.changed }

// End gives back what is held, so that others need not wait.
func (l *Leases) End(ctx context.Context) error {
	return l.db.Transact(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE leases SET holder = '', until = 0 WHERE holder = ?", l.holder)
		if err == nil {
			_, err = tx.Exec(ctx, "DELETE FROM replicas WHERE holder = ?", l.holder)
		}
		return err
	})
}

// Renew prolongs what is held, and then gives back what is beyond a fair share, or takes what is free up to it. It is to be called every [Every]. After an
// error what is held is held until it is not trusted any more; others take it over then.
func (l *Leases) Renew(ctx context.Context) error {
	asked := time.Now()
	held, err := l.prolong(ctx)
	if err != nil {
		return fmt.Errorf("leases: %w", err)
	}
	l.believe(held, asked)
	err = l.db.Transact(ctx, func(tx *database.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '2s'"); err != nil {
			return err
		}
		if err := tx.Lock(ctx, "leases"); err != nil {
			return err
		}
		held, err = l.balance(ctx, tx)
		return err
	})
	if err != nil {
		return fmt.Errorf("leases: %w", err)
	}
	l.believe(held, asked)
	return nil
}

// believe takes over what the database has said, and tells of a change.
func (l *Leases) believe(held []int64, asked time.Time) {
	l.mu.Lock()
	moved := !slices.Equal(held, l.held)
	l.held, l.until = held, asked.Add(trusted)
	l.mu.Unlock()
	if !moved {
		return
	}
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

// prolong says that this replica lives, and lists what it has.
func (l *Leases) prolong(ctx context.Context) (held []int64, err error) {
	err = l.db.Transact(ctx, func(tx *database.Tx) error {
		const lives = "INSERT INTO replicas (holder, until) VALUES (?, " + dbClock + " + ?) ON CONFLICT (holder) DO UPDATE SET until = excluded.until"
		if _, err := tx.Exec(ctx, lives, l.holder, lasts.Milliseconds()); err != nil {
			return err
		}
		held, err = parts(ctx, tx, "UPDATE leases SET until = "+dbClock+" + ? WHERE holder = ? RETURNING part", lasts.Milliseconds(), l.holder)
		slices.Sort(held)
		return err
	})
	return held, err
}

// balance brings what this replica has to its fair share among those that live.
func (l *Leases) balance(ctx context.Context, tx *database.Tx) (held []int64, err error) {
	if _, err := tx.Exec(ctx, "DELETE FROM replicas WHERE until < "+dbClock); err != nil {
		return nil, err
	}
	var replicas int
	if err := tx.Row(ctx, "SELECT count(*) FROM replicas").Scan(&replicas); err != nil {
		return nil, err
	}
	share := (wire.Partitions + replicas - 1) / max(1, replicas)
	if held, err = parts(ctx, tx, "SELECT part FROM leases WHERE holder = ? ORDER BY part", l.holder); err != nil {
		return nil, err
	}
	if len(held) > share {
		return held[:share], l.hand(ctx, tx, held[share:], "", -1)
	}
	free, err := parts(ctx, tx, "SELECT part FROM leases WHERE until < "+dbClock+" ORDER BY part LIMIT ?", share-len(held))
	if err != nil || len(free) == 0 {
		return held, err
	}
	held = append(held, free...)
	slices.Sort(held)
	return held, l.hand(ctx, tx, free, l.holder, lasts.Milliseconds())
}

func parts(ctx context.Context, tx *database.Tx, text string, args ...any) ([]int64, error) {
	return database.All(ctx, tx, func(row database.Scanner) (n int64, err error) { return n, row.Scan(&n) }, text, args...)
}

// hand gives partitions to a holder. It waits for the transactions that are fenced by them: after it nothing of the former holder is written any more.
func (l *Leases) hand(ctx context.Context, tx *database.Tx, list []int64, holder string, forMS int64) error {
	if err := tx.LockAll(ctx, fences(list)...); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "UPDATE leases SET holder = ?, until = "+dbClock+" + ? WHERE part = ANY (?)", holder, forMS, list)
	return err
}

// List are the partitions that this replica believes to have.
func (l *Leases) List() []int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Now().After(l.until) {
		return nil
	}
	return slices.Clone(l.held)
}

// Holds says whether this replica believes to have a till.
func (l *Leases) Holds(till pos.TillID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, found := slices.BinarySearch(l.held, int64(wire.Partition(till)))
	return found && time.Now().Before(l.until)
}
