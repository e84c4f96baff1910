package agent

import (
	"context"
	"time"

	"github.com/tillproof/tillproof/store/journal"
)

// pruneEvery is the pause between two looks for records that may go.
const pruneEvery = time.Hour

// retain removes old records from time to time until ctx ends. Without a platform nothing is in custody, and nothing goes.
func (t *till) retain(ctx context.Context) {
	if t.uplink.outbox == nil {
		return
	}
	retention := journal.Retention{Keep: time.Duration(t.config.Journal.RetentionDays) * 24 * time.Hour, Proof: t.uplink.source.custody}
	tick := time.NewTicker(pruneEvery)
	defer tick.Stop()
	for {
		switch n, err := t.journal.Prune(retention); {
		case err != nil:
			t.opts.Log.Warn("old records stay: they cannot be removed", "error", err)
		case n > 0:
			t.opts.Log.Info("old records that the platform holds were removed", "files", n)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
