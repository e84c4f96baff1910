package measure

import (
	"sync"
	"time"
)

// Bounds are the durations that a [Clock] sorts by, in seconds.
func Bounds() []float64 {
	return []float64{0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10}
}

// Clock sorts durations for a histogram. The zero value is ready for use, by many goroutines.
type Clock struct {
	mu     sync.Mutex
	count  uint64
	sum    time.Duration
	within map[float64]uint64
}

// Note counts a duration.
func (c *Clock) Note(took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.within == nil {
		c.within = map[float64]uint64{}
	}
	c.count++
	c.sum += took
	for _, bound := range Bounds() {
		if took.Seconds() <= bound {
			c.within[bound]++
		}
	}
}

// Put shows the durations so far as a histogram.
func (c *Clock) Put(sink Sink, name string, labels ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	within := map[float64]uint64{}
	for _, bound := range Bounds() {
		within[bound] = c.within[bound]
	}
	sink.Spread(name, c.count, c.sum.Seconds(), within, labels...)
}

// Tally counts by labels, with a bound on how many different ones there may be: what comes beyond it counts under "other". The zero value is ready for use, by
// many goroutines.
type Tally struct {
	mu     sync.Mutex
	counts map[[2]string]uint64
}

// MostLabels is the number of different labels of a [Tally].
const MostLabels = 200

// Add counts n more of a thing with one or two labels (b is "" for one).
func (t *Tally) Add(n uint64, a, b string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[[2]string]uint64{}
	}
	key := [2]string{a, b}
	if _, known := t.counts[key]; !known && len(t.counts) >= MostLabels {
		key[0] = "other"
	}
	t.counts[key] += n
}

// Put shows the counts so far; one for families with one label, two for those with two.
func (t *Tally) Put(sink Sink, name string, labels int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key, n := range t.counts {
		sink.Put(name, float64(n), key[:labels]...)
	}
}
