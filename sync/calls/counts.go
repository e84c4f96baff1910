package calls

import (
	"errors"
	"maps"

	"github.com/tillproof/tillproof/sync/wire"
)

// Count names calls of one kind that ended in one way.
type Count struct {
	Op      wire.Op
	Outcome string // final or accepted: the first answer; away: not sent; silent: no answer in time
}

// Counts is how many calls ended how since the start.
func (c *Caller) Counts() map[Count]uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.counts)
}

// count notes how a call has ended.
func (c *Caller) count(op wire.Op, r *wire.Reply, err error) {
	outcome := "silent"
	switch {
	case err == nil:
		outcome = string(r.Stage)
	case errors.Is(err, ErrAway):
		outcome = "away"
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[Count]uint64{}
	}
	c.counts[Count{op, outcome}]++
}
