package platform

import (
	"context"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/sync/platform/database"
)

// Partitions of the records are made so many months ahead, and looked after so often. What comes beyond them lies in the default partition.
const (
	monthsAhead     = 3
	partitionsEvery = 6 * time.Hour
)

// partitions makes the partitions of the records of this month and of the next ones, in UTC. It does nothing with SQLite. A month whose records lie in the
// default partition already stays there: they are found all the same.
func (c *Custody) partitions(ctx context.Context, now time.Time) error {
	if !c.db.Postgres() {
		return nil
	}
	month := time.Date(now.UTC().Year(), now.UTC().Month(), 1, 0, 0, 0, 0, time.UTC)
	for n := range monthsAhead + 1 {
		if err := c.partition(ctx, month.AddDate(0, n, 0)); err != nil {
			return fmt.Errorf("the partition of %s: %w", month.AddDate(0, n, 0).Format("2006-01"), err)
		}
	}
	return nil
}

// partition makes that of one month if it is missing. Two replicas that start at the same time wait for each other.
func (c *Custody) partition(ctx context.Context, month time.Time) error {
	name, from, to := "records_"+month.Format("2006_01"), month.UnixMilli(), month.AddDate(0, 1, 0).UnixMilli()
	return c.db.Transact(ctx, func(tx *database.Tx) error {
		if err := tx.Lock(ctx, "partitions"); err != nil {
			return err
		}
		var there, late bool
		if err := tx.Row(ctx, "SELECT to_regclass(?) IS NOT NULL", name).Scan(&there); err != nil || there {
			return err
		}
		const text = "SELECT EXISTS (SELECT FROM records_default WHERE received_at >= ? AND received_at < ?)"
		if err := tx.Row(ctx, text, from, to).Scan(&late); err != nil || late {
			return err
		}
		_, err := tx.Exec(ctx, fmt.Sprintf("CREATE TABLE %s PARTITION OF records FOR VALUES FROM (%d) TO (%d)", name, from, to))
		return err
	})
}

// tend looks after the partitions until the context ends.
func (c *Custody) tend(ctx context.Context, log func(error)) {
	if !c.db.Postgres() {
		return
	}
	tick := time.NewTicker(partitionsEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := c.partitions(ctx, time.Now()); err != nil && ctx.Err() == nil {
			log(err)
		}
	}
}
