package bench

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// anonymous is a process's memory that no file stands behind, in bytes (RssAnon of proc(5)): mapped segments do not count, the kernel can drop them.
func anonymous(pid int) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), "RssAnon:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0, fmt.Errorf("no RssAnon in the status of %d", pid)
	}
	kib, err := strconv.Atoi(fields[0])
	return kib << 10, err
}

// processorTime is what a process has used of the processors so far (fields 14 and 15 of proc(5) stat, in hundredths of a second).
func processorTime(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("the stat of %d is too short", pid)
	}
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond, err
}
