package doctor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tillproof/tillproof/agent"
)

// behind is how far the clock may stand behind what was written by it.
const behind = time.Minute

// clock says whether the till's time is believed.
func clock(_ context.Context, t *till) []Finding {
	const set = "Set the time and switch time synchronisation on: timedatectl set-ntp true"
	if t.status != nil && t.status.Clock.Doubted {
		return bad("the running till doubts its clock: cash and card terminals go on, offline approvals are refused", set)
	}
	if newest := t.newestWrite(); newest.Sub(t.now) > behind {
		return bad(fmt.Sprintf("the clock stands %v behind the journal's last write", newest.Sub(t.now).Round(time.Second)), set)
	}
	text := "it is " + t.now.UTC().Format("2006-01-02 15:04:05") + " UTC"
	if t.status != nil && t.status.Clock.OffsetMS != nil {
		text += fmt.Sprintf("; %d ms off the platform's time", *t.status.Clock.OffsetMS)
	}
	if yes, known := t.synced(); known && !yes {
		return warn(text+", and no time service keeps it right", set)
	}
	return fine(text)
}

// newestWrite is when the journal was written last, the zero time when there is none.
func (t *till) newestWrite() (newest time.Time) {
	list, _ := filepath.Glob(filepath.Join(agent.PathsIn(t.config.Data).Journal, "*.seg")) // the pattern is good
	for _, path := range list {
		if info, err := os.Stat(path); err == nil && info.ModTime().After(newest) {
			newest = info.ModTime()
		}
	}
	return newest
}
