package office

import (
	"encoding/json"
	"net/http"

	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/answer"
	"github.com/tillproof/tillproof/sync/platform/registry"
)

// credentials open a session.
type credentials struct {
	Token string `json:"token" doc:"What tillproof platform user add has printed"`
}

// standing says who asks.
type standing struct {
	Name    string      `json:"name,omitempty"`
	Role    access.Role `json:"role,omitempty" enum:"viewer,operator,admin"`
	Known   bool        `json:"known" doc:"False: log in"`
	Open    bool        `json:"open" doc:"Nobody is set up yet, so nobody has to log in on this machine"`
	Version string      `json:"version,omitempty"`
}

func (f *Office) sessionRoutes() {
	open := func(serve http.HandlerFunc) http.Handler { return f.sameOrigin(serve) }
	f.routes = append(f.routes,
		route{method: http.MethodGet, path: "/v1/session", summary: "Who asks, and whether anybody has to log in", answer: standing{}, serve: open(f.session)},
		route{method: http.MethodPost, path: "/v1/session", summary: "Log this browser in for 12 hours", body: credentials{}, answer: standing{}, serve: open(f.login)},
		route{method: http.MethodDelete, path: "/v1/session", summary: "Log this browser out", serve: open(f.logout)})
}

func (f *Office) session(w http.ResponseWriter, r *http.Request) {
	s := standing{}
	if who, err := f.who(r); err == nil {
		s = standing{Name: who.Name, Role: who.Role, Known: true, Open: who.Name == "", Version: f.Version}
	}
	answer.JSON(w, http.StatusOK, s)
}

// login takes a token, not a session, so that no session prolongs itself.
func (f *Office) login(w http.ResponseWriter, r *http.Request) {
	var c credentials
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4096)).Decode(&c); err != nil {
		f.refuse(w, refusal("request_unreadable", "The request is no JSON with a token.", "Send {\"token\": ...}."))
		return
	}
	who, session, known, err := f.Registry.Who(r.Context(), c.Token)
	if err == nil && (!known || session) {
		f.Log.Warn("a login with an unknown token was refused")
		err = refusal("unauthorized", "This token is not known.", "Take the one that `tillproof platform user add` has printed, or have another one made.")
	}
	if err != nil {
		f.refuse(w, err)
		return
	}
	secret, until, err := f.Registry.OpenSession(registry.As(r.Context(), "user:"+who.Name), who.Name)
	if err != nil {
		f.unreadable(w, err)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: secret, Path: "/", Expires: until, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil})
	answer.JSON(w, http.StatusOK, standing{Name: who.Name, Role: who.Role, Known: true, Version: f.Version})
}

func (f *Office) logout(w http.ResponseWriter, r *http.Request) {
	for _, c := range r.CookiesNamed(sessionCookie) {
		who, session, _, err := f.Registry.Who(r.Context(), c.Value)
		if err == nil && session {
			err = f.Registry.CloseSession(asPerson(r.Context(), who), c.Value)
		}
		if err != nil {
			f.unreadable(w, err)
			return
		}
	}
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil})
	w.WriteHeader(http.StatusNoContent)
}
