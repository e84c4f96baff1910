package scenario

import (
	"net"
	"net/http"
	"path"
	"strings"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/pos"
)

// panelPolicy lets the panel load and ask nothing but its own address (W3C Content Security Policy level 3).
const panelPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// guarded sets the headers that every answer carries, and refuses names that are not this machine's own: a page of another site
// may give its name this address (DNS rebinding).
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", panelPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		host, _, err := net.SplitHostPort(r.Host)
		if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			answer(w, http.StatusForbidden, map[string]string{"error": "this host is not the demo"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// panelFile serves the panel: a page, its style and its script.
func panelFile(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if name == "" {
		name = "panel.html"
	}
	kind := map[string]string{".html": "text/html", ".css": "text/css", ".js": "text/javascript"}[path.Ext(name)]
	text, err := static.ReadFile(path.Join("static", name))
	if err != nil || kind == "" || strings.Contains(name, "/") {
		answer(w, http.StatusNotFound, map[string]string{"error": "there is nothing at this path"})
		return
	}
	w.Header().Set("Content-Type", kind+"; charset=utf-8")
	_, _ = w.Write(text) // the browser has gone if this fails
}

// state is what the panel shows of the world.
type state struct {
	Till    *api.Status           `json:"till,omitempty"` // absent while the agent does not answer
	Open    []api.Payment         `json:"open"`           // payments by code and QR that a customer can do something about
	Totals  map[string]pos.Totals `json:"totals"`
	Network bool                  `json:"network"` // the till's cable
	Goods   []article             `json:"goods"`
	Pages   Ready                 `json:"pages"` // without the token
}

// tellState answers what the panel shows. It holds no secret: the panel asks for no authorisation.
func (d *Demo) tellState(w http.ResponseWriter, r *http.Request) {
	s := state{Open: []api.Payment{}, Goods: articles(), Pages: d.Ready()}
	s.Pages.Token = ""
	var err error
	if s.Totals, err = d.Totals(); err != nil {
		refuse(w, err)
		return
	}
	d.cable.Lock()
	s.Network = !d.cable.cut
	d.cable.Unlock()
	if status, err := d.client.status(r.Context()); err == nil {
		s.Till = &status
		recent, _ := d.client.recent(r.Context(), 20) // the agent may be gone by now
		for _, p := range recent {
			if (p.Tender == pos.Code || p.Tender == pos.QR) && !p.Status.Uncharged() && !p.Status.Taken() {
				s.Open = append(s.Open, p)
			}
		}
	}
	answer(w, http.StatusOK, s)
}
