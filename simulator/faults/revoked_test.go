//go:build linux

package faults

import (
	"context"
	"slices"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/sync/platform"
	"github.com/tillproof/tillproof/sync/platform/pki"
	"github.com/tillproof/tillproof/sync/reconcile"
)

// revoked takes trust from a till's key from a record on that the platform has not even heard of. What lies before still comes into custody, what comes
// later does not.
func revoked(s *site) {
	t := s.laden()
	last := t.last()
	config, err := platform.LoadConfig(s.configured(s.broker))
	if err != nil {
		s.t.Fatal(err)
	}
	trust, err := platform.OpenTrust(s.t.Context(), config)
	if err != nil {
		s.t.Fatal(err)
	}
	_, _, err = trust.RevokeTill(platform.As(context.Background(), "test"), t.id, last, "stolen")
	trust.Close()
	if err != nil {
		s.t.Fatal(err)
	}
	down := s.up(s.broker)
	defer down()
	t.start(s.broker)
	t.sell()
	s.until("what lies before the revocation is in custody", func() bool { t.hurry(); return s.mark(t.id) >= last.Seq })
	before := s.refused.Load()
	t.sell()
	s.until("what comes later is refused", func() bool { t.hurry(); return s.refused.Load() > before+3 })
	if n := t.status().Backlog.Records; n < 4 {
		s.t.Errorf("%d records wait at the till, though none of them was taken", n)
	}
	t.stop()
	down()
	whole := t.journal()
	s.unequal(s.ledger(t.id), whole)
	trusted := books{name: whole.name, till: whole.till}
	for _, r := range whole.records {
		if r.Epoch == last.Epoch && r.Seq <= last.Seq {
			trusted.records = append(trusted.records, r)
		}
	}
	trusted.payments = slices.DeleteFunc(slices.Clone(whole.payments), func(p reconcile.Payment) bool { return p.Epoch != last.Epoch || p.Seq > last.Seq })
	s.proved(trusted)
}

// last is the end of the journal of a till that has stopped.
func (t *till) last() pki.Last {
	t.site.t.Helper()
	r, err := journal.OpenReader(agent.PathsIn(t.dir).Journal)
	if err != nil {
		t.site.t.Fatal(err)
	}
	defer r.Close()
	epochs := r.Epochs()
	end := pki.Last{Epoch: epochs[len(epochs)-1]}
	if err := r.Each(end.Epoch, 1, func(stored journal.Stored) error { end.Seq = stored.Key; return nil }); err != nil {
		t.site.t.Fatal(err)
	}
	return end
}
