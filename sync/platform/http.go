package platform

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"time"
)

// serveHTTP answers until the context ends.
func (s *Service) serveHTTP(ctx context.Context, listener net.Listener) {
	server := &http.Server{Handler: s.pages(), ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(listener); err != nil && ctx.Err() == nil {
		s.opts.Log.Error("the platform's HTTP pages have ended; custody goes on", "error", err)
	}
}

// health is 200 when batches can be taken and acknowledged, 503 when the broker or the ledger is away.
func (s *Service) health(w http.ResponseWriter, r *http.Request) {
	ledger := s.ledger.db.PingContext(r.Context()) == nil
	connected := s.intake.conn.Load() != nil
	status := http.StatusOK
	if !ledger || !connected {
		status = http.StatusServiceUnavailable
	}
	reply(w, status, map[string]any{"broker": connected, "ledger": ledger, "intake": s.intake.Counts()})
}

// markLine is a mark as /v1/marks shows it.
type markLine struct {
	Till      string `json:"till"`
	Epoch     string `json:"epoch"`
	Seq       uint64 `json:"seq"`
	Head      string `json:"head"`
	UpdatedAt string `json:"updated_at"`
}

// marks lists how far the ledger holds each epoch.
func (s *Service) marks(w http.ResponseWriter, r *http.Request) {
	items := []markLine{}
	for m, err := range s.ledger.Marks(r.Context()) {
		if err != nil {
			s.unreadable(w, err)
			return
		}
		items = append(items, markLine{string(m.Till), m.Head.Epoch.String(), uint64(m.Head.Seq), m.Head.Hash.String(), stamp(m.UpdatedAt)})
	}
	reply(w, http.StatusOK, map[string]any{"items": items})
}

func reply(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the client has gone: nobody is left to tell
}
