package api

import (
	"cmp"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillproof/tillproof/pos"
)

// Ack is the event `ack`: how far the platform's custody reaches, and what it does not hold yet.
type Ack struct {
	AckedSeq pos.Seq `json:"acked_seq"`
	Backlog  Backlog `json:"backlog"`
}

// eventsDoc describes the stream; OpenAPI has no words for its parts.
const eventsDoc = "Server-sent events (WHATWG HTML §9.2). First always `status`, then what changes:\n\n" +
	"- `payment`: a Payment, with `id: <epoch>.<seq>` of the record that changed it; without an id when only its next step has changed\n" +
	"- `status`: a Status, when mode, devices, disk or clock change\n" +
	"- `device`: a Device that has changed\n" +
	"- `shift`: a ShiftChange, when a shift is opened or closed; whoever resumes is told the last one again\n" +
	"- `ack`: an Ack, at most four a second\n" +
	"- `scan`: a Scan\n\n" +
	"A comment comes every second. Last-Event-ID resumes, across restarts of the till too: every payment that has changed since is sent once, in " +
	"the order of the last changes. After an id that is too old or not the till's come all open payments and the newest 50."

// registerEvents adds the stream, which the framework cannot write: it has no end.
func (s *server) registerEvents(mux *http.ServeMux, api huma.API) {
	mux.HandleFunc("GET /v1/events", s.events)
	schemas := api.OpenAPI().Components.Schemas
	for _, event := range []any{Ack{}, Scan{}, ShiftChange{}} {
		schemas.Schema(reflect.TypeOf(event), true, "")
	}
	text := &huma.Schema{Type: huma.TypeString}
	refused := map[string]*huma.MediaType{"application/problem+json": {Schema: schemas.Schema(reflect.TypeOf(Problem{}), true, "")}}
	api.OpenAPI().AddOperation(&huma.Operation{OperationID: "events", Method: http.MethodGet, Path: "/v1/events", Summary: "What happens on the till, as it happens",
		Description: eventsDoc,
		Parameters: []*huma.Param{
			{Name: "Last-Event-ID", In: "header", Schema: text, Description: "The id of the last event that was seen"},
			{Name: "last_event_id", In: "query", Schema: text, Description: "The same, for who cannot set the header; the header counts first"},
		},
		Responses: map[string]*huma.Response{
			"200":     {Description: "The stream", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: text}}},
			"default": {Description: "Error", Content: refused},
		}})
}

// events streams until the listener goes, the till closes, or the listener does not read.
func (s *server) events(w http.ResponseWriter, r *http.Request) {
	status, err := s.currentStatus()
	if err != nil {
		writeProblem(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	if r.Method == http.MethodHead {
		return
	}
	scans, leave := s.Hub.listen()
	defer leave()
	t := &stream{server: s, out: newEventWriter(w)}
	if t.begin(status, cmp.Or(r.Header.Get("Last-Event-ID"), r.URL.Query().Get("last_event_id"))) == nil {
		_ = t.run(r.Context(), scans) // whatever ended it, the listener connects again
	}
	_ = t.out.control.SetWriteDeadline(time.Time{}) // a connection that still works may be used again
}
