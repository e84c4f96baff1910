package api

import (
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/pos"
)

// pairingPattern is the one operation that a session may not use: a browser pairs no other browser.
const pairingPattern = "POST /v1/pairings"

// route finds what a request asks for, checks whether it may, and answers what nothing is registered for in the form of all other problems.
// It decides by the pattern that will serve the request, so that no spelling of a path gets round it.
func (s *server) route(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, pattern := mux.Handler(r)
		switch {
		case !isOpen(pattern) && !s.mayAsk(r, pattern):
			refuseUnauthorized(w, r)
		case pattern == "":
			writeProblem(w, pos.NewError("not_found", pos.Permanent, pos.NoneMoved, "There is nothing at this path for this method.",
				"/openapi.json lists what there is."))
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

// isOpen names what gives nothing away.
func isOpen(pattern string) bool {
	switch pattern {
	case "GET /healthz", "GET /openapi.json", "GET /openapi.yaml", "GET /v1/session", "POST /v1/session", "DELETE /v1/session":
		return true
	}
	return slices.Contains(screenPatterns(), pattern)
}

// mayAsk says whether a request carries the token, or comes from a paired browser.
func (s *server) mayAsk(r *http.Request, pattern string) bool {
	given, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if isBearer {
		return subtle.ConstantTimeCompare([]byte(given), []byte(s.Token)) == 1
	}
	return pattern != pairingPattern && s.isPaired(r)
}

// isPaired says whether one of the till's own pages asks, in a browser that was paired. Browsers tell where a request comes from (W3C Fetch
// Metadata); a cookie that a page of another origin makes them send counts for nothing, not even for reading.
func (s *server) isPaired(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
	default:
		return false
	}
	for _, c := range r.CookiesNamed(sessionCookie) {
		if s.Sessions.knows(c.Value) {
			return true
		}
	}
	return false
}

func refuseUnauthorized(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Sec-Fetch-Mode") == "" { // a program, which may make use of it
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	writeProblem(w, pos.NewError("unauthorized", pos.Permanent, pos.NoneMoved, "The request carries no valid token and comes from no paired browser.",
		"Send `Authorization: Bearer` with the content of the file api-token, or pair the browser with `tillproof pair`."))
}
