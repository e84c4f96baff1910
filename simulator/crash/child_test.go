//go:build linux

package crash

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// deadline is how long a child may take for one case.
const deadline = 5 * time.Second

// verdict is what children have said.
type verdict struct {
	mu    sync.Mutex
	cases int
	kinds map[string]int
	wrong []string
	slow  time.Duration // the longest case
}

func (v *verdict) add(s said, took time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.cases++
	v.kinds[s.Kind]++
	v.slow = max(v.slow, took)
	if s.Wrong != "" {
		v.wrong = append(v.wrong, fmt.Sprintf("case %d: %s", s.N, s.Wrong))
	}
}

// tell fails the test for what was wrong and logs the counts.
func (v *verdict) tell(t *testing.T, what string) {
	t.Helper()
	for _, wrong := range v.wrong[:min(len(v.wrong), 5)] {
		t.Error(wrong)
	}
	if len(v.wrong) > 5 {
		t.Errorf("and %d more", len(v.wrong)-5)
	}
	var kinds []string
	for _, kind := range slices.Sorted(maps.Keys(v.kinds)) {
		kinds = append(kinds, fmt.Sprintf("%d %s", v.kinds[kind], kind))
	}
	t.Logf("%d %s: %s; %d wrong; the slowest took %s", v.cases, what, strings.Join(kinds, ", "), len(v.wrong), v.slow.Round(time.Millisecond))
}

// spread has cases judged by a child on each processor. A child that dies or hangs has failed the case it was at; the next one goes on behind it.
func spread(t *testing.T, role string, whole task) *verdict {
	t.Helper()
	v := &verdict{kinds: map[string]int{}}
	parts := min(runtime.NumCPU(), whole.To-whole.From)
	var workers sync.WaitGroup
	for part := range parts {
		mine := whole
		mine.From = whole.From + (whole.To-whole.From)*part/parts
		mine.To = whole.From + (whole.To-whole.From)*(part+1)/parts
		mine.Dir = scratch(t)
		workers.Go(func() {
			for mine.From < mine.To {
				next, err := runChild(role, mine, v)
				if err != nil {
					t.Error(err)
					return
				}
				mine.From = next
			}
		})
	}
	workers.Wait()
	return v
}

// runChild returns the number of the case to go on with. An error says that there is no child at all.
func runChild(role string, job task, v *verdict) (next int, err error) {
	text, err := json.Marshal(job)
	if err != nil {
		return 0, err
	}
	exe, err := os.Executable()
	if err != nil {
		return 0, err
	}
	cmd := exec.Command(exe)
	var stderr bytes.Buffer
	cmd.Env, cmd.Stdin, cmd.Stderr = append(os.Environ(), roleEnv+"="+role), bytes.NewReader(text), &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	at, begun := job.From, time.Now()
	watch := time.AfterFunc(deadline+5*time.Second, func() { _ = cmd.Process.Kill() }) // the first case comes after the child's own start
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var s said
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			continue // not ours: a library that prints
		}
		watch.Reset(deadline)
		if s.Done {
			v.add(s, time.Since(begun))
			at = s.N + 1
		}
		begun = time.Now()
	}
	took := time.Since(begun)
	watch.Stop()
	if err := cmd.Wait(); err != nil && at < job.To {
		v.add(said{N: at, Kind: "deaths", Wrong: fmt.Sprintf("the process ended (%v) after %s: %s", err, took.Round(time.Millisecond), firstLines(stderr.String()))}, took)
		return at + 1, nil
	}
	return job.To, nil
}

func firstLines(text string) string {
	lines := strings.SplitN(text, "\n", 26)
	return strings.Join(lines[:min(len(lines), 25)], "\n")
}

// scratch is an empty folder in memory where there is such a place: what has to reach a disk is decided by the tests, not by one below them.
func scratch(t *testing.T) string {
	t.Helper()
	if info, err := os.Stat("/dev/shm"); err != nil || !info.IsDir() {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp("/dev/shm", "tillproof-crash-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
