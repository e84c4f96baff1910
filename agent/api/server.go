package api

import (
	"crypto/subtle"
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
)

// maxBody bounds a request, in bytes.
const maxBody = 64 << 10

// Options are what the API shows.
type Options struct {
	Till         pos.TillID
	Version      string
	Engine       *engine.Engine
	Journal      *journal.Journal
	Sync         Sync
	Data         string   // folder whose disk is watched
	Token        string   // bearer of every request but health and the description
	AllowedHosts []string // names that a request may address, beside loopback
	Drivers      map[pos.DeviceName]DriverInfo
}

// DriverInfo is what the configuration says of a device.
type DriverInfo struct {
	Driver string
	Kind   string
}

// server holds the handlers.
type server struct{ Options }

// Handler makes the API. It keeps no state of its own.
func Handler(o Options) http.Handler {
	huma.NewError = frameworkError // the framework's only place for the form of its errors; always set to the same function
	s := &server{o}
	mux := http.NewServeMux()
	config := huma.DefaultConfig("Tillproof till", o.Version)
	config.DocsPath, config.SchemasPath, config.CreateHooks = "", "", nil
	config.Info.Description = "The local API of a till. Amounts are integers of minor units."
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
	config.Security = []map[string][]string{{"token": {}}}
	api := humago.New(mux, config)
	s.registerPayments(api)
	s.registerList(api)
	s.registerStatus(api)
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(refuseCrossOrigin))
	return s.allowHost(protection.Handler(s.authorise(http.MaxBytesHandler(known(mux), maxBody))))
}

// known answers what no handler is registered for in the form of all other problems.
func known(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern == "" {
			writeProblem(w, pos.NewError("not_found", pos.Permanent, pos.NoneMoved, "There is nothing at this path for this method.",
				"/openapi.json lists what there is."))
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func refuseCrossOrigin(w http.ResponseWriter, _ *http.Request) {
	writeProblem(w, pos.NewError("cross_origin", pos.Permanent, pos.NoneMoved, "The request comes from a page of another origin.",
		"Use the till's own pages, or ask from a program."))
}

// authorise asks for the token. The description and the health check give nothing away.
func (s *server) authorise(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		open := r.URL.Path == "/healthz" || r.URL.Path == "/openapi.json" || r.URL.Path == "/openapi.yaml"
		given, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !open && (!isBearer || subtle.ConstantTimeCompare([]byte(given), []byte(s.Token)) != 1) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			writeProblem(w, pos.NewError("unauthorized", pos.Permanent, pos.NoneMoved, "The request carries no valid token.",
				"Send `Authorization: Bearer` with the content of the file api-token."))
			return
		}
		next.ServeHTTP(w, r)
	})
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

func writeProblem(w http.ResponseWriter, e *pos.Error) {
	p := newProblem(statusOf(e.Code), e)
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the caller has gone if this fails
}
