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
