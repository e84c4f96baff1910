package journal

import (
	"time"

	"golang.org/x/sys/unix"
)

// sinceBoot counts from the machine's start.
func sinceBoot() time.Duration {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &t)
	return time.Duration(t.Nano())
}
