package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/trace"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/sync/provision"
	"github.com/tillproof/tillproof/web"
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
	Token        string   // bearer of programs; whoever has it may do everything
	AllowedHosts []string // names that a request may address, beside loopback
	Drivers      map[pos.DeviceName]DriverInfo
	Traces       map[pos.DeviceName]*trace.Tap
	Shop         Shop     // Exponent and Goods are filled in by Handler
	Goods        Goods    // nil for none; a nil pointer in it is not nil
	People       People   // nil for none; a nil pointer in it is not nil
	Webhooks     Webhooks // nil for none; a nil pointer in it is not nil
	Couriers     Couriers // nil for a till that knows no platform

	// Scan takes what a scanner that types, or a hand, has put in; nil when the till takes no scans. It must not tell the hub itself.
	Scan func(text string) engine.Scan

	Counts func() SyncCounts // for /metrics; nil for none

	Provisioned func() *provision.Document // what the platform has configured the till to; nil, or nil from it, for nothing

	Hub      *Hub            // where scans come from for the event streams; nil when there are none but those of POST /v1/scan
	Sessions *Sessions       // the paired browsers; nil keeps them in memory only, so that they are forgotten with the handler
	Screens  http.Handler    // serves /till, /display, /ui/ and /, open to everybody; nil for none
	Closing  <-chan struct{} // closed when the till stops: event streams end at once, so that the server's Shutdown need not wait for them
}

// DriverInfo is what the configuration says of a device.
type DriverInfo struct {
	Driver string
	Kind   string
	Lacks  []drivers.Function // what a card terminal of the kind cannot do
}

// server holds the handlers.
type server struct{ Options }

// Handler makes the API. It starts no goroutine and keeps no state of its own but what Hub and Sessions hold.
func Handler(o Options) http.Handler {
	huma.NewError = frameworkError // the framework's only place for the form of its errors; always set to the same function
	s := &server{o}
	s.complete()
	mux := http.NewServeMux()
	api := humago.New(mux, s.describe())
	s.registerPayments(api)
	s.registerOperations(api)
	s.registerList(api)
	s.registerQR(api)
	s.registerScan(api)
	s.registerGoods(api)
	s.registerPeople(api)
	s.registerShifts(api)
	s.registerSettlements(api)
	s.registerWebhooks(api)
	s.registerStatus(api)
	s.registerDevices(api)
	s.registerConfiguration(api)
	s.registerCouriers(api)
	s.registerSessions(api)
	s.registerEvents(mux, api)
	s.registerMetrics(mux)
	documentRepeats(api)
	documentProblems(api)
	s.mountScreens(mux)
	return web.Guard(s.allowHost(refuseCrossOrigin(http.MaxBytesHandler(s.route(mux), maxBody))))
}

// complete fills in what may be left out.
func (s *server) complete() {
	if s.Hub == nil {
		s.Hub = &Hub{}
	}
	if s.Sessions == nil {
		s.Sessions = &Sessions{}
	}
	s.Shop = s.Shop.complete(s.Goods != nil)
}

// describe is what the description says beside the operations.
func (s *server) describe() huma.Config {
	config := huma.DefaultConfig("Tillproof till", s.Version)
	config.DocsPath, config.SchemasPath, config.CreateHooks = "", "", nil
	config.Info.Description = "The local API of a till. Amounts are integers of minor units."
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":   {Type: "http", Scheme: "bearer", Description: "Content of the till's file api-token."},
		"session": {Type: "apiKey", In: "cookie", Name: sessionCookie, Description: "A browser that was paired by POST /v1/session."},
	}
	config.Security = []map[string][]string{{"token": {}}, {"session": {}}}
	return config
}

// forEverybody marks an operation that asks for no authorisation.
func forEverybody() []map[string][]string { return []map[string][]string{} }

// mountScreens serves the screens. They hold no data, so everybody may read them.
func (s *server) mountScreens(mux *http.ServeMux) {
	if s.Screens == nil {
		return
	}
	for _, pattern := range screenPatterns() {
		mux.Handle(pattern, readOnly(s.Screens))
	}
}

func screenPatterns() []string { return []string{"/{$}", "/till", "/display", "/ui/"} }

// readOnly refuses what is neither GET nor HEAD.
func readOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			writeProblem(w, pos.NewError("method_not_allowed", pos.Permanent, pos.NoneMoved, "The screens can only be read.", "Use GET."))
			return
		}
		next.ServeHTTP(w, r)
	})
}
