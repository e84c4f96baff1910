package journal

import (
	"testing"
	"time"
)

func TestPaceSortsCommitsByTheirTime(t *testing.T) {
	var p Pace
	for _, took := range []time.Duration{100 * time.Microsecond, time.Millisecond, 3 * time.Millisecond, time.Minute} {
		p.note(took)
	}
	if p.Commits != 4 || p.Total != time.Minute+4100*time.Microsecond || p.Within != [paceBounds]uint64{1, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3} {
		t.Errorf("%+v", p)
	}
}
