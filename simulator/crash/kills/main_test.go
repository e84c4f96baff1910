//go:build linux

package kills

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// exe is the program under test, built once.
var exe string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "tillproof-kills-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	exe = filepath.Join(dir, "tillproof")
	build := exec.Command("go", "build", "-o", exe, "github.com/tillproof/tillproof")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%s\n%v\n", out, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// count is how many kills there are: what CRASH_KILLS says, else the full figure with CRASH=soak, else the slice for CI.
func count(t *testing.T, slice, full int) int {
	t.Helper()
	if text := os.Getenv("CRASH_KILLS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("CRASH_KILLS=%q is no number above 0", text)
		}
		return n
	}
	if os.Getenv("CRASH") == "soak" {
		return full
	}
	return slice
}

// seed is the variable SEED, else the commit. It is logged, so that a failure can be looked for again; kills race with the till, so that the same
// seed makes the same plan and not the same run.
func seed(t *testing.T) uint64 {
	t.Helper()
	text := os.Getenv("SEED")
	if text == "" {
		out, err := exec.Command("git", "rev-parse", "HEAD").Output()
		if err != nil {
			t.Fatalf("without a commit to draw the kills from set SEED: %v", err)
		}
		text = strings.TrimSpace(string(out))[:16]
	}
	t.Logf("SEED=%s", text)
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return n
	}
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) < 8 {
		t.Fatalf("SEED=%q is neither a number nor 16 hexadecimal digits", text)
	}
	return binary.BigEndian.Uint64(raw)
}
