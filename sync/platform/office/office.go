package office

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/registry"
)

// Options of an office.
type Options struct {
	DB       *database.DB // of the ledger
	Registry *registry.Registry
	Loopback bool         // the address is reached from this machine only: nobody has to log in as long as nobody is set up
	Version  string       // of the program, for the API's description
	Log      *slog.Logger // nil for none
}

// Office serves the back office. It is safe for concurrent use and starts no goroutine.
type Office struct {
	Options
	records *record.Codec
	routes  []route
}

// route is one operation of the API.
type route struct {
	method, path, summary string
	need                  access.Role // "" for everybody
	query                 []string    // names of its query parameters
	body                  any         // a value of the type that is sent, nil for none
	answer                any         // a value of the type that is answered, nil where the description says it
	serve                 http.Handler
}

// New makes an office.
func New(o Options) (*Office, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	records, err := record.NewCodec()
	if err != nil {
		return nil, err
	}
	f := &Office{Options: o, records: records}
	f.sessionRoutes()
	f.peopleRoutes()
	for _, s := range shelves() {
		f.shelfRoutes(s)
	}
	f.ledgerRoutes()
	f.exportRoutes()
	f.auditRoutes()
	f.routes = append(f.routes, route{method: http.MethodGet, path: "/openapi.json", summary: "This description", serve: http.HandlerFunc(f.describe)})
	return f, nil
}

// Routes puts the office's own routes into mux.
func (f *Office) Routes(mux *http.ServeMux) {
	for _, r := range f.routes {
		mux.Handle(r.method+" "+r.path, r.serve)
	}
}

// add is a route for those with a role.
func (f *Office) add(method, path string, need access.Role, summary string, answer access.Answer, more ...func(*route)) {
	r := route{method: method, path: path, need: need, summary: summary, serve: f.Let(need, answer)}
	for _, m := range more {
		m(&r)
	}
	f.routes = append(f.routes, r)
}

func withQuery(names ...string) func(*route) { return func(r *route) { r.query = names } }

func sends(body any) func(*route) { return func(r *route) { r.body = body } }

func answers(body any) func(*route) { return func(r *route) { r.answer = body } }

// asPerson is the context of what a person does.
func asPerson(ctx context.Context, who access.Person) context.Context {
	if who.Name == "" {
		return registry.As(ctx, nobody)
	}
	return registry.As(ctx, "user:"+who.Name)
}

// nobody is who acts while nobody has to log in.
const nobody = "open"

// unreadable is the problem of a database that does not answer.
func (f *Office) unreadable(w http.ResponseWriter, err error) {
	f.Log.Error("the back office cannot read or write its database", "error", err)
	writeProblem(w, pos.NewError("database_unusable", pos.Transient, pos.MoneyUnknown, "The platform's database does not answer as it should.",
		"Try again; if it stays so, look at the platform's log. What was acknowledged to tills is safe."))
}
