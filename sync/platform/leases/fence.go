package leases

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/wire"
)

// ErrNotLeased says that another replica has the till now: nothing was done, and nothing may be acknowledged or answered.
var ErrNotLeased = errors.New("the till's partition is leased by another replica")

// fences are the names of the locks of partitions.
func fences(list []int64) []string {
	names := make([]string, len(list))
	for i, n := range list {
		names[i] = fmt.Sprintf("lease/%02d", n)
	}
	return names
}

// Guard fails with [ErrNotLeased] unless this replica has the tills until the transaction ends: whoever takes them over waits for that.
func (l *Leases) Guard(ctx context.Context, tx *database.Tx, tills ...pos.TillID) error {
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
		return ErrNotLeased
	}
	return nil
}
