package platform

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/wire"
)

// The times of a lease, by the database's clock.
const (
	leaseFor   = 10 * time.Second // of silence, after which others take over
	leaseEvery = 2 * time.Second  // a lease is renewed
	leaseTrust = 8 * time.Second  // a replica trusts what it has been told for so long, by its own clock
)

// errNotLeased says that another replica has the till now: nothing was done, and nothing may be acknowledged or answered.
var errNotLeased = errors.New("the till's partition is leased by another replica")

// leases are the partitions of tills that this replica serves, among all that share one PostgreSQL. Who has lost a lease may not know it yet: so every
// write of the wallet and of the intake is fenced by [leases.guard] in its own transaction. It is safe for concurrent use.
type leases struct {
	db     *database.DB
	holder string // this replica's name, new with each start

	mu      sync.Mutex
	held    []int64   // in order; guarded by mu
	trusted time.Time // until when; guarded by mu
	changed chan struct{}
}

// schemaLeases makes a row for each partition. until is in milliseconds of the database's clock; a holder of "" has given it back.
const schemaLeases = `
CREATE TABLE leases (part BIGINT NOT NULL PRIMARY KEY, holder TEXT NOT NULL, until BIGINT NOT NULL);

CREATE TABLE replicas (holder TEXT NOT NULL PRIMARY KEY, until BIGINT NOT NULL);

INSERT INTO leases (part, holder, until) SELECT n, '', 0 FROM generate_series(0, 63) AS n;
`

// dbClock is the database's clock in milliseconds since 1970-01-01 UTC; it goes on within a transaction.
const dbClock = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"

func newLeases(ctx context.Context, db *database.DB) (*leases, error) {
	l := &leases{db: db, holder: "replica-" + strings.ToLower(rand.Text()[:12]), changed: make(chan struct{}, 1)}
	return l, db.Migrate(ctx, "leases", database.Step{Postgres: schemaLeases})
}

// run renews until the context ends, and gives everything back then, so that others need not wait.
func (l *leases) run(ctx context.Context, log func(error)) {
	tick := time.NewTicker(leaseEvery)
	defer tick.Stop()
	for {
		if err := l.renew(ctx); err != nil && ctx.Err() == nil {
			log(err)
		}
		select {
		case <-ctx.Done():
			l.end(context.WithoutCancel(ctx), log)
			return
		case <-tick.C:
		}
	}
}

// end gives back what is held.
func (l *leases) end(ctx context.Context, log func(error)) {
	ctx, cancel := context.WithTimeout(ctx, leaseEvery)
	defer cancel()
	err := l.db.Transact(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE leases SET holder = '', until = 0 WHERE holder = ?", l.holder)
		if err == nil {
			_, err = tx.Exec(ctx, "DELETE FROM replicas WHERE holder = ?", l.holder)
		}
		return err
	})
	if err != nil {
		log(err)
	}
}

// renew prolongs what is held, and then gives back what is beyond a fair share, or takes what is free up to it.
func (l *leases) renew(ctx context.Context) error {
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
func (l *leases) believe(held []int64, asked time.Time) {
	l.mu.Lock()
	moved := !slices.Equal(held, l.held)
	l.held, l.trusted = held, asked.Add(leaseTrust)
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
func (l *leases) prolong(ctx context.Context) (held []int64, err error) {
	err = l.db.Transact(ctx, func(tx *database.Tx) error {
		const lives = "INSERT INTO replicas (holder, until) VALUES (?, " + dbClock + " + ?) ON CONFLICT (holder) DO UPDATE SET until = excluded.until"
		if _, err := tx.Exec(ctx, lives, l.holder, leaseFor.Milliseconds()); err != nil {
			return err
		}
		held, err = parts(ctx, tx, "UPDATE leases SET until = "+dbClock+" + ? WHERE holder = ? RETURNING part", leaseFor.Milliseconds(), l.holder)
		slices.Sort(held)
		return err
	})
	return held, err
}

// balance brings what this replica has to its fair share among those that live.
func (l *leases) balance(ctx context.Context, tx *database.Tx) (held []int64, err error) {
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
	return held, l.hand(ctx, tx, free, l.holder, leaseFor.Milliseconds())
}

func parts(ctx context.Context, tx *database.Tx, text string, args ...any) ([]int64, error) {
	return database.All(ctx, tx, func(row database.Scanner) (n int64, err error) { return n, row.Scan(&n) }, text, args...)
}

// hand gives partitions to a holder. It waits for the transactions that are fenced by them: after it nothing of the former holder is written any more.
func (l *leases) hand(ctx context.Context, tx *database.Tx, list []int64, holder string, forMS int64) error {
	if err := tx.LockAll(ctx, fences(list)...); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "UPDATE leases SET holder = ?, until = "+dbClock+" + ? WHERE part = ANY (?)", holder, forMS, list)
	return err
}

// fences are the names of the locks of partitions.
func fences(list []int64) []string {
	names := make([]string, len(list))
	for i, n := range list {
		names[i] = fmt.Sprintf("lease/%02d", n)
	}
	return names
}

// guard fails with [errNotLeased] unless this replica has the tills until the transaction ends: whoever takes them over waits for that.
func (l *leases) guard(ctx context.Context, tx *database.Tx, tills ...pos.TillID) error {
	list := make([]int64, 0, len(tills))
	for _, till := range tills {
		if n := int64(wire.Partition(till)); !slices.Contains(list, n) {
			list = append(list, n)
		}
	}
	if err := tx.ShareAll(ctx, fences(list)...); err != nil {
		return err
	}
	var n int
	const text = "SELECT count(*) FROM leases WHERE part = ANY (?) AND holder = ? AND until > " + dbClock
	if err := tx.Row(ctx, text, list, l.holder).Scan(&n); err != nil {
		return err
	}
	if n != len(list) {
		return errNotLeased
	}
	return nil
}

// list are the partitions that this replica believes to have.
func (l *leases) list() []int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Now().After(l.trusted) {
		return nil
	}
	return slices.Clone(l.held)
}

// holds says whether this replica believes to have a till.
func (l *leases) holds(till pos.TillID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, found := slices.BinarySearch(l.held, int64(wire.Partition(till)))
	return found && time.Now().Before(l.trusted)
}
