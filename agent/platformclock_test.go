package agent

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestThePlatformsTimeGoesOnByTheMonotonicClock, and is not known any more when the wall clock was set.
func TestThePlatformsTimeGoesOnByTheMonotonicClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p platformClock
		if _, ok := p.now(); ok {
			t.Error("known without a proof")
		}
		asked := time.Now()
		time.Sleep(200 * time.Millisecond)
		p.prove(1_000_000, asked, time.Now())
		time.Sleep(time.Hour)
		if at, ok := p.now(); !ok || at != 1_000_000+100+3_600_000 {
			t.Error(at, ok)
		}
	})
	for _, c := range []struct {
		steady, wall time.Duration
		known        bool
	}{{time.Hour, time.Hour, true}, {time.Hour, time.Hour + time.Second, true}, {time.Hour, 2 * time.Hour, false}, {time.Hour, 0, false}, {0, time.Hour, false}} {
		if at, ok := carryOn(5, c.steady, c.wall); ok != c.known || ok && at != 5+c.steady.Milliseconds() {
			t.Errorf("%s by one clock and %s by the other: %d %t", c.steady, c.wall, at, ok)
		}
	}
}
