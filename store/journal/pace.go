package journal

import "time"

// paceBounds is the number of bounds of a [Pace].
const paceBounds = 12

// PaceBounds are the durations that commits are sorted by, ascending: from a fast disk's two flushes to one that nobody can sell with.
func PaceBounds() [paceBounds]time.Duration {
	const ms = time.Millisecond
	return [...]time.Duration{ms / 2, ms, 2 * ms, 5 * ms, 10 * ms, 20 * ms, 50 * ms, 100 * ms, 200 * ms, 500 * ms, time.Second, 5 * time.Second}
}

// Pace tells how fast the disk has been since the journal was opened: a commit holds the records of all who came together, and takes two flushes.
type Pace struct {
	Commits uint64             // that were tried
	Total   time.Duration      // that they took together
	Within  [paceBounds]uint64 // how many took no longer than each of [PaceBounds]
}

// note counts a commit.
func (p *Pace) note(took time.Duration) {
	p.Commits++
	p.Total += took
	for i, bound := range PaceBounds() {
		if took <= bound {
			p.Within[i]++
		}
	}
}

// Pace is a copy of this moment.
func (j *Journal) Pace() Pace {
	j.queue.mu.Lock()
	defer j.queue.mu.Unlock()
	return j.queue.pace
}
