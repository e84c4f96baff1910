package platform

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/tillproof/tillproof/sync/mqtt"
	"github.com/tillproof/tillproof/sync/platform/leases"
	"github.com/tillproof/tillproof/sync/wire"
)

// openReplicas takes its place among those that serve one ledger: with PostgreSQL by leases of partitions, with SQLite alone.
func (s *Service) openReplicas(ctx context.Context) (err error) {
	if !s.db.Postgres() {
		return s.alone()
	}
	if s.leases, err = leases.Open(ctx, s.db); err != nil {
		return err
	}
	s.custody.leases, s.holds = s.leases, s.leases.Holds
	return nil
}

// alone keeps a second platform away from a ledger in SQLite. Commands may read and write it beside a platform; the kernel frees the lock when the process
// dies, however it dies.
func (s *Service) alone() error {
	path := s.config.Database + ".lock"
	lock := flock.New(path, flock.SetPermissions(0o600))
	got, err := lock.TryLock()
	if err != nil {
		return err
	}
	if !got {
		holder, _ := os.ReadFile(path)
		return fmt.Errorf("another platform has this ledger (%s): SQLite serves one replica only, several need PostgreSQL", holder)
	}
	s.lock = lock
	_ = os.WriteFile(path, fmt.Appendf(nil, "process %d", os.Getpid()), 0o600) // for that message only
	return nil
}

// filters are the subscriptions of a replica of all partitions, and filtersOf those of some.
func filters() []string {
	return []string{wire.Filter(wire.UpRecords), wire.Filter(wire.UpCall), wire.Filter(wire.UpBirth)}
}

func filtersOf(parts []int64) (list []string) {
	for _, n := range parts {
		for _, channel := range []wire.Channel{wire.UpRecords, wire.UpCall, wire.UpBirth} {
			list = append(list, wire.FilterOf(channel, int(n)))
		}
	}
	return list
}

// subscribe keeps a connection subscribed to the partitions that this replica has. What comes in between is refused by the fence, and sent again by its till.
func (i *intake) subscribe(ctx context.Context, c *mqtt.Conn) error {
	var have []int64
	tick := time.NewTicker(leases.Every) // leases can also end by silence, of which nobody tells
	defer tick.Stop()
	for {
		want := i.leases.List()
		gone := slices.DeleteFunc(slices.Clone(have), func(n int64) bool { return slices.Contains(want, n) })
		come := slices.DeleteFunc(slices.Clone(want), func(n int64) bool { return slices.Contains(have, n) })
		if err := c.Unsubscribe(ctx, filtersOf(gone)...); err != nil {
			return err
		}
		if err := c.Subscribe(ctx, filtersOf(come)...); err != nil {
			return err
		}
		if have = want; len(come) > 0 {
			i.opts.Log.Info("partitions of tills were taken over", "replica", i.leases.Holder(), "taken", len(come), "held", len(have))
			i.custody.stir()
		}
		select {
		case <-ctx.Done():
			return mqtt.ErrClosed
		case <-tick.C:
		case <-i.leases.Changed():
		}
	}
}

// runReplica keeps leases and partitions until the context ends.
func (s *Service) runReplica(ctx context.Context) {
	failed := func(err error) {
		s.opts.Log.Error("the database does not answer; what this replica has others may take over", "error", err)
	}
	if s.leases == nil {
		return
	}
	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() { s.custody.tend(ctx, failed) })
	s.keepLeases(ctx, failed)
}

// keepLeases renews them until the context ends, and gives everything back then.
func (s *Service) keepLeases(ctx context.Context, failed func(error)) {
	tick := time.NewTicker(leases.Every)
	defer tick.Stop()
	for {
		if err := s.leases.Renew(ctx); err != nil && ctx.Err() == nil {
			failed(err)
		}
		select {
		case <-ctx.Done():
			s.endLeases(context.WithoutCancel(ctx), failed)
			return
		case <-tick.C:
		}
	}
}

// endLeases waits for the database no longer than others would for a lease to be renewed.
func (s *Service) endLeases(ctx context.Context, failed func(error)) {
	ctx, cancel := context.WithTimeout(ctx, leases.Every)
	defer cancel()
	if err := s.leases.End(ctx); err != nil {
		failed(err)
	}
}

// unlock gives the ledger's lock back.
func (s *Service) unlock() {
	if s.lock != nil {
		_ = s.lock.Unlock() // the kernel does it in any case when the process ends
	}
}
