package platform

import (
	"context"
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
