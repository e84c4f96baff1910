package screens_test

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"
)

// slack is how much longer than its goal something may take before a test fails: the machines that run these tests are small and busy.
const slack = 10

// figure is something measured, beside its goal.
type figure struct {
	what string
	took time.Duration
	goal time.Duration
}

// figures collects what was measured. Its methods are safe for concurrent use.
type figures struct {
	mu   sync.Mutex
	list []figure
}

// note keeps a figure, and fails the test when it is far beyond its goal.
func (f *figures) note(t *testing.T, what string, took, goal time.Duration) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, figure{what, took, goal})
	t.Logf("%s: %s (goal %s)", what, took.Round(time.Millisecond), goal)
	if took > slack*goal {
		t.Errorf("%s took %s, the goal is %s", what, took, goal)
	}
}

// print writes the table.
func (f *figures) print(w io.Writer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.list) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%-72s %10s %10s\n", "measured", "took", "goal")
	for _, x := range f.list {
		fmt.Fprintf(w, "%-72s %10s %10s\n", x.what, x.took.Round(100*time.Microsecond), x.goal)
	}
}

// percentile is the value that p percent of the sorted samples do not exceed.
func percentile(samples []time.Duration, p int) time.Duration {
	sorted := slices.Sorted(slices.Values(samples))
	return sorted[min(len(sorted)-1, len(sorted)*p/100)]
}
