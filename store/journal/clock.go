package journal

import (
	"time"

	"github.com/tillproof/tillproof/store/record"
)

// Clock tells the times that go into a record.
type Clock func() record.Times

// SystemClock reads the machine's clocks. The offset is left open: only the platform proves it.
func SystemClock() record.Times {
	return record.Times{Wall: time.Now().UnixMilli(), Mono: uint64(sinceBoot().Milliseconds())}
}

// doubtBehind is how far the clock may be behind the journal before it is doubted, in milliseconds.
const doubtBehind = 60_000

// ClockDoubted says that the clock stands more than a minute behind a record that is written already. Sales of cash and by card terminal go on.
func (j *Journal) ClockDoubted() bool {
	j.state.RLock()
	defer j.state.RUnlock()
	return j.opts.Clock().Wall < j.latest-doubtBehind
}
