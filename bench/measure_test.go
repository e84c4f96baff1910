package bench

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// figure is what one engine did.
type figure struct {
	appends int
	busy    time.Duration   // wall clock while its producers ran
	times   []time.Duration // of each append
}

// rate is in appends a second.
func (f *figure) rate() float64 { return float64(f.appends) / f.busy.Seconds() }

// median is the time that half of the appends did not exceed.
func (f *figure) median() time.Duration {
	slices.Sort(f.times)
	return f.times[len(f.times)/2]
}

// run lets producers append for a while and adds what they did.
func (f *figure) run(e engine, producers int, during time.Duration) error {
	errs := make([]error, producers)
	times := make([][]time.Duration, producers)
	var group sync.WaitGroup
	started := time.Now()
	for p := range producers {
		group.Go(func() {
			for before := time.Now(); before.Sub(started) < during; {
				if errs[p] = e.Append(); errs[p] != nil {
					return
				}
				now := time.Now()
				times[p] = append(times[p], now.Sub(before))
				before = now
			}
		})
	}
	group.Wait()
	f.busy += time.Since(started)
	for _, t := range times {
		f.appends += len(t)
		f.times = append(f.times, t...)
	}
	return errors.Join(errs...)
}

// table is printed under a benchmark; the testing package keeps no more than ten of its lines.
type table struct{ strings.Builder }

func (t *table) line(format string, args ...any) { fmt.Fprintf(t, "\n"+format, args...) }
