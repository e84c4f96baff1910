package bench

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

const (
	rounds    = 4 // the engines take turns, so that a slow moment of the machine meets all of them
	roundTime = 300 * time.Millisecond
)

// BenchmarkAppend measures the durable append of a sale's record beside the limit, bbolt's floor and the peers.
func BenchmarkAppend(b *testing.B) {
	size, err := storedSize(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	for _, producers := range []int{1, 16} {
		b.Run(fmt.Sprintf("producers=%d", producers), func(b *testing.B) {
			for b.Loop() {
				compareAppends(b, producers, size)
			}
		})
	}
}

func compareAppends(b *testing.B, producers, size int) {
	figures, err := takeTurns(b.TempDir(), engineNames(), producers, size, roundTime)
	if err != nil {
		b.Fatal(err)
	}
	printAppends(b, producers, size, figures)
}

// takeTurns lets each engine append in every round. Their files lie in folders below dir.
func takeTurns(dir string, names []string, producers, size int, turn time.Duration) (map[string]*figure, error) {
	figures, engines := map[string]*figure{}, map[string]engine{}
	for i, name := range names {
		own := filepath.Join(dir, strconv.Itoa(i))
		if err := os.Mkdir(own, 0o700); err != nil {
			return nil, err
		}
		e, err := openEngine(name, own, size)
		if err != nil {
			return nil, err
		}
		figures[name], engines[name] = &figure{}, e
	}
	var errs []error
	for range rounds {
		for _, name := range names {
			errs = append(errs, figures[name].run(engines[name], producers, turn))
		}
	}
	for _, e := range engines {
		errs = append(errs, e.Close())
	}
	return figures, errors.Join(errs...)
}

func printAppends(b *testing.B, producers, size int, figures map[string]*figure) {
	limit, floor, our := figures[limitEngine].rate(), figures[floorEngine].rate(), figures[oursEngine].rate()
	t := &table{}
	t.line("%-28s %9s %8s %9s %9s   %d bytes, %d producers", "engine", "appends/s", "p50 µs", "of floor", "of limit", size, producers)
	for _, name := range engineNames() {
		f := figures[name]
		t.line("%-28s %9.0f %8d %9.2f %9.2f", name, f.rate(), f.median().Microseconds(), f.rate()/floor, f.rate()/limit)
	}
	goal := 0.85
	if producers > 1 {
		goal = 0.6
	}
	b.Log(t.String())
	b.ReportMetric(our, "appends/s")
	b.ReportMetric(our/floor, fmt.Sprintf("of-floor(goal>=%.2f)", goal))
	b.ReportMetric(our/limit, "of-limit")
	b.ReportMetric(our/figures[signedEngine].rate(), "of-signed-floor")
	if producers > 1 {
		b.ReportMetric(our/figures[updateEngine].rate(), "x-Update(goal>=10)")
	}
}
