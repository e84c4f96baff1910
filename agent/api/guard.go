package api

import (
	"net/http"
	"slices"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/web"
)

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
		if host := web.Host(r); !web.Loopback(host) && !slices.Contains(s.AllowedHosts, host) {
			writeProblem(w, pos.NewError("host_not_allowed", pos.Permanent, pos.NoneMoved, "This name is not one of the till's.",
				"Use the loopback address, or add the name to api.allowed_hosts."))
			return
		}
		next.ServeHTTP(w, r)
	})
}
