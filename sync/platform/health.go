package platform

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/database"
)

// How often the platform finds out whether the database takes writes, and how old that news may be.
const (
	writeEvery = 5 * time.Second
	writeFresh = 3 * writeEvery
)

// health knows whether the platform can do its work. It is safe for concurrent use once run was called.
type health struct {
	db      *database.DB
	name    string       // of this process
	written atomic.Int64 // when the database last took a write, milliseconds since 1970-01-01 UTC
}

// openHealth makes the table that is written to.
func openHealth(ctx context.Context, db *database.DB, name string) (*health, error) {
	h := &health{db: db, name: name}
	return h, errors.Join(db.Migrate(ctx, "health", database.Both("CREATE TABLE health (name TEXT NOT NULL PRIMARY KEY, at BIGINT NOT NULL)")), h.probe(ctx))
}

// probe writes one row. Rows of processes that are gone for a day are removed with it.
func (h *health) probe(ctx context.Context) error {
	now := clock()
	err := h.db.Transact(ctx, func(tx *database.Tx) error {
		_, old := tx.Exec(ctx, "DELETE FROM health WHERE at < ?", now-(24*time.Hour).Milliseconds())
		_, err := tx.Exec(ctx, "INSERT INTO health (name, at) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET at = excluded.at", h.name, now)
		return errors.Join(old, err)
	})
	if err == nil {
		h.wrote()
	}
	return err
}

// wrote notes that the database took a write.
func (h *health) wrote() { h.written.Store(clock()) }

// writable says whether the database took a write lately.
func (h *health) writable() bool { return clock()-h.written.Load() < writeFresh.Milliseconds() }

// run probes until the context ends. While batches are committed there is nothing to find out.
func (h *health) run(ctx context.Context, failed func(error)) {
	tick := time.NewTicker(writeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if clock()-h.written.Load() < writeEvery.Milliseconds()/2 {
			continue
		}
		if err := h.probe(ctx); err != nil && ctx.Err() == nil {
			failed(err)
		}
	}
}

// alive is 200 as long as the process answers. What else it says is for people; whether the platform can work says /readyz.
func (s *Service) alive(w http.ResponseWriter, r *http.Request) {
	reply(w, http.StatusOK, map[string]any{"broker": s.intake.conn.Load() != nil, "ledger": s.db.Ping(r.Context()) == nil, "intake": s.intake.Counts()})
}

// readyState is what /readyz says.
type readyState struct {
	Ready    bool `json:"ready"`
	Broker   bool `json:"broker"`           // connected
	Database bool `json:"database"`         // takes writes
	Leases   *int `json:"leases,omitempty"` // partitions that this replica works on; absent where one replica has all
}

// ready is 200 when batches can be taken and acknowledged and calls answered, else 503. A replica that has no partitions is not ready.
func (s *Service) ready(w http.ResponseWriter, _ *http.Request) {
	state := readyState{Broker: s.intake.conn.Load() != nil, Database: s.health.writable()}
	state.Ready = state.Broker && state.Database
	if s.leases != nil {
		n := len(s.leases.list())
		state.Leases, state.Ready = &n, state.Ready && n > 0
	}
	status := http.StatusOK
	if !state.Ready {
		status = http.StatusServiceUnavailable
	}
	reply(w, status, state)
}

// operateRoutes offers what those need who run the platform: /healthz and /readyz for everybody, the rest for those whom the door lets in.
func (s *Service) operateRoutes(mux *http.ServeMux, door access.Door) {
	mux.HandleFunc("GET /healthz", s.alive)
	mux.HandleFunc("GET /readyz", s.ready)
	s.metricsRoute(mux, door)
	s.presence.Routes(mux, door)
}
