package office

import (
	"encoding/json"
	"net/http"

	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/answer"
	"github.com/tillproof/tillproof/sync/platform/registry"
)

// newcomer is a person with the token that is told once.
type newcomer struct {
	Name  string      `json:"name"`
	Role  access.Role `json:"role,omitempty" enum:"viewer,operator,admin"`
	Token string      `json:"token" doc:"Told this once"`
}

func (f *Office) peopleRoutes() {
	const one = "/v1/people/{name}"
	kind := registry.KindPerson
	f.add(http.MethodGet, "/v1/people", access.Admin, "Who works in the back office", func(w http.ResponseWriter, r *http.Request, _ access.Person) { f.list(w, r, kind) },
		withQuery("cursor", "limit"), answers([]shape{shapeOf(kind)}))
	f.add(http.MethodPost, "/v1/people", access.Admin, "Set somebody up; the token is told once", f.addPerson, sends(registry.Person{}), answers(newcomer{}))
	f.add(http.MethodGet, one, access.Admin, "One person", func(w http.ResponseWriter, r *http.Request, _ access.Person) { f.one(w, r, kind, r.PathValue("name")) },
		answers(shapeOf(kind)))
	f.add(http.MethodPut, one, access.Admin, "Change a person's role, with If-Match", f.changePerson, sends(registry.Person{}), answers(shapeOf(kind)))
	f.add(http.MethodDelete, one, access.Admin, "Stop a person from logging in", func(w http.ResponseWriter, r *http.Request, who access.Person) {
		f.enable(w, r, who, kind, r.PathValue("name"), false)
	}, answers(shapeOf(kind)))
	f.add(http.MethodPost, one+"/enable", access.Admin, "Let a person log in again", func(w http.ResponseWriter, r *http.Request, who access.Person) {
		f.enable(w, r, who, kind, r.PathValue("name"), true)
	}, answers(shapeOf(kind)))
	f.add(http.MethodPost, one+"/token", access.Admin, "Make another token; the former one and all sessions end", f.newToken, answers(newcomer{}))
}

// addPerson sets somebody up. The first one is set up by the command line, which takes the right to write the database: else the first program of this
// machine that asks would own the back office.
func (f *Office) addPerson(w http.ResponseWriter, r *http.Request, who access.Person) {
	if who.Name == "" {
		f.refuse(w, refusal("first_person", "The first person is not set up over HTTP.", "Run `tillproof platform user add NAME --role admin -c platform.yaml`."))
		return
	}
	var p registry.Person
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4096)).Decode(&p); err != nil {
		f.refuse(w, refusal("request_unreadable", "The request is no JSON object.", "Send {\"name\": ..., \"role\": ...}."))
		return
	}
	token, err := f.Registry.AddPerson(asPerson(r.Context(), who), p)
	if err != nil {
		f.refuse(w, err)
		return
	}
	answer.JSON(w, http.StatusCreated, newcomer{p.Name, p.Role, token})
}

// changePerson never adds somebody: that is what POST is for, which tells a token.
func (f *Office) changePerson(w http.ResponseWriter, r *http.Request, who access.Person) {
	if _, found, err := f.Registry.Get(r.Context(), registry.KindPerson, r.PathValue("name")); err != nil || !found {
		f.refuse(w, orNotFound(err))
		return
	}
	f.put(w, r, who, registry.KindPerson, r.PathValue("name"))
}

func orNotFound(err error) error {
	if err == nil {
		return registry.ErrNotFound
	}
	return err
}

func (f *Office) newToken(w http.ResponseWriter, r *http.Request, who access.Person) {
	name := r.PathValue("name")
	token, err := f.Registry.NewToken(asPerson(r.Context(), who), name)
	if err != nil {
		f.refuse(w, err)
		return
	}
	answer.JSON(w, http.StatusOK, newcomer{Name: name, Token: token})
}
