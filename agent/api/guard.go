package api

import (
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/pos"
)

// contentPolicy lets a page of the till use the till's own scripts, styles and pictures and nothing else (W3C Content Security Policy level 3).
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// withHeaders sets what every response carries, refusals included.
func withHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// refuseCrossOrigin keeps pages of others from changing anything, whatever cookies the browser adds.
func refuseCrossOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, pos.NewError("cross_origin", pos.Permanent, pos.NoneMoved, "The request comes from a page of another origin.",
			"Use the till's own pages, or ask from a program."))
	}))
	return protection.Handler(next)
}

// allowHost refuses names that are not ours, so that a page elsewhere cannot reach the till by DNS rebinding.
func (s *server) allowHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		ip := net.ParseIP(strings.Trim(host, "[]"))
		if host != "localhost" && (ip == nil || !ip.IsLoopback()) && !slices.Contains(s.AllowedHosts, host) {
			writeProblem(w, pos.NewError("host_not_allowed", pos.Permanent, pos.NoneMoved, "This name is not one of the till's.",
				"Use the loopback address, or add the name to api.allowed_hosts."))
			return
		}
		next.ServeHTTP(w, r)
	})
}
