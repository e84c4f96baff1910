package ui_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// deskRoutes are the answers for what is done beside selling: giving back, deciding, the shift. They are scripted by f.script, by path; a path
// without a script is answered with an empty list.
func (f *fakeTill) deskRoutes() map[string]http.HandlerFunc {
	routes := map[string]http.HandlerFunc{}
	for _, pattern := range []string{"GET /v1/people", "POST /v1/people/verify", "GET /v1/shifts/current", "GET /v1/shifts", "POST /v1/settlements", "GET /v1/settlements",
		"POST /v1/payments/{id}/void", "POST /v1/payments/{id}/refunds", "POST /v1/payments/{id}/capture", "POST /v1/payments/{id}/resolve", "POST /v1/payments/{id}/ask"} {
		routes[pattern] = f.scripted
	}
	return routes
}

// scripted keeps what was asked and answers from the script.
func (f *fakeTill) scripted(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	key := r.Method + " " + r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	f.mu.Lock()
	if r.Method == http.MethodPost {
		f.asked = append(f.asked, key+" "+string(body))
	}
	said, known := f.script[key]
	hold := f.frozenDesk
	f.mu.Unlock()
	if hold != nil && key == "POST settlements" {
		<-hold
	}
	if !known {
		said = object{"items": []object{}}
	}
	status := http.StatusOK
	if code, refused := said["status"].(int); refused {
		status = code
	}
	answer(w, status, said)
}

// requests are the bodies that were sent to a scripted path.
func (f *fakeTill) requests(key string) (bodies []object) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, line := range f.asked {
		if text, found := strings.CutPrefix(line, key+" "); found {
			var body object
			if json.Unmarshal([]byte(text), &body) == nil {
				bodies = append(bodies, body)
			}
		}
	}
	return bodies
}
