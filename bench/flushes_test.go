package bench

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	flushChild   = "flushes " // and the name of the engine
	flushCommits = 500
	markFile     = "mark" // flushed before and after the commits, so that the trace shows where they begin and end
)

// commitAlone appends with one producer, so that each record is a commit.
func commitAlone(name, dir string) error {
	e, err := openEngine(name, dir, slotSize)
	if err != nil {
		return err
	}
	mark, err := os.Create(filepath.Join(dir, markFile))
	if err != nil {
		return err
	}
	defer mark.Close()
	for n := -flushCommits; n <= flushCommits; n++ { // the first half warms up
		if n == 0 || n == flushCommits {
			if err := mark.Sync(); err != nil {
				return err
			}
		}
		if err := e.Append(); err != nil {
			return err
		}
	}
	return e.Close()
}

// BenchmarkFlushes counts the flushes of a commit by its system calls: each is what a slow disk takes its time for.
func BenchmarkFlushes(b *testing.B) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		b.Skip("strace is not installed: the flushes of a commit are not counted")
	}
	for b.Loop() {
		t := &table{}
		t.line("%-28s %16s %6s   %d commits", "engine", "flushes a commit", "views", flushCommits)
		for _, name := range []string{limitEngine, oursEngine, updateEngine, sqliteEngine} {
			own, views := countFlushes(b, strace, name)
			t.line("%-28s %16.2f %6d", name, float64(own)/flushCommits, views)
			if name == oursEngine {
				b.ReportMetric(float64(own)/flushCommits, "flushes/commit(goal=2.00)")
			}
		}
		b.Log(t.String())
	}
}

// countFlushes counts the flushes between the marks; those of the views are the keeper's, once a second whatever is sold.
func countFlushes(b *testing.B, strace, name string) (own, views int) {
	b.Helper()
	dir := b.TempDir()
	trace := filepath.Join(dir, "trace")
	child := exec.Command(strace, "-f", "-y", "-qq", "-e", "trace=fdatasync,fsync", "-o", trace, os.Args[0])
	child.Env = childEnv(flushChild+name, dir)
	if out, err := child.CombinedOutput(); err != nil {
		b.Skipf("strace cannot trace here: %v: %s", err, out)
	}
	f, err := os.Open(trace)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	marks := 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		call := lines.Text()
		switch {
		case !strings.Contains(call, "sync("): // the second half of a call that another thread interrupted
		case strings.Contains(call, "/"+markFile+">"):
			marks++
		case marks != 1:
		case strings.Contains(call, "/views.db>"):
			views++
		default:
			own++
		}
	}
	return own, views
}
