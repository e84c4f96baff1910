package bench

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// childTask is in the environment of a child process, which is this program again: what it has to do.
const childTask = "TILLPROOF_BENCH_TASK"

func childEnv(task, dir string) []string {
	return append(os.Environ(), childTask+"="+task, "TMPDIR="+dir)
}

// TestMain is the child process of a benchmark when the environment says so.
func TestMain(m *testing.M) {
	task, dir := os.Getenv(childTask), os.Getenv("TMPDIR")
	var err error
	switch name, flushes := strings.CutPrefix(task, flushChild); {
	case task == "":
		os.Exit(m.Run())
	case flushes:
		err = commitAlone(name, dir)
	case task == slowChild:
		err = appendSlowly(dir)
	case task == agentChild:
		err = runAgent(dir)
	default:
		err = fmt.Errorf("no task %q", task)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
