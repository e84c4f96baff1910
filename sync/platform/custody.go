package platform

import (
	"context"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/leases"
	"github.com/tillproof/tillproof/sync/platform/work"
	"github.com/tillproof/tillproof/sync/wire"
)

// Custody is the ledger, open for writing. It is safe for concurrent use: with SQLite one transaction waits for another one, with PostgreSQL those of
// different tills run beside each other.
type Custody struct {
	db     *database.DB
	own    bool // whether db ends with this
	states *stateCodec

	merchant func(pos.TillID) pos.MerchantID // whose till it is; nil when nobody knows
	route    func(scheme string) string      // the acquirer that takes a scheme, "" for none; nil when QRs of tills are nobody's business here
	forward  string                          // the acquirer that collects offline approvals, "" for none
	work     *work.Work                      // what people must look at; nil when nobody keeps such a list
	stirred  chan struct{}                   // gets a value when a transaction left something for the wallet
	leases   *leases.Leases                  // which tills are this replica's; nil for all: nobody else writes then
}

// OpenCustody opens or creates a ledger for writing: the path of an SQLite file, or the address of a PostgreSQL database (see [database.Open]).
func OpenCustody(ctx context.Context, address string) (*Custody, error) {
	db, err := database.Open(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	c, err := newCustody(ctx, db)
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("ledger %s: %w", database.Name(address), err)
	}
	c.own = true
	return c, nil
}

// newCustody makes the ledger's tables in a database, or brings those of an earlier version up to date.
func newCustody(ctx context.Context, db *database.DB) (*Custody, error) {
	states, err := newStateCodec()
	if err != nil {
		return nil, err
	}
	c := &Custody{db: db, states: states, stirred: make(chan struct{}, 1)}
	if err := migrate(ctx, db); err != nil {
		return nil, err
	}
	return c, c.partitions(ctx, time.Now())
}

// Recall tells the register of tills which keys their records have named so far.
func (c *Custody) Recall(ctx context.Context, tills *Tills) error {
	_, err := database.All(ctx, c.db, func(row database.Scanner) (none struct{}, err error) {
		var till pos.TillID
		var public []byte
		if err = row.Scan(&till, &public); err == nil {
			tills.book.Learn(till, public, cose.KeyID{})
		}
		return none, err
	}, "SELECT till, public FROM till_keys")
	return err
}

// Close ends the use of the database. Nothing is lost by not calling it.
func (c *Custody) Close() error {
	if !c.own {
		return nil
	}
	return c.db.Close()
}

// Take takes deliveries into custody, all in one transaction, and returns the acknowledgement of each. They may be signed and
// sent: what they say is on disk. On an error nothing may be acknowledged, whether or not something was taken; the tills will send again.
func (c *Custody) Take(ctx context.Context, deliveries ...*Delivery) ([]wire.Ack, error) {
	var acks []wire.Ack
	stirs := false
	err := c.retried(ctx, func(tx *database.Tx) error {
		acks, stirs = make([]wire.Ack, 0, len(deliveries)), false
		s, err := c.begin(ctx, tx, deliveries)
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

// retried runs a transaction again that two tills have lost to each other: they have begun one payment at the same time. The second look finds it.
func (c *Custody) retried(ctx context.Context, f func(*database.Tx) error) error {
	err := c.db.Transact(ctx, f)
	if c.db.Postgres() && database.Taken(err) {
		err = c.db.Transact(ctx, f)
	}
	return err
}

// guard fails with [leases.ErrNotLeased] unless the tills are this replica's until the transaction ends.
func (c *Custody) guard(ctx context.Context, tx *database.Tx, tills ...pos.TillID) error {
	if c.leases == nil {
		return nil
	}
	return c.leases.Guard(ctx, tx, tills...)
}

// mine says whether a till is this replica's, as far as it knows.
func (c *Custody) mine(till pos.TillID) bool { return c.leases == nil || c.leases.Holds(till) }

// clock is the platform's clock in milliseconds since 1970-01-01 UTC.
func clock() int64 { return time.Now().UnixMilli() }
