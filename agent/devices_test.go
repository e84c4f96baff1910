package agent_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// A technician switches a trace on while the till sells, sees what the card terminal says, and no card.
func TestATraceOfARunningTill(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.plug()
	w.start()
	w.ready()
	var trace api.DeviceTrace
	if status, _ := w.ask(http.MethodGet, "/v1/devices/counter/trace", nil, &trace); status != 200 || trace.On || len(trace.Items) != 0 || trace.EndsAt != "" {
		t.Errorf("%d %+v", status, trace)
	}
	if status, _ := w.ask(http.MethodPost, "/v1/devices/counter/trace", map[string]int{"seconds": 60}, &trace); status != 200 || !trace.On || trace.EndsAt == "" {
		t.Errorf("%d %+v", status, trace)
	}
	w.pt.Next(zvtsim.Card{Brand: "visa"})
	if p := w.pay("card", "A-1", 1250, "30s"); p.Status != pos.Approved {
		t.Fatalf("%+v", p)
	}
	w.ask(http.MethodGet, "/v1/devices/counter/trace?after=0", nil, &trace)
	names := map[string]bool{}
	for _, l := range trace.Items {
		if l.Decoded != nil {
			names[l.From+" "+l.Decoded.Name] = true
		}
	}
	text, _ := json.Marshal(trace)
	if !names["ecr payment"] || !names["device status_information"] || !names["device completion"] || strings.Contains(string(text), `"pan":"4`) {
		t.Errorf("%v %s", names, text)
	}
	if status, _ := w.ask(http.MethodPost, "/v1/devices/counter/trace", map[string]int{"seconds": 0}, &trace); status != 200 || trace.On {
		t.Errorf("%d %+v", status, trace)
	}
	for _, path := range []string{"/v1/devices/attic/trace", "/v1/devices/attic/totals", "/v1/devices/attic/reprint"} {
		body := any(nil)
		if strings.HasSuffix(path, "trace") {
			body = map[string]int{"seconds": 1}
		}
		if status, code := w.ask(http.MethodPost, path, body, nil); status != 404 || code != "not_found" {
			t.Errorf("%s: %d %s", path, status, code)
		}
	}
	if status, code := w.ask(http.MethodPost, "/v1/devices/counter/trace", map[string]int{"seconds": 901}, nil); status != 422 || code != "request_invalid" {
		t.Errorf("%d %s", status, code)
	}
}

func TestTheStatusSaysWhatADeviceIsAndLacks(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.start()
	d := w.status().Devices[0]
	if d.Driver != "zvt" || d.Kind != "card" || d.Lacks == nil || d.Chores == nil {
		t.Errorf("%+v", d)
	}
	if status, code := w.ask(http.MethodPost, "/v1/devices/counter/service", map[string]any{"chore": drivers.Diagnosis}, nil); status != 503 || code != "device_unavailable" {
		t.Errorf("a terminal that is not there: %d %s", status, code)
	}
}
