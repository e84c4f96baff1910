package bench

import (
	"fmt"
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
	figures, engines := map[string]*figure{}, map[string]engine{}
	for _, name := range engineNames() {
		e, err := openEngine(name, b.TempDir(), size)
		if err != nil {
			b.Fatal(err)
		}
		figures[name], engines[name] = &figure{}, e
	}
	for range rounds {
		for _, name := range engineNames() {
			figures[name].run(b, engines[name], producers, roundTime)
		}
	}
	for _, e := range engines {
		if err := e.Close(); err != nil {
			b.Error(err)
		}
	}
	printAppends(b, producers, size, figures)
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
