package platform

import (
	"context"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/gaps"
	"github.com/tillproof/tillproof/sync/wire"
	"github.com/tillproof/tillproof/web/measure"
)

// Metrics are the families that the platform's /metrics shows.
func Metrics() []measure.Family {
	gauge := func(name, help string, labels ...string) measure.Family {
		return measure.Family{Name: "tillproof_platform_" + name, Kind: measure.Gauge, Labels: labels, Help: help}
	}
	counter := func(name, help string, labels ...string) measure.Family {
		return measure.Family{Name: "tillproof_platform_" + name, Kind: measure.Counter, Labels: labels, Help: help}
	}
	return []measure.Family{
		gauge("info", "Always 1.", "version", "database"),
		gauge("broker_connected", "1 while there is a connection to the broker."),
		gauge("database_writable", "1 while the database takes writes."),
		counter("batches_total", "Batches verified and committed, gaps and repetitions too."),
		counter("records_total", "Records in these batches by merchant; other beyond the first 200 merchants.", "merchant"),
		counter("acks_total", "Acknowledgements by what they say: ok, held, gap, fork.", "state"),
		counter("forged_total", "Messages that are not from the till that they claim; none was answered."),
		counter("broken_total", "Messages that were not whole; none was answered, tills send records again."),
		counter("dropped_total", "Messages that found a queue full; tills send records again."),
		counter("failed_total", "Batches and calls that the database refused; none was acknowledged."),
		counter("calls_total", "Calls by what they asked for and how they ended: answered, unsent, forged, broken, failed.", "op", "outcome"),
		{Name: "tillproof_platform_commit_seconds", Kind: measure.Histogram, Help: "Time of a transaction that takes batches into custody."},
		gauge("tills", "Tills by presence: online, offline, silent (said to be online and not heard for 15 minutes), never.", "state"),
		gauge("oldest_silence_seconds", "For how long the till was not heard that is said to be online and was heard last; 0 when there is none."),
		gauge("clock_offset_max_seconds", "The largest distance of a till's clock from proven time, of those that have told it."),
		gauge("stuck_tills", "Tills that are answered with the same gap for more than a minute: they lack what the ledger lacks."),
		gauge("devices", "Devices of the tills that are online, by state.", "state"),
		gauge("wallet_tasks", "Payments that are being brought to their end at an acquirer, by stage.", "stage"),
		gauge("wallet_overdue", "Of these, how many should have been acted upon a minute ago or earlier."),
		gauge("work_items", "Work items that wait for somebody, by kind.", "kind"),
		gauge("leases_held", "Partitions that this replica works on."),
		gauge("disk_free_bytes", "Room on the disk of the data folder; absent with a database elsewhere."),
		gauge("till_up", "1 while the till is online. Only when asked for: /metrics?tills=all, or ?till=ID.", "till"),
		gauge("till_silence_seconds", "For how long the till was not heard. Only when asked for.", "till"),
		gauge("till_clock_offset_seconds", "What has to be added to the till's clock for proven time. Only when asked for.", "till"),
		gauge("till_unsent_records", "Records that the till had when it was heard last and that are not in custody. Only when asked for.", "till"),
	}
}

// meter counts what happens on the way of messages. It is safe for concurrent use.
type meter struct {
	commits measure.Clock
	acks    measure.Tally // by state
	records measure.Tally // by merchant
	calls   measure.Tally // by op and outcome
	gaps    gaps.Watch
}

// committed counts batches that are in custody, or were answered with a gap.
func (m *meter) committed(group []parcel, acks []wire.Ack) {
	for n := range acks {
		m.acks.Add(1, string(acks[n].State), "")
		m.records.Add(uint64(len(group[n].delivery.entries)), string(group[n].topic.Merchant), "")
		m.gaps.Note(&acks[n], time.Now())
	}
}

// answered counts a call that was carried out.
func (m *meter) answered(op wire.Op, err error) {
	outcome := "answered"
	if err != nil {
		outcome = "unsent"
	}
	m.calls.Add(1, string(op), outcome)
}

// refused counts a call that is not answered. What it asked for is not believed.
func (m *meter) refused(err error) { m.calls.Add(1, "unknown", fault(err)) }

// scrapeTime bounds what a scrape may ask of the database.
const scrapeTime = 5 * time.Second

// scrape is one look at the platform's numbers.
type scrape struct {
	*Service
	ctx   context.Context
	sink  measure.Sink
	till  string // per till as well: "all", the name of one, or "" for none
	now   time.Time
	marks map[pos.TillID]map[pos.Epoch]pos.Seq // how far the ledger holds each epoch; only for numbers per till
}

// put is [measure.Sink.Put] with the beginning of the name left out.
func (s *scrape) put(name string, value float64, labels ...string) {
	s.sink.Put("tillproof_platform_"+name, value, labels...)
}

// measure tells the numbers of this moment. What cannot be read now is left out.
func (s *Service) measure(ctx context.Context, sink measure.Sink, till string) {
	ctx, cancel := context.WithTimeout(ctx, scrapeTime)
	defer cancel()
	c := &scrape{Service: s, ctx: ctx, sink: sink, till: till, now: time.Now()}
	c.intake()
	c.present()
	c.wallet()
	c.resources()
}

// intake tells of the way from the broker to the ledger.
func (s *scrape) intake() {
	n := s.Service.intake.Counts()
	s.put("broker_connected", measure.Flag(s.Service.intake.conn.Load() != nil))
	s.put("database_writable", measure.Flag(s.health.Writable()))
	s.put("batches_total", float64(n.Batches))
	s.put("forged_total", float64(n.Forged))
	s.put("broken_total", float64(n.Broken))
	s.put("dropped_total", float64(n.Dropped))
	s.put("failed_total", float64(n.Failed))
	s.meter.acks.Put(s.sink, "tillproof_platform_acks_total", 1)
	s.meter.records.Put(s.sink, "tillproof_platform_records_total", 1)
	s.meter.calls.Put(s.sink, "tillproof_platform_calls_total", 2)
	s.meter.commits.Put(s.sink, "tillproof_platform_commit_seconds")
	s.put("stuck_tills", float64(len(s.meter.gaps.Stuck(s.now))))
}
