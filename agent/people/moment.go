package people

import (
	"os"
	"strings"
	"time"

	"github.com/tillproof/tillproof/store/journal"
)

// moment is now by both clocks, in milliseconds.
type moment struct {
	wall int64
	mono int64  // since the machine's start
	boot string // names this run of the machine
}

// systemClock reads the machine's clocks. Only Linux names its runs; elsewhere two of them pass for one while the second has been up for longer
// than the first was, which makes a pause longer and never shorter.
func systemClock() moment {
	times := journal.SystemClock()
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		boot = nil
	}
	return moment{wall: times.Wall, mono: int64(times.Mono), boot: strings.TrimSpace(string(boot))}
}

// after is the wall clock's time in a while.
func (m moment) after(d time.Duration) time.Time { return time.UnixMilli(m.wall).Add(d).UTC() }
