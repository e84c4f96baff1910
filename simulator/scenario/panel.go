package scenario

import (
	"io/fs"
	"net/http"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/web"
)

// guarded refuses names that are not this machine's own: a page of another site may give its name this address (DNS rebinding).
func guarded(next http.Handler) http.Handler {
	return web.Guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !web.Loopback(web.Host(r)) {
			answer(w, http.StatusForbidden, map[string]string{"error": "this host is not the demo"})
			return
		}
		next.ServeHTTP(w, r)
	}))
}

// panelFile serves the panel: a page, its style and its script.
func panelFile(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if name == "" {
		name = "panel.html"
	}
	folder, err := fs.Sub(static, "static")
	if err != nil || !web.File(w, folder, name) {
		answer(w, http.StatusNotFound, map[string]string{"error": "there is nothing at this path"})
	}
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
