package journal

import (
	"time"

	"golang.org/x/sys/windows"
)

// sinceBoot counts from the machine's start.
func sinceBoot() time.Duration { return windows.DurationSinceBoot() }
