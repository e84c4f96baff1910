package platform

import (
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/space"
	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/presence"
	"github.com/tillproof/tillproof/sync/wallet"
	"github.com/tillproof/tillproof/sync/wire"
	"github.com/tillproof/tillproof/web/measure"
)

// mostTasks bounds the wallet's open tasks that one scrape looks at.
const mostTasks = 10_000

// overdue is how late the loop may be with a payment before that is worth a person's eye.
const overdue = time.Minute

// metricsRoute offers GET /metrics.
func (s *Service) metricsRoute(mux *http.ServeMux, door access.Door) {
	mux.Handle("GET /metrics", door.Let(access.Viewer, func(w http.ResponseWriter, r *http.Request, _ access.Person) {
		till := r.URL.Query().Get("till")
		if r.URL.Query().Get("tills") == "all" {
			till = everyTill
		}
		measure.New(Metrics(), func(sink measure.Sink) { s.measure(r.Context(), sink, till) }).Handler().ServeHTTP(w, r)
	}))
}

// everyTill asks for the numbers of all tills. No till is called so: the name is too short.
const everyTill = "*"

// present tells which tills are there.
func (s *scrape) present() {
	rows, err := s.presence.All(s.ctx)
	if err != nil {
		return
	}
	states := map[string]int{presence.Online: 0, presence.Offline: 0, presence.Silent: 0, "never": max(0, s.tills.book.Len()-len(rows))}
	devices := map[string]int{"ready": 0, "busy": 0, "opening": 0, "failed": 0, "absent": 0}
	oldest, farthest := int64(0), int64(0)
	if s.till != "" {
		s.marks = s.ledgerMarks()
	}
	for i := range rows {
		row := &rows[i]
		state := row.State(s.now)
		states[state]++
		if row.Online {
			oldest = max(oldest, s.now.UnixMilli()-row.Seen)
		}
		b, err := s.codec.DecodeBirth(row.Birth)
		if err != nil {
			continue
		}
		if b.OffsetMS != nil {
			farthest = max(farthest, *b.OffsetMS, -*b.OffsetMS)
		}
		if state == presence.Online {
			countDevices(devices, b)
		}
		if s.till == everyTill || s.till == string(row.Till) {
			s.one(row, b, state)
		}
	}
	for state, n := range states {
		s.put("tills", float64(n), state)
	}
	for state, n := range devices {
		s.put("devices", float64(n), state)
	}
	s.put("oldest_silence_seconds", float64(oldest)/1000)
	s.put("clock_offset_max_seconds", float64(farthest)/1000)
}

// countDevices counts the devices of a till in the states that there are.
func countDevices(counts map[string]int, b *wire.Birth) {
	for _, d := range b.Devices {
		if _, known := counts[d.State]; known {
			counts[d.State]++
		}
	}
}

// one tells of one till.
func (s *scrape) one(row *presence.Row, b *wire.Birth, state string) {
	till := string(row.Till)
	s.put("till_up", measure.Flag(state == presence.Online), till)
	s.put("till_silence_seconds", float64(s.now.UnixMilli()-row.Seen)/1000, till)
	if b.OffsetMS != nil {
		s.put("till_clock_offset_seconds", float64(*b.OffsetMS)/1000, till)
	}
	if held := s.marks[row.Till]; held != nil {
		s.put("till_unsent_records", float64(b.Seq-min(b.Seq, held[b.Epoch])), till)
	}
}

// ledgerMarks reads how far the ledger holds each epoch.
func (s *scrape) ledgerMarks() map[pos.TillID]map[pos.Epoch]pos.Seq {
	marks := map[pos.TillID]map[pos.Epoch]pos.Seq{}
	for m, err := range s.ledger.Marks(s.ctx) {
		if err != nil {
			return nil
		}
		if marks[m.Till] == nil {
			marks[m.Till] = map[pos.Epoch]pos.Seq{}
		}
		marks[m.Till][m.Head.Epoch] = m.Head.Seq
	}
	return marks
}

// wallet tells of the payments that are under way at acquirers.
func (s *scrape) wallet() {
	type open struct {
		next  int64
		stage wallet.Stage
	}
	tasks, err := database.All(s.ctx, s.db, func(row database.Scanner) (o open, err error) {
		var state []byte
		if err = row.Scan(&o.next, &state); err != nil {
			return o, err
		}
		var task struct{ Stage wallet.Stage }
		err = json.Unmarshal(state, &task)
		o.stage = task.Stage
		return o, err
	}, "SELECT next, state FROM tasks WHERE next > 0 ORDER BY next LIMIT ?", mostTasks)
	if err != nil {
		return
	}
	stages, late := map[wallet.Stage]int{}, 0
	for _, stage := range []wallet.Stage{wallet.Accepted, wallet.Asked, wallet.Waiting, wallet.Closing, wallet.Watched, wallet.Refunding, wallet.Returning,
		wallet.Capturing} {
		stages[stage] = 0
	}
	for _, t := range tasks {
		stages[t.stage]++
		if t.next < s.now.Add(-overdue).UnixMilli() {
			late++
		}
	}
	for stage, n := range stages {
		s.put("wallet_tasks", float64(n), string(stage))
	}
	s.put("wallet_overdue", float64(late))
}

// resources tells what the platform runs on.
func (s *scrape) resources() {
	kind := "sqlite"
	if s.db.Postgres() {
		kind = "postgresql"
	} else if free, err := space.Free(filepath.Dir(s.config.Database)); err == nil {
		s.put("disk_free_bytes", float64(free))
	}
	s.put("info", 1, s.opts.Version, kind)
	if s.leases != nil {
		s.put("leases_held", float64(len(s.leases.List())))
	}
	s.items(s.ctx)
}

// items tells of the work that waits.
func (s *scrape) items(ctx context.Context) {
	counts, err := s.work.Waiting(ctx)
	if err != nil {
		return
	}
	for kind, n := range counts {
		s.put("work_items", float64(n), string(kind))
	}
}
