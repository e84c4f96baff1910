package platform

import (
	"net/http"

	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/answer"
)

// alive is 200 as long as the process answers. What else it says is for people; whether the platform can work says /readyz.
func (s *Service) alive(w http.ResponseWriter, r *http.Request) {
	answer.JSON(w, http.StatusOK, map[string]any{"broker": s.intake.conn.Load() != nil, "ledger": s.db.Ping(r.Context()) == nil, "intake": s.intake.Counts()})
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
	state := readyState{Broker: s.intake.conn.Load() != nil, Database: s.health.Writable()}
	state.Ready = state.Broker && state.Database
	if s.leases != nil {
		n := len(s.leases.List())
		state.Leases, state.Ready = &n, state.Ready && n > 0
	}
	status := http.StatusOK
	if !state.Ready {
		status = http.StatusServiceUnavailable
	}
	answer.JSON(w, status, state)
}

// operateRoutes offers what those need who run the platform: /healthz and /readyz for everybody, the rest for those whom the door lets in.
func (s *Service) operateRoutes(mux *http.ServeMux, door access.Door) {
	mux.HandleFunc("GET /healthz", s.alive)
	mux.HandleFunc("GET /readyz", s.ready)
	s.metricsRoute(mux, door)
	s.presence.Routes(mux, door)
}
