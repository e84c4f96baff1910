package platform

import (
	"embed"
	"io/fs"
	"net"
	"net/http"

	"github.com/tillproof/tillproof/web"
)

//go:embed static
var static embed.FS

// pages serves the ledger's page and what it reads. Everything is read-only, and nothing asks for authorisation: the address belongs on
// loopback or behind something that does.
func (s *Service) pages() http.Handler {
	mux := http.NewServeMux()
	sums := &tally{ledger: s.ledger}
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("GET /v1/marks", s.marks)
	mux.HandleFunc("GET /v1/payments", s.payments)
	mux.HandleFunc("GET /v1/totals", func(w http.ResponseWriter, r *http.Request) { s.totals(w, r, sums) })
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { asset(w, "index.html") })
	mux.HandleFunc("GET /ui/{name...}", func(w http.ResponseWriter, r *http.Request) { asset(w, r.PathValue("name")) })
	return s.guard(mux)
}

// guard refuses names that lead here only by a trick: another site's name that resolves to this address (DNS rebinding) would let that site read the
// ledger.
func (s *Service) guard(next http.Handler) http.Handler {
	own, _, _ := net.SplitHostPort(s.config.Listen)
	return web.Guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host := web.Host(r); host != own && host != "localhost" && net.ParseIP(host) == nil {
			http.Error(w, "not known under this name", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	}))
}

// asset writes a file of the page.
func asset(w http.ResponseWriter, name string) {
	folder, err := fs.Sub(static, "static")
	if err != nil || !web.File(w, folder, name) {
		http.Error(w, "not found", http.StatusNotFound)
	}
}
