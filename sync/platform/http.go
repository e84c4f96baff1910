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

func reply(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the client has gone: nobody is left to tell
}
