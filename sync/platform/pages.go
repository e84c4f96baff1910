package platform

import (
	"embed"
	"io/fs"
	"net"
	"net/http"

	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/web"
)

//go:embed static
var static embed.FS

// part is a part of the platform that has routes of its own under /v1.
type part interface {
	Routes(mux *http.ServeMux, door access.Door)
}

// pages serves the back office: its page, its API and those of the parts. The page and /healthz are open to everybody and tell nothing of payments; all else
// goes through the office's door.
func (s *Service) pages() http.Handler {
	mux := http.NewServeMux()
	sums := &tally{ledger: s.ledger}
	s.operateRoutes(mux, s.office)
	mux.Handle("GET /v1/totals", s.office.Let(access.Viewer, func(w http.ResponseWriter, r *http.Request, _ access.Person) { s.totals(w, r, sums) }))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { asset(w, "index.html") })
	mux.HandleFunc("GET /ui/{name...}", func(w http.ResponseWriter, r *http.Request) { asset(w, r.PathValue("name")) })
	s.pki.Enrolment(mux)
	s.pki.Routes(mux, s.office)
	s.office.Routes(mux)
	for _, p := range s.parts {
		p.Routes(mux, s.office)
	}
	return s.guard(mux)
}

// guard refuses names that lead here only by a trick: another site's name that resolves to this address (DNS rebinding) would let that site read the
// ledger.
func (s *Service) guard(next http.Handler) http.Handler {
	own, _, _ := net.SplitHostPort(s.config.Listen)
	return web.Guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host := web.Host(r); r.TLS == nil && host != own && // over TLS the certificate says which name is right
			host != "localhost" && net.ParseIP(host) == nil {
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
