package api

import (
	"net/http"
	"time"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/web/measure"
)

// SyncCounts are what the till's end of the sync counted since the start.
type SyncCounts struct {
	Batches uint64            // sent, again or not
	Acks    map[string]uint64 // acknowledgements that the platform has signed, by their state; "refused" for those that it has not
	Calls   []CallCount
}

// CallCount counts calls of one kind that ended in one way: final, accepted (and nothing more in time), silent, away.
type CallCount struct {
	Op, Outcome string
	N           uint64
}

// Metrics are the families that the till's /metrics shows.
func Metrics() []measure.Family {
	gauge := func(name, help string, labels ...string) measure.Family {
		return measure.Family{Name: "tillproof_till_" + name, Kind: measure.Gauge, Labels: labels, Help: help}
	}
	counter := func(name, help string, labels ...string) measure.Family {
		return measure.Family{Name: "tillproof_till_" + name, Kind: measure.Counter, Labels: labels, Help: help}
	}
	return []measure.Family{
		gauge("info", "Always 1.", "till", "version"),
		gauge("may_sell", "1 while a cash sale would be accepted, as /healthz says."),
		gauge("mode", "1 for the mode that the till is in.", "mode"),
		gauge("mode_age_seconds", "How long it has been in this mode."),
		gauge("seq", "The journal's last record."),
		gauge("acked_seq", "The last record of the present epoch in the platform's custody."),
		gauge("backlog_records", "Records without the platform's signature."),
		gauge("backlog_payments", "Payments that were taken and are not in custody."),
		gauge("backlog_amount", "Money taken in these payments, in minor units.", "currency"),
		gauge("backlog_oldest_age_seconds", "Age of the oldest record without the platform's signature; 0 when there is none."),
		counter("batches_total", "Batches of records sent, repetitions too."),
		counter("acks_total", "Acknowledgements by their state: ok, held, gap, fork; refused for those that the platform has not signed.", "state"),
		counter("calls_total", "Calls to the platform by what they asked for and how they ended: final, accepted, silent, away.", "op", "outcome"),
		{Name: "tillproof_till_append_seconds", Kind: measure.Histogram, Help: "Time of a commit of the journal, which every sale waits for."},
		gauge("device_state", "1 for the state that a device is in.", "device", "state"),
		gauge("disk_free_bytes", "Room on the disk of the data folder."),
		gauge("disk_state", "1 for the state that the room for records is in.", "state"),
		gauge("clock_doubted", "1 while the clock is not believed: offline approvals are refused."),
		gauge("clock_offset_seconds", "What has to be added to the clock for the time that the platform has proven last; absent when it never has."),
		gauge("policy_version", "Version of the offline policy in force, 0 for none."),
		gauge("policy_limit", "Limit of an offline rule: minor units, numbers or seconds.", "rule"),
		gauge("policy_headroom", "What an offline rule still allows, in the limit's units.", "rule"),
		gauge("unknown_payments", "Payments of which nobody knows whether money moved."),
		gauge("shift_open", "1 while a shift is open."),
		gauge("vault_entries", "Offline approvals whose card data wait for the acquirer's word; absent without a card reader."),
		gauge("vault_stuck", "Those of them that cannot be forwarded."),
	}
}

// registerMetrics offers the till's numbers to Prometheus, behind the same door as everything else.
func (s *server) registerMetrics(mux *http.ServeMux) {
	mux.Handle("GET /metrics", measure.New(Metrics(), s.measure).Handler())
}

// measure tells the numbers of this moment. What cannot be read now is left out.
func (s *server) measure(sink measure.Sink) {
	put := func(name string, value float64, labels ...string) { sink.Put("tillproof_till_"+name, value, labels...) }
	put("info", 1, string(s.Till), s.Version)
	put("may_sell", measure.Flag(s.Journal.MaySell() == nil))
	s.measureJournal(sink, put)
	if s.Counts != nil {
		s.measureCounts(put)
	}
	status, err := s.currentStatus()
	if err != nil {
		return
	}
	for _, mode := range []string{"online", "degraded", "offline"} {
		put("mode", measure.Flag(status.Mode == mode), mode)
	}
	put("mode_age_seconds", time.Since(s.Sync.Mode().Since).Seconds())
	put("seq", float64(status.Seq))
	put("acked_seq", float64(status.AckedSeq))
	measureBacklog(&status.Backlog, put)
	measureDevices(status.Devices, put)
	put("disk_free_bytes", float64(status.Disk.FreeBytes))
	for _, state := range []journal.DiskState{journal.DiskOK, journal.DiskLow, journal.DiskStopped} {
		put("disk_state", measure.Flag(status.Disk.State == state), string(state))
	}
	put("policy_version", float64(status.Policy.Version))
	for _, h := range status.Policy.Headroom {
		put("policy_limit", float64(h.Limit), h.Rule)
		put("policy_headroom", float64(h.Limit-h.Used), h.Rule)
	}
	put("unknown_payments", float64(len(status.Unknown)))
	put("shift_open", measure.Flag(status.Shift != nil))
	if v := status.Vault; v != nil {
		put("vault_entries", float64(v.Entries))
		put("vault_stuck", float64(len(v.Stuck)))
	}
}

// putter is [measure.Sink.Put] with the beginning of the name left out.
type putter func(name string, value float64, labels ...string)

func (s *server) measureJournal(sink measure.Sink, put putter) {
	put("clock_doubted", measure.Flag(s.Journal.ClockDoubted()))
	if ms, proven := s.Journal.Offset(); proven {
		put("clock_offset_seconds", float64(ms)/1000)
	}
	pace, within := s.Journal.Pace(), map[float64]uint64{}
	for i, bound := range journal.PaceBounds() {
		within[bound.Seconds()] = pace.Within[i]
	}
	sink.Spread("tillproof_till_append_seconds", pace.Commits, pace.Total.Seconds(), within)
}

func (s *server) measureCounts(put putter) {
	counts := s.Counts()
	put("batches_total", float64(counts.Batches))
	for state, n := range counts.Acks {
		put("acks_total", float64(n), state)
	}
	for _, c := range counts.Calls {
		put("calls_total", float64(c.N), c.Op, c.Outcome)
	}
}

func measureBacklog(b *Backlog, put putter) {
	put("backlog_records", float64(b.Records))
	put("backlog_payments", float64(b.Payments))
	for currency, amount := range b.Amounts {
		put("backlog_amount", float64(amount), string(currency))
	}
	age := 0.0
	if oldest, err := time.Parse(time.RFC3339, b.OldestAt); err == nil && b.Records > 0 {
		age = max(0, time.Since(oldest).Seconds())
	}
	put("backlog_oldest_age_seconds", age)
}

func measureDevices(list []Device, put putter) {
	for _, d := range list {
		for _, state := range []engine.DeviceState{engine.Ready, engine.Busy, engine.Opening, engine.Failed, engine.Absent} {
			put("device_state", measure.Flag(d.State == state), string(d.Name), string(state))
		}
	}
}
