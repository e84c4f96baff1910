// Package draw says how many cases a part of the crash suite runs, and which.
package draw

import (
	"encoding/binary"
	"encoding/hex"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// Count is how often a part of the suite runs: what the variable CRASH_<name> says, else the full figure with CRASH=soak, else the slice for CI.
func Count(t *testing.T, name string, slice, full int) int {
	t.Helper()
	if text := os.Getenv("CRASH_" + name); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("CRASH_%s=%q is no number above 0", name, text)
		}
		return n
	}
	if os.Getenv("CRASH") == "soak" {
		return full
	}
	return slice
}

// Seed is the variable SEED, else the commit: each one tries other cases, and the same one the same, as far as they do not race with a clock. It is
// logged, so that a failure can be repeated.
func Seed(t *testing.T) uint64 {
	t.Helper()
	text := os.Getenv("SEED")
	if text == "" {
		out, err := exec.Command("git", "rev-parse", "HEAD").Output()
		if err != nil {
			t.Fatalf("without a commit to draw the cases from set SEED: %v", err)
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
