package people

import (
	"errors"
	"time"
)

const (
	freeTries = 5    // wrong ones in a row that are free of a pause
	maxTries  = 1000 // where counting stops
	maxPause  = 24 * time.Hour
)

// tries are the tries in a row that have not been proven right, and when the last one was made.
type tries struct {
	Failed int    `json:"failed"`
	Wall   int64  `json:"wall_ms"` // milliseconds since 1970-01-01 UTC
	Mono   int64  `json:"mono_ms"` // milliseconds since the machine's start
	Boot   string `json:"boot,omitempty"`
}

func (t *tries) check() error {
	if t.Failed < 0 || t.Failed > maxTries || t.Mono < 0 || len(t.Boot) > 64 {
		return errors.New("the count of tries cannot be")
	}
	return nil
}

// count books one more try.
func (t *tries) count(now moment) {
	*t = tries{Failed: min(t.Failed+1, maxTries), Wall: now.wall, Mono: now.mono, Boot: now.boot}
}

// left is how many tries there are before the next pause.
func (t *tries) left() int { return max(0, freeTries-t.Failed) }

// pause is how long the person has to wait after so many tries: 1, 5, 15 minutes, then twice as long each time, 24 hours at most.
func pause(failed int) time.Duration {
	switch over := failed - freeTries; {
	case over < 0:
		return 0
	case over == 0:
		return time.Minute
	case over == 1:
		return 5 * time.Minute
	case over < 10:
		return min(15*time.Minute<<(over-2), maxPause)
	}
	return maxPause
}

// remaining is the rest of the pause, 0 when there is none.
func (t *tries) remaining(now moment) time.Duration {
	return max(0, pause(t.Failed)-t.age(now))
}

// age is how long ago the last try was made. While the machine has not been started anew the clock since its start is the truth, whatever somebody
// did to the wall clock. After that the larger of two is taken: what the wall clock says, and how long the machine has been up. So a wall clock that
// was set back delays the end by one pause and never for ever.
func (t *tries) age(now moment) time.Duration {
	ms := max(now.wall-t.Wall, now.mono)
	if t.Boot == now.boot && now.mono >= t.Mono {
		ms = now.mono - t.Mono
	}
	return time.Duration(min(max(ms, 0), maxPause.Milliseconds())) * time.Millisecond
}
