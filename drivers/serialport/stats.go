package serialport

import (
	"errors"
	"os"
	"sync"
)

// Stats count what a port did since it was opened. They hold no payload.
type Stats struct {
	BytesIn     uint64 // received from the line
	BytesOut    uint64 // taken by the line
	Dropped     uint64 // received but thrown away: nobody read them in time, or they arrived damaged
	StuckWrites uint64 // writes that the line did not take before their deadline
	Leaked      uint64 // 1 when Close had to leave the descriptor to a write that did not return
	LastError   string // the fault that sticks, empty while the port is well or after a plain Close
}

// counters guard the statistics.
type counters struct {
	mu    sync.Mutex
	stats Stats
}

// Stats returns the counters as they stand now. It may be called from any goroutine, after Close too.
func (p *Port) Stats() Stats {
	p.counters.mu.Lock()
	defer p.counters.mu.Unlock()
	stats := p.counters.stats
	if _, _, err := p.state.writing(); err != nil && !errors.Is(err, os.ErrClosed) {
		stats.LastError = err.Error()
	}
	return stats
}

func (c *counters) update(change func(*Stats)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.stats)
}

func (c *counters) received(n, dropped int) {
	c.update(func(s *Stats) { s.BytesIn += uint64(n); s.Dropped += uint64(dropped) })
}

func (c *counters) sent(n int) { c.update(func(s *Stats) { s.BytesOut += uint64(max(n, 0)) }) }

func (c *counters) stuck() { c.update(func(s *Stats) { s.StuckWrites++ }) }

func (c *counters) leaked() { c.update(func(s *Stats) { s.Leaked++ }) }
