package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

const (
	slowChild = "slow"
	slowFlush = 5 * time.Millisecond // as the flash memory of a till takes it
	slowTurn  = 400 * time.Millisecond
)

// slowRates are appends a second and the median append in microseconds, by number of producers and engine.
type slowRates map[int]map[string]slowFigure

type slowFigure struct {
	Rate   float64
	Median int64
}

// BenchmarkSlowAppend measures the durable append on a disk whose every flush takes 5 ms longer: a child process runs under strace, which delays the
// end of its fdatasync and fsync calls and touches nothing else.
func BenchmarkSlowAppend(b *testing.B) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		b.Skip("strace is not installed: there is no slow disk")
	}
	for b.Loop() {
		rates, err := slowAppends(strace, b.TempDir())
		if err != nil {
			b.Fatal(err)
		}
		for _, producers := range []int{1, 16} {
			printSlow(b, producers, rates[producers])
		}
	}
}

func slowNames() []string {
	return []string{limitEngine, floorEngine, signedEngine, oursEngine, updateEngine, sqliteEngine}
}

func printSlow(b *testing.B, producers int, rates map[string]slowFigure) {
	floor, t := rates[floorEngine].Rate, &table{}
	t.line("%-28s %9s %8s %9s   a flush of %s more, %d producers", "engine", "appends/s", "p50 ms", "of floor", slowFlush, producers)
	for _, name := range slowNames() {
		f := rates[name]
		t.line("%-28s %9.0f %8.1f %9.2f", name, f.Rate, float64(f.Median)/1000, f.Rate/floor)
	}
	b.Log(t.String())
	b.ReportMetric(rates[oursEngine].Rate/floor, fmt.Sprintf("of-floor-%d(goal>=0.95)", producers))
}

// slowAppends runs the child and reads what it has measured.
func slowAppends(strace, dir string) (slowRates, error) {
	child := exec.Command(strace, "-f", "--seccomp-bpf", "-qq", "-o", os.DevNull, "-e", "trace=fdatasync,fsync",
		"-e", fmt.Sprintf("inject=fdatasync,fsync:delay_exit=%d", slowFlush.Microseconds()), os.Args[0])
	child.Env = childEnv(slowChild, dir)
	if out, err := child.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(dir, slowChild))
	if err != nil {
		return nil, err
	}
	rates := slowRates{}
	return rates, json.Unmarshal(text, &rates)
}

// appendSlowly is the child.
func appendSlowly(dir string) error {
	rates := slowRates{}
	for _, producers := range []int{1, 16} {
		own := filepath.Join(dir, fmt.Sprint(producers))
		if err := os.Mkdir(own, 0o700); err != nil {
			return err
		}
		figures, err := takeTurns(own, slowNames(), producers, slotSize, slowTurn)
		if err != nil {
			return err
		}
		rates[producers] = map[string]slowFigure{}
		for name, f := range figures {
			rates[producers][name] = slowFigure{Rate: f.rate(), Median: f.median().Microseconds()}
		}
	}
	text, err := json.Marshal(rates)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, slowChild), text, 0o600)
}
