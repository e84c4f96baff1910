package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/agent/people"
)

// staffed gives the till a cashier and a supervisor.
func (s *till) staffed() *people.People {
	s.t.Helper()
	p, err := people.Open(filepath.Join(s.dir, "people.json"))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, x := range []people.Person{{ID: "ada", Name: "Ada", Role: people.Cashier}, {ID: "bob", Name: "Bob", Role: people.Supervisor}} {
		if err := p.Add(x, map[string]string{"ada": "8305", "bob": "730551"}[string(x.ID)]); err != nil {
			s.t.Fatal(err)
		}
	}
	s.options.People = p
	s.remake()
	return p
}

func verifying(person, pin, role string) string {
	return fmt.Sprintf(`{"person":%q,"pin":%q%s}`, person, pin, role)
}

func TestPeopleAreListedWithoutTheirPINs(t *testing.T) {
	inTill(t, func(s *till) {
		if a := s.ask(http.MethodGet, "/v1/people", "").is(200); strings.TrimSpace(a.body) != `{"items":[]}` {
			t.Errorf("%s", a.body)
		}
		s.ask(http.MethodPost, "/v1/people/verify", verifying("ada", "8305", "")).problem(403, "no_people", "none_moved")
		s.staffed()
		a := s.ask(http.MethodGet, "/v1/people", "").is(200)
		if strings.TrimSpace(a.body) != `{"items":[{"id":"ada","name":"Ada","role":"cashier"},{"id":"bob","name":"Bob","role":"supervisor"}]}` {
			t.Errorf("%s", a.body)
		}
		for _, path := range []string{"/v1/people", "/v1/people/verify"} {
			method := map[bool]string{true: http.MethodGet, false: http.MethodPost}[path == "/v1/people"]
			s.ask(method, path, "", with("Authorization", "")).problem(401, "unauthorized", "none_moved")
		}
	})
}

func TestAPersonIsVerified(t *testing.T) {
	inTill(t, func(s *till) {
		s.staffed()
		a := s.ask(http.MethodPost, "/v1/people/verify", verifying("bob", "730551", `,"role":"supervisor"`)).is(200)
		if strings.TrimSpace(a.body) != `{"id":"bob","name":"Bob","role":"supervisor"}` {
			t.Errorf("%s", a.body)
		}
		s.ask(http.MethodPost, "/v1/people/verify", verifying("ada", "8305", "")).is(200)
		s.ask(http.MethodPost, "/v1/people/verify", verifying("ada", "8305", `,"role":"supervisor"`)).problem(403, "not_permitted", "none_moved")
		a = s.ask(http.MethodPost, "/v1/people/verify", verifying("ada", "8306", "")).problem(403, "pin_wrong", "none_moved")
		if a.member["tries_left"] != json.Number("4") || strings.Contains(a.body, "8306") {
			t.Errorf("%s", a.body)
		}
		for _, body := range []string{`{}`, `{"person":"ada"}`, `{"person":"ada","pin":7305190}`, `{"person":"ada","pin":"7305190730519"}`,
			`{"person":"ada","pin":"7305190","role":"owner"}`} {
			a = s.ask(http.MethodPost, "/v1/people/verify", body).problem(422, "request_invalid", "none_moved")
			if strings.Contains(a.body, "7305190") {
				t.Errorf("the answer repeats the PIN: %s", a.body)
			}
		}
	})
}

func TestTooManyWrongPINs(t *testing.T) {
	inTill(t, func(s *till) {
		p := s.staffed()
		for range 4 {
			s.ask(http.MethodPost, "/v1/people/verify", verifying("ada", "8306", "")).problem(403, "pin_wrong", "none_moved")
		}
		for range 2 {
			a := s.ask(http.MethodPost, "/v1/people/verify", verifying("ada", "8307", "")).problem(403, "pin_locked", "none_moved")
			shaped(t, a)
			if at, err := time.Parse(time.RFC3339, a.text("until_at")); err != nil || at.Before(time.Now()) {
				t.Errorf("%s", a.body)
			}
		}
		s.ask(http.MethodPost, "/v1/people/verify", verifying("ada", "8305", "")).problem(403, "pin_locked", "none_moved")
		if err := p.Unlock("ada"); err != nil {
			t.Fatal(err)
		}
		s.ask(http.MethodPost, "/v1/people/verify", verifying("ada", "8305", "")).is(200)
	})
}
