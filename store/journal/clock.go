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

const (
	doubtBehind = 60_000  // how far the clock may be behind the journal before it is doubted, in milliseconds
	doubtOff    = 120_000 // and how far off the time that the platform has proven
	jumpBy      = 5_000   // a difference between wall and monotonic clock that somebody has made, in milliseconds
	proofWithin = 10_000  // the longest way of a question and its answer that proves the time, in milliseconds
)

// clockwork is what is known of the clocks. It is guarded by the journal's state.
type clockwork struct {
	latest int64        // the latest wall clock of any record, milliseconds since 1970-01-01 UTC
	last   record.Times // of the last commit of this run; zero before it
	offset *int64       // of the wall clock to the proven time, to be added to it; nil when the platform has proven none
	set    bool         // somebody has set the clock since the platform proved it last in this run
}

// Now are the clocks, as they would go into a record of this moment.
func (j *Journal) Now() record.Times {
	t := j.opts.Clock()
	j.state.RLock()
	defer j.state.RUnlock()
	t.Offset = j.clocks.offset
	return t
}

// Prove takes the platform's clock, at, out of an answer that it has signed. The caller says when it had asked and when the answer was there: half of that
// way is the error of the proof. One that took longer than ten seconds proves nothing.
func (j *Journal) Prove(at int64, asked, answered record.Times) {
	if answered.Mono < asked.Mono || answered.Mono-asked.Mono > proofWithin {
		return
	}
	offset := at + int64(answered.Mono-asked.Mono)/2 - answered.Wall
	j.state.Lock()
	defer j.state.Unlock()
	j.clocks.offset, j.clocks.set = &offset, false
}

// Offset is what has to be added to the wall clock for the time that the platform has proven last, in milliseconds; ok is false when it never has.
func (j *Journal) Offset() (ms int64, ok bool) {
	j.state.RLock()
	defer j.state.RUnlock()
	if j.clocks.offset == nil {
		return 0, false
	}
	return *j.clocks.offset, true
}

// ClockDoubted says that the clock stands more than a minute behind a record that is written already, or more than two minutes off the time that the
// platform has proven (law 11). Sales of cash and by card terminal go on.
func (j *Journal) ClockDoubted() bool {
	j.state.RLock()
	defer j.state.RUnlock()
	off := j.clocks.offset
	return j.opts.Clock().Wall < j.clocks.latest-doubtBehind || off != nil && max(*off, -*off) > doubtOff
}

// ClockUnproven says that the clock was set in this run and the platform has not proven it since: it is good enough to sell by and not to remove records by.
func (j *Journal) ClockUnproven() bool {
	j.state.RLock()
	defer j.state.RUnlock()
	return j.clocks.set
}

// jump compares the clocks with the commit before, or with the journal when there was none in this run. It returns nil while they agree.
func (c *clockwork) jump(now record.Times) *record.ClockJump {
	if c.last.Wall == 0 && c.last.Mono == 0 {
		if c.latest-now.Wall > jumpBy {
			return &record.ClockJump{Wall: c.latest, By: now.Wall - c.latest, Offset: c.offset}
		}
		return nil
	}
	by := (now.Wall - c.last.Wall) - (int64(now.Mono) - int64(c.last.Mono))
	if max(by, -by) <= jumpBy {
		return nil
	}
	return &record.ClockJump{Wall: c.last.Wall, Mono: c.last.Mono, By: by, Offset: c.offset}
}

// noteJump journals that the clock was set, in a commit of its own. A proven offset is moved along. Called with writing held.
func (j *Journal) noteJump(now record.Times) (record.Times, error) {
	j.state.Lock()
	jump := j.clocks.jump(now)
	if jump == nil {
		j.state.Unlock()
		return now, nil
	}
	if j.clocks.offset != nil && jump.Mono != 0 {
		moved := *j.clocks.offset - jump.By
		j.clocks.offset = &moved
	}
	j.clocks.last, j.clocks.set, now.Offset = now, true, j.clocks.offset
	j.state.Unlock()
	c := &chain{head: j.head, book: stage(j.views)}
	if _, err := c.add(j, now, []record.Body{jump}); err != nil {
		return now, err
	}
	return now, j.keep(c, now)
}

// Age is how long ago a record was written, at least: by the wall clock or by the monotonic one, whichever says more (law 11). The monotonic clock begins
// anew with the machine, and what was recorded before that is older than it says.
func (j *Journal) Age(r *record.Record) time.Duration {
	now := j.opts.Clock()
	age := now.Wall - r.Times.Wall
	if now.Mono > r.Times.Mono {
		age = max(age, int64(now.Mono-r.Times.Mono))
	}
	return time.Duration(max(0, age)) * time.Millisecond
}
