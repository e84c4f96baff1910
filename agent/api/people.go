package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillproof/tillproof/agent/people"
	"github.com/tillproof/tillproof/pos"
)

// People is who works at the till. All methods must be safe for concurrent use.
type People interface {
	List() []people.Person
	Verify(id pos.PersonID, pin string, need people.Role) (people.Person, error)
}

// Person is somebody who works at the till, without anything of the PIN.
type Person struct {
	ID   pos.PersonID `json:"id"`
	Name string       `json:"name"`
	Role people.Role  `json:"role" enum:"cashier,supervisor"`
}

type peopleOutput struct {
	Body struct {
		Items []Person `json:"items"`
	}
}

type verifyInput struct {
	Body struct {
		Person pos.PersonID `json:"person" maxLength:"32"`
		PIN    string       `json:"pin" maxLength:"12" writeOnly:"true" doc:"4 to 12 digits"`
		Role   people.Role  `json:"role,omitempty" enum:"cashier,supervisor" default:"cashier" doc:"What the person has to be at least"`
	}
}

type personOutput struct{ Body Person }

func (s *server) registerPeople(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "list-people", Method: http.MethodGet, Path: "/v1/people", Summary: "Who works at the till"}, s.listPeople)
	huma.Register(api, huma.Operation{OperationID: "verify-person", Method: http.MethodPost, Path: "/v1/people/verify", DefaultStatus: http.StatusOK,
		Summary:     "Check a person's PIN",
		Description: "For screens. It gives no right by itself: what needs a PIN asks for it again. Wrong tries count towards the same pause."}, s.verifyPerson)
}

func (s *server) listPeople(context.Context, *struct{}) (*peopleOutput, error) {
	out := &peopleOutput{}
	out.Body.Items = []Person{}
	if s.People != nil {
		for _, p := range s.People.List() {
			out.Body.Items = append(out.Body.Items, Person(p))
		}
	}
	return out, nil
}

func (s *server) verifyPerson(_ context.Context, in *verifyInput) (*personOutput, error) {
	if s.People == nil {
		return nil, problemOf(pos.NewError("no_people", pos.Permanent, pos.NoneMoved, "This till knows no people.", "Set people up with `tillproof people add`."))
	}
	who, err := s.People.Verify(in.Body.Person, in.Body.PIN, in.Body.Role)
	if err != nil {
		return nil, problemOf(err)
	}
	return &personOutput{Person(who)}, nil
}
