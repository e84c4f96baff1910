package platform

import (
	"embed"
	"net"
	"net/http"
	"path"
	"strings"
)

//go:embed static
var static embed.FS

// policy is the content security policy of every answer (W3C CSP level 3): own scripts and styles only, nothing inline, no frames.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

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

// guard sets the headers of every answer, and refuses names that lead here only by a trick: another site's name that resolves to this
// address (DNS rebinding) would let that site read the ledger.
func (s *Service) guard(next http.Handler) http.Handler {
	own, _, _ := net.SplitHostPort(s.config.Listen)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if host != own && host != "localhost" && net.ParseIP(strings.Trim(host, "[]")) == nil {
			http.Error(w, "not known under this name", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// asset writes a file of the page.
func asset(w http.ResponseWriter, name string) {
	kind := contentType(name)
	text, err := static.ReadFile(path.Join("static", name))
	if err != nil || kind == "" || strings.Contains(name, "..") {
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(text) // the client has gone: nobody is left to tell
}

func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return ""
}
