package fleet

import (
	"runtime"
	"runtime/debug"
	"slices"
	"time"
)

// Counts are what happened on the way.
type Counts struct {
	Batches  uint64 `json:"batches"` // sent, repetitions too
	Bytes    uint64 `json:"bytes"`   // of batches, packed
	Connects uint64 `json:"connects"`
	Cuts     uint64 `json:"cuts"`     // connections that the fleet has reset
	Gaps     uint64 `json:"gaps"`     // the platform missed something before a batch
	Timeouts uint64 `json:"timeouts"` // a till heard nothing and sent again
	Ignored  uint64 `json:"ignored"`  // acknowledgements that were not the platform's for this till
	Forks    uint64 `json:"forks"`    // acknowledgements of records that the till has never written
	Held     uint64 `json:"held"`     // records that the platform could not interpret
}

// Wait is how long live sales waited for their signed acknowledgement, in milliseconds.
type Wait struct {
	Sales int     `json:"sales"`
	P50   float64 `json:"p50_ms"`
	P99   float64 `json:"p99_ms"`
	Most  float64 `json:"most_ms"`
}

// Memory is the process's resident memory, in bytes.
type Memory struct {
	Empty     uint64 `json:"empty"`     // before there was a till
	Connected uint64 `json:"connected"` // when all had connected
	Peak      uint64 `json:"peak"`      // the most while they sent
	PerTill   uint64 `json:"per_till"`  // growth up to the peak, a till
}

// Report is what a run came to.
type Report struct {
	Tills        int    `json:"tills"`
	Backlog      int    `json:"backlog"` // records a till
	Seed         uint64 `json:"seed"`
	Records      int64  `json:"records"`      // in all journals
	Acknowledged int64  `json:"acknowledged"` // of them
	ConnectMS    int64  `json:"connect_ms"`   // until all were connected
	DrainMS      int64  `json:"drain_ms"`     // from then until all backlogs were in custody; 0 for never
	RunMS        int64  `json:"run_ms"`
	PerSecond    int64  `json:"records_per_second"` // of the backlogs, while they were drained
	Live         Wait   `json:"live"`               // sales of tills without a backlog
	Behind       Wait   `json:"live_behind"`        // sales of tills that had to deliver a backlog first
	Memory       Memory `json:"memory"`
	CPU          int64  `json:"cpu_ms"` // of this process, user and system
	Counts       Counts `json:"counts"`
	Proof        *Proof `json:"proof,omitempty"`
}

// Progress is where a run stands.
type Progress struct {
	Elapsed   time.Duration
	Connected int64
	Drained   int64 // tills whose backlog is in custody
	Acked     int64 // records
	Made      int64 // records
}

func (f *Fleet) count(change func(*Counts)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.counts)
}

func (f *Fleet) fault(err error) {
	if err == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = err
}

func (f *Fleet) lastFault() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

func (f *Fleet) latency(s livesale) {
	which := 0
	if s.behind {
		which = 1
	}
	wait := time.Duration(f.now() - s.at)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waits[which] = append(f.waits[which], wait)
}

// progress notes the memory and tells how far the run is.
func (f *Fleet) progress() {
	now := resident(false)
	f.mu.Lock()
	f.peak = max(f.peak, now)
	f.mu.Unlock()
	if f.opts.Progress != nil {
		f.opts.Progress(Progress{Elapsed: time.Duration(f.now()), Connected: f.connected.Load(), Drained: f.drained.Load(), Acked: f.acked.Load(),
			Made: f.made.Load()})
	}
}

func (f *Fleet) report(r *Report, run, cpu time.Duration) {
	f.progress()
	f.mu.Lock()
	defer f.mu.Unlock()
	r.Records, r.Acknowledged = f.made.Load(), f.acked.Load()
	r.RunMS, r.CPU, r.Counts = run.Milliseconds(), cpu.Milliseconds(), f.counts
	r.Live, r.Behind = waitOf(f.waits[0]), waitOf(f.waits[1])
	r.Memory.Peak = f.peak
	if r.Memory.Peak > r.Memory.Empty {
		r.Memory.PerTill = (r.Memory.Peak - r.Memory.Empty) / uint64(r.Tills)
	}
}

func waitOf(waits []time.Duration) Wait {
	if len(waits) == 0 {
		return Wait{}
	}
	slices.Sort(waits)
	at := func(percent int) float64 {
		return float64(waits[(len(waits)-1)*percent/100].Microseconds()) / 1000
	}
	return Wait{len(waits), at(50), at(99), at(100)}
}

// resident is the memory of this process, in bytes. Settle has the garbage given back first.
func resident(settle bool) uint64 {
	if settle {
		debug.FreeOSMemory()
	}
	if n := residentPages(); n > 0 {
		return n
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Sys - m.HeapReleased
}
