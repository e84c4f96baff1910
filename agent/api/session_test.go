package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/agent/api"
)

// anonymous takes the token away.
func anonymous(r *http.Request) { r.Header.Del("Authorization") }

// as asks like a page of the till in a browser with a cookie.
func as(cookie string) func(*http.Request) {
	return func(r *http.Request) {
		anonymous(r)
		r.Header.Set("Cookie", cookie)
		r.Header.Set("Sec-Fetch-Mode", "cors")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
}

func (s *till) offer() string {
	s.t.Helper()
	a := s.ask(http.MethodPost, "/v1/pairings", "").is(200)
	if len(a.text("code")) != 6 || strings.Trim(a.text("code"), "0123456789") != "" {
		s.t.Fatalf("%s", a.body)
	}
	return a.text("code")
}

func (s *till) try(code string) answer {
	s.t.Helper()
	return s.ask(http.MethodPost, "/v1/session", fmt.Sprintf(`{"code":%q}`, code), anonymous)
}

// pair pairs a browser and returns its cookie.
func (s *till) pair() string {
	s.t.Helper()
	a := s.try(s.offer()).is(204)
	cookies := (&http.Response{Header: a.header}).Cookies()
	if len(cookies) != 1 || a.body != "" {
		s.t.Fatalf("%v %q", a.header, a.body)
	}
	return cookies[0].Name + "=" + cookies[0].Value
}

// other is a code that differs.
func other(code string) string {
	if code[0] == '9' {
		return "0" + code[1:]
	}
	return string(code[0]+1) + code[1:]
}

func TestAPairedBrowserSells(t *testing.T) {
	inTill(t, func(s *till) {
		if a := s.ask(http.MethodGet, "/v1/session", "", anonymous).is(200); a.member["paired"] != false || a.text("till") != "till-1" {
			t.Errorf("%s", a.body)
		}
		a := s.ask(http.MethodPost, "/v1/pairings", "").is(200)
		if want := api.Timestamp(time.Now().Add(10 * time.Minute).UnixMilli()); a.text("expires_at") != want {
			t.Errorf("%s, want %s", a.body, want)
		}
		a = s.try(a.text("code")[:3] + " " + a.text("code")[3:]).is(204)
		set := a.header.Get("Set-Cookie")
		for _, part := range []string{"tillproof_session=", "; Path=/", "; HttpOnly", "; SameSite=Strict", "; Max-Age=7776000"} {
			if !strings.Contains(set, part) {
				t.Errorf("%q is missing in %q", part, set)
			}
		}
		cookie, _, _ := strings.Cut(set, ";")
		if a = s.ask(http.MethodGet, "/v1/session", "", as(cookie)).is(200); a.member["paired"] != true {
			t.Errorf("%s", a.body)
		}
		s.ask(http.MethodPost, "/v1/payments", cashSale, as(cookie)).is(201)
		s.ask(http.MethodGet, "/v1/status", "", as(cookie)).is(200)
		s.ask(http.MethodGet, "/v1/status", "", as("tillproof_session=wrong; "+cookie)).is(200) // one of two tills on one machine
		s.ask(http.MethodPost, "/v1/pairings", "", as(cookie)).problem(401, "unauthorized", "none_moved")
		s.ask(http.MethodDelete, "/v1/session", "", as(cookie)).is(204)
		s.ask(http.MethodGet, "/v1/status", "", as(cookie)).problem(401, "unauthorized", "none_moved")
		s.ask(http.MethodDelete, "/v1/session", "", as(cookie)).is(204)
	})
}

func TestASessionSurvivesARestart(t *testing.T) {
	inTill(t, func(s *till) {
		first, began := s.pair(), time.Now()
		<-time.After(time.Minute)
		second := s.pair()
		s.restart()
		for _, cookie := range []string{first, second} {
			s.ask(http.MethodGet, "/v1/status", "", as(cookie)).is(200)
		}
		path := filepath.Join(s.dir, "sessions")
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("%v, %v", info, err)
		}
		_, secret, _ := strings.Cut(first, "=")
		holdsNot(t, s.dir, secret)
		if list := sessionsIn(t, path); len(list) != 2 || list[0].Until != began.Add(90*24*time.Hour).UnixMilli() {
			t.Errorf("%+v", list)
		}
		s.ask(http.MethodDelete, "/v1/session", "", as(second)).is(204)
		s.restart()
		s.ask(http.MethodGet, "/v1/status", "", as(first)).is(200)
		s.ask(http.MethodGet, "/v1/status", "", as(second)).problem(401, "unauthorized", "none_moved")
	})
}

// kept is a session as the file has it.
type kept struct {
	Hash  string `json:"hash"`
	Until int64  `json:"until_ms"`
}

func sessionsIn(t *testing.T, path string) (list []kept) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(text, &list) != nil {
		t.Fatalf("%q, %v", text, err)
	}
	return list
}

func TestASessionEnds(t *testing.T) {
	inTill(t, func(s *till) {
		cookie := s.pair()
		path := filepath.Join(s.dir, "sessions")
		list := sessionsIn(t, path)
		list[0].Until = time.Now().Add(time.Minute).UnixMilli()
		text, err := json.Marshal(list)
		if err != nil || os.WriteFile(path, text, 0o600) != nil {
			t.Fatal(err)
		}
		s.restart()
		s.ask(http.MethodGet, "/v1/status", "", as(cookie)).is(200)
		<-time.After(time.Minute)
		s.ask(http.MethodGet, "/v1/status", "", as(cookie)).problem(401, "unauthorized", "none_moved")
		s.pair()
		if list := sessionsIn(t, path); len(list) != 1 {
			t.Errorf("what has ended is kept: %+v", list)
		}
	})
}

func TestACodeIsGoodOnceAndForTenMinutes(t *testing.T) {
	inTill(t, func(s *till) {
		code := s.offer()
		s.try(code).is(204)
		s.try(code).problem(403, "pairing_refused", "none_moved")
		<-time.After(time.Second)
		old := s.offer()
		code = s.offer()
		if old != code {
			s.try(old).problem(403, "pairing_refused", "none_moved")
			<-time.After(time.Second)
		}
		<-time.After(10*time.Minute - time.Second)
		s.try(code).problem(403, "pairing_refused", "none_moved")
		<-time.After(time.Second)
		s.try("").problem(403, "pairing_refused", "none_moved") // none is on offer
		<-time.After(time.Second)
		code = s.offer()
		<-time.After(10*time.Minute - time.Millisecond)
		s.try(code).is(204)
	})
}

func TestFiveWrongTriesVoidACode(t *testing.T) {
	inTill(t, func(s *till) {
		code := s.offer()
		for range 4 {
			s.try(other(code)).problem(403, "pairing_refused", "none_moved")
			s.try(code).problem(429, "too_many_tries", "none_moved") // the right one too: nothing is learnt from it
			<-time.After(time.Second)
		}
		s.try(other(code)).problem(403, "pairing_refused", "none_moved")
		<-time.After(time.Second)
		s.try(code).problem(403, "pairing_refused", "none_moved")
		<-time.After(time.Second)
		code = s.offer()
		for range 4 {
			s.try(other(code)).problem(403, "pairing_refused", "none_moved")
			<-time.After(time.Second)
		}
		s.try(code).is(204)
		s.ask(http.MethodPost, "/v1/session", `{"code":"`+strings.Repeat("1", 20)+`"}`, anonymous).problem(422, "request_invalid", "none_moved")
	})
}

func TestSixtyFourBrowsersAtMost(t *testing.T) {
	inTill(t, func(s *till) {
		first := s.pair()
		second := s.pair()
		for range 63 {
			s.pair()
		}
		s.ask(http.MethodGet, "/v1/status", "", as(first)).is(401)
		s.ask(http.MethodGet, "/v1/status", "", as(second)).is(200)
	})
}

func TestABrowserOverTLSGetsASecureCookie(t *testing.T) {
	inTill(t, func(s *till) {
		code := s.offer()
		a := s.ask(http.MethodPost, "/v1/session", fmt.Sprintf(`{"code":%q}`, code), anonymous, func(r *http.Request) { r.TLS = secured() })
		if !strings.Contains(a.is(204).header.Get("Set-Cookie"), "; Secure") {
			t.Errorf("%v", a.header)
		}
	})
}

func TestSessionsThatCannotBeWrittenDoNotCount(t *testing.T) {
	inTill(t, func(s *till) {
		sessions, err := api.OpenSessions(filepath.Join(s.dir, "gone", "sessions"))
		if err != nil {
			t.Fatal(err)
		}
		s.options.Sessions = sessions
		s.remake()
		code := s.offer()
		s.try(code).problem(503, "disk_failed", "none_moved")
		if err := os.Mkdir(filepath.Join(s.dir, "gone"), 0o700); err != nil {
			t.Fatal(err)
		}
		s.try(code).is(204) // the code was not lost
	})
}

func TestAFileOfSessionsThatIsDamagedPairsNobody(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sessions")
	for _, content := range []string{"", "null", "[", `[{"hash":1}]`, `{}`, `[{"hash":"","until_ms":99999999999999}]`} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		sessions, err := api.OpenSessions(path)
		if err != nil {
			t.Fatalf("%q: %v", content, err)
		}
		inTill(t, func(s *till) {
			s.options.Sessions = sessions
			s.remake()
			for _, cookie := range []string{"tillproof_session=", "tillproof_session", "", "tillproof_session=null"} {
				s.ask(http.MethodGet, "/v1/status", "", as(cookie)).problem(401, "unauthorized", "none_moved")
			}
			s.ask(http.MethodGet, "/v1/status", "", as(s.pair())).is(200)
		})
	}
	if _, err := api.OpenSessions(t.TempDir()); err == nil {
		t.Error("a folder was read")
	}
	var list []json.RawMessage
	if text, err := os.ReadFile(path); err != nil || json.Unmarshal(text, &list) != nil || len(list) == 0 {
		t.Errorf("%s, %v", text, err)
	}
}
