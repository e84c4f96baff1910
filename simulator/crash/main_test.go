//go:build linux

package crash

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulator/disk"
)

// roleEnv tells the test program that it was started as a child, and as which.
const roleEnv = "TILLPROOF_CRASH_ROLE"

func TestMain(m *testing.M) {
	disk.Serve()
	switch os.Getenv(roleEnv) {
	case "images":
		os.Exit(serve(newImageJob))
	case "flips":
		os.Exit(serve(newFlipJob))
	case "writer":
		os.Exit(writeUntilTheEnd())
	}
	os.Exit(m.Run())
}

// work is a child's: it judges case number n and returns what is wrong, nil when nothing is.
type work interface {
	judge(n int) (kind string, err error)
}

// task is what a child is asked to do.
type task struct {
	Seed     uint64
	From, To int
	Dir      string        // for its files
	Input    string        // file
	Ahead    time.Duration // of the clock
}

// said is one line of a child's report: it begins with case N, or has ended it. Kind is counted; Wrong says what is wrong.
type said struct {
	N     int
	Done  bool
	Kind  string `json:",omitempty"`
	Wrong string `json:",omitempty"`
}

// serve judges the cases of the task that stands on the standard input.
func serve[W work](make func(task) (W, error)) int {
	var t task
	if err := json.NewDecoder(os.Stdin).Decode(&t); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	w, err := make(t)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	out := json.NewEncoder(os.Stdout)
	for n := t.From; n < t.To; n++ {
		if err := out.Encode(said{N: n}); err != nil {
			return 1
		}
		kind, err := w.judge(n)
		s := said{N: n, Done: true, Kind: kind}
		if err != nil {
			s.Wrong = err.Error()
		}
		if err := out.Encode(s); err != nil {
			return 1
		}
	}
	return 0
}
