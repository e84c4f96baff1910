package bench

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tillproof/tillproof/sync/platform"
)

const (
	salesApart = 10 * time.Millisecond // far more often than any cashier
	salesAlone = 300
	drainedNow = 300_000
)

// BenchmarkCashier sells for cash while a backlog drains into the platform on the same two cores, and again when it has drained: what the cashier
// notices of a drain is the difference of the slowest sales.
func BenchmarkCashier(b *testing.B) {
	for b.Loop() {
		dir := b.TempDir()
		j, public := filledJournal(b, dir, drainedNow)
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
		s := startPlatform(b, public)
		ledger, err := platform.OpenLedger(s.config.Database)
		if err != nil {
			b.Fatal(err)
		}
		p := startTill(b, dir, fmt.Sprintf("tenders: [cash]\nplatform: {broker: %q, root_key: %s}\n", s.config.Broker, s.root))
		during := sellWhile(b, p, 0, func(int) bool { return s.mark(b, b.Context(), ledger) < drainedNow })
		alone := sellWhile(b, p, len(during), func(n int) bool { return n < salesAlone })
		p.stop()
		ledger.Close()
		s.stop()
		b.Logf("\ncash sale over HTTP: during a drain p50 %d µs, p99 %d µs (%d sales); without p50 %d µs, p99 %d µs: p99 %.2f times (goal <= 1.5)",
			part(during, 50).Microseconds(), part(during, 99).Microseconds(), len(during), part(alone, 50).Microseconds(), part(alone, 99).Microseconds(),
			ratio(part(during, 99), part(alone, 99)))
		b.ReportMetric(ratio(part(during, 99), part(alone, 99)), "x-p99(goal<=1.5)")
	}
}

// sellWhile sells at a steady pace, and gives how long each sale took.
func sellWhile(b *testing.B, p *tillProcess, first int, on func(n int) bool) (times []time.Duration) {
	b.Helper()
	for n := 0; on(n); n++ {
		began := time.Now()
		if err := p.sell("cash", first+n); err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(began))
		time.Sleep(max(0, salesApart-time.Since(began)))
	}
	if len(times) == 0 {
		b.Fatal("nothing was sold")
	}
	return times
}

// part is the time that so many percent of the sales did not exceed.
func part(times []time.Duration, percent int) time.Duration {
	slices.Sort(times)
	return times[min(len(times)-1, len(times)*percent/100)]
}
