package drivertest

import (
	"context"
	"testing"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// tellsWithoutAChange asks for the totals and for the last receipt, again and again: no day ends, no money moves, and the next sale works.
func tellsWithoutAChange(t *testing.T, bench Bench) {
	inBubble(t, bench, func(s *stand) {
		s.sell(1023)
		commands := s.peer.Commands()
		for range 2 {
			s.wantCounted(1123)
			s.reprint()
		}
		s.wantCommands(commands)
		s.sellsOn()
		s.wantCounted(1178)
		if !s.can(drivers.Settling) {
			return
		}
		if got, err := s.settle(); err != nil || got.Amount != 1178 {
			s.t.Errorf("the day after its totals were told: %+v, %v", got, err)
		}
	})
}

// wantCounted compares the totals of the running day, where the family tells them.
func (s *stand) wantCounted(want pos.Minor) {
	s.t.Helper()
	counter, ok := s.terminal.(drivers.Counter)
	if !ok || !s.can(drivers.Counting) {
		return
	}
	ctx, done := context.WithTimeout(context.Background(), patience)
	defer done()
	got, err := counter.Count(ctx, func(drivers.Progress) {})
	if err != nil || got.Amount != want || got.Currency != s.bench.Settings().Currency {
		s.t.Errorf("%+v, %v; want %d", got, err, want)
	}
	if closed := s.peer.Closed(); len(closed) > 0 {
		s.t.Errorf("the device closed its day: %v", closed)
	}
}

// reprint has the last receipt given again, where the family can.
func (s *stand) reprint() {
	s.t.Helper()
	reprinter, ok := s.terminal.(drivers.Reprinter)
	if !ok || !s.can(drivers.Reprinting) {
		return
	}
	ctx, done := context.WithTimeout(context.Background(), patience)
	defer done()
	if _, err := reprinter.Reprint(ctx, func(drivers.Progress) {}); err != nil {
		s.t.Errorf("reprint: %v", err)
	}
}
