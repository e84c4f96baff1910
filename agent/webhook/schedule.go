package webhook

import (
	"math/rand/v2"
	"time"
)

const (
	patience   = 3           // tries after which an event that the receiver itself refuses stands aside, so that others can pass
	mostLate   = 100         // events that may stand aside; with more of them the receiver is broken, not an event
	rereadTime = time.Minute // between two looks at a journal that cannot be read
	saveEvery  = time.Second // a crash repeats what was delivered since
	saveAbove  = 100         // and no more than so many events
)

// pause is the time between a try and the next one, about: three days in all, as the Standard Webhooks specification advises. It is 0 after the last
// try.
func pause(tries int) time.Duration {
	switch {
	case tries < 1 || tries > 14:
		return 0
	case tries > 9:
		return 12 * time.Hour
	}
	return [...]time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour}[tries-1]
}

// jitter spreads a pause by a tenth either way, so that tills which lost their receiver together do not come back together.
func jitter(d time.Duration) time.Duration { return d - d/10 + rand.N(d/5+1) }

// mostPause is the longest that jitter makes of a pause. An event that is due later than that was put off by a clock that has gone back.
const mostPause = 12*time.Hour + 12*time.Hour/10
