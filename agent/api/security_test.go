package api_test

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// secured is the state of a connection with TLS.
func secured() *tls.ConnectionState { return &tls.ConnectionState{HandshakeComplete: true} }

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

func TestEveryAnswerCarriesTheHeaders(t *testing.T) {
	inTill(t, func(s *till) {
		qr := "/v1/payments/" + s.sell("qr", "Q-1", "").text("id") + "/qr"
		for name, a := range map[string]answer{
			"payment":      s.post(cashSale).is(201),
			"symbol":       s.ask(http.MethodGet, qr, "").is(200),
			"page":         s.ask(http.MethodGet, "/till", "", anonymous).is(200),
			"redirect":     s.ask(http.MethodGet, "/", "", anonymous).is(302),
			"pairing":      s.try(s.offer()).is(204),
			"description":  s.ask(http.MethodGet, "/openapi.json", "", anonymous).is(200),
			"unauthorized": s.ask(http.MethodGet, "/v1/status", "", anonymous).is(401),
			"host":         s.ask(http.MethodGet, "/v1/status", "", func(r *http.Request) { r.Host = "evil.example" }).is(403),
			"origin":       s.ask(http.MethodPost, "/v1/sync", "", with("Sec-Fetch-Site", "cross-site")).is(403),
			"nothing":      s.ask(http.MethodGet, "/nothing", "").is(404),
			"no JSON":      s.post("x").is(400),
		} {
			for header, want := range map[string]string{"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
				"Cache-Control": "no-store"} {
				if got := a.header.Values(header); !slices.Equal(got, []string{want}) {
					t.Errorf("%s: %s is %q", name, header, got)
				}
			}
		}
	})
}

func TestTheScreensAreOpenAndOnlyRead(t *testing.T) {
	inTill(t, func(s *till) {
		for _, path := range []string{"/till", "/display", "/ui/js/till.js"} {
			if a := s.ask(http.MethodGet, path, "", anonymous).is(200); a.body != "page "+path {
				t.Errorf("%s: %s", path, a.body)
			}
			s.ask(http.MethodHead, path, "", anonymous).is(200)
			for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, "BREW"} {
				if a := s.ask(method, path, "", anonymous).problem(405, "method_not_allowed", "none_moved"); a.header.Get("Allow") != "GET, HEAD" {
					t.Errorf("%v", a.header)
				}
			}
		}
		if a := s.ask(http.MethodGet, "/", "", anonymous).is(302); a.header.Get("Location") != "/till" {
			t.Errorf("%v", a.header)
		}
		for _, path := range []string{"/ui/../v1/status", "//v1/status", "/till/../v1/payments", "/ui/../nothing", "/tillx", "/till/"} {
			if a := s.ask(http.MethodGet, path, "", anonymous); a.status != 401 {
				t.Errorf("%s is %d: %s", path, a.status, a.body)
			}
		}
		if a := s.ask(http.MethodGet, "/ui/%2e%2e/v1/status", "", anonymous); a.body != "page /ui/../v1/status" {
			t.Errorf("not left to the screens: %s", a.body)
		}
	})
}

// operation is one of the description's.
type operation struct{ method, path string }

func (s *till) operations() (list []operation) {
	s.t.Helper()
	var description struct{ Paths map[string]map[string]any }
	if err := json.Unmarshal([]byte(s.ask(http.MethodGet, "/openapi.json", "").body), &description); err != nil || len(description.Paths) == 0 {
		s.t.Fatal(err)
	}
	for path, methods := range description.Paths {
		for method := range methods {
			list = append(list, operation{strings.ToUpper(method), path})
		}
	}
	return list
}

func TestReadingChangesNothing(t *testing.T) {
	inTill(t, func(s *till) {
		id := s.sell("qr", "Q-1", "").text("id")
		head := s.journal.Head()
		for _, o := range s.operations() {
			if o.path == "/v1/events" {
				continue // it has no end
			}
			path := strings.NewReplacer("{id}", id, "{code}", "tea").Replace(o.path)
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions} {
				s.ask(method, path+"?status=cancelled&text=tea&code=1&order=A&amount=1&currency=EUR&tender=cash", `{"order":"A","amount":1,"currency":"EUR","tender":"cash"}`)
			}
		}
		if s.journal.Head() != head || s.sync.flushed != 0 {
			t.Errorf("the head moved from %d to %d", head.Seq, s.journal.Head().Seq)
		}
	})
}

// Every operation but the open ones refuses who has neither token nor session, and a page of another origin even with the cookie of a paired browser.
func TestACookieIsForTheTillsOwnPages(t *testing.T) {
	inTill(t, func(s *till) {
		cookie, head := s.pair(), s.journal.Head()
		id := "01890000-0000-7000-8000-000000000000"
		for _, o := range s.operations() {
			path := strings.NewReplacer("{id}", id, "{code}", "tea").Replace(o.path)
			isOpen := o.path == "/healthz" || o.path == "/v1/session"
			if !isOpen {
				s.ask(o.method, path, "", anonymous).problem(401, "unauthorized", "none_moved")
			}
			for _, site := range []string{"cross-site", "same-site"} {
				a := s.ask(o.method, path, "", as(cookie), with("Sec-Fetch-Site", site))
				switch {
				case o.method != http.MethodGet:
					a.problem(403, "cross_origin", "none_moved")
				case !isOpen:
					a.problem(401, "unauthorized", "none_moved")
				case o.path == "/v1/session" && a.member["paired"] != false:
					t.Errorf("a page of another origin learns %s", a.body)
				}
			}
			if o.method != http.MethodGet {
				s.ask(o.method, path, "", as(cookie), with("Sec-Fetch-Site", ""), with("Origin", "http://127.0.0.1:9999")).problem(403, "cross_origin", "none_moved")
			}
			s.ask(o.method, path, "", as(cookie), func(r *http.Request) { r.Host = "evil.example" }).problem(403, "host_not_allowed", "none_moved")
		}
		if s.journal.Head() != head {
			t.Error("something was journalled")
		}
		s.ask(http.MethodPost, "/v1/payments", cashSale, as(cookie), with("Origin", "http://127.0.0.1:7788")).is(201)
	})
}

func TestOnlyProgramsAreToldHowToAuthorise(t *testing.T) {
	inTill(t, func(s *till) {
		if a := s.ask(http.MethodGet, "/v1/status", "", anonymous); a.header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%v", a.header)
		}
		if a := s.ask(http.MethodGet, "/v1/status", "", as("")); a.header.Values("WWW-Authenticate") != nil {
			t.Errorf("%v", a.header)
		}
	})
}

func TestNoSecretInAnAddressCounts(t *testing.T) {
	inTill(t, func(s *till) {
		cookie := s.pair()
		_, secret, _ := strings.Cut(cookie, "=")
		for _, query := range []string{"token=" + token, "access_token=" + token, "tillproof_session=" + secret, "session=" + secret} {
			s.ask(http.MethodGet, "/v1/status?"+query, "", anonymous).problem(401, "unauthorized", "none_moved")
		}
		s.ask(http.MethodPost, "/v1/session?code="+s.offer(), "", anonymous).problem(400, "request_invalid", "none_moved")
	})
}

func TestTheDescriptionIsWhole(t *testing.T) {
	inTill(t, func(s *till) {
		a := s.ask(http.MethodGet, "/openapi.json", "").is(200)
		seen := map[string]bool{}
		paths, _ := a.member["paths"].(map[string]any)
		for path, methods := range paths {
			for method, o := range methods.(map[string]any) {
				checkOperation(t, method+" "+path, path, o.(map[string]any), seen)
			}
		}
		checkReferences(t, a.member, a.member)
		for _, code := range []string{"order_conflict", "order_open", "order_expired", "device_unresolved", "amount_invalid", "not_supported", "offline_refused", "disk_low",
			"journal_stopped", "device_unavailable", "code_used", "code_invalid", "not_found", "unauthorized", "pairing_refused", "too_many_tries", "cross_origin"} {
			if !strings.Contains(a.body, "`"+code+"` (") {
				t.Errorf("problem %s is not described", code)
			}
		}
		for _, word := range []string{"text/event-stream", "Last-Event-ID", "last_event_id", "image/svg+xml", "image/png", "tillproof_session", "code_online_only",
			"order_expires_at", "expires_at", `"Ack"`, `"Scan"`} {
			if !strings.Contains(a.body, word) {
				t.Errorf("%q is not described", word)
			}
		}
	})
}

// checkOperation looks for what OpenAPI 3.1 §4.8.10 wants of every operation.
func checkOperation(t *testing.T, name, path string, o map[string]any, seen map[string]bool) {
	t.Helper()
	id, _ := o["operationId"].(string)
	if id == "" || seen[id] || o["summary"] == nil {
		t.Errorf("%s: operationId %q, summary %v", name, id, o["summary"])
	}
	seen[id] = true
	responses, _ := o["responses"].(map[string]any)
	if len(responses) < 2 {
		t.Errorf("%s: responses %v", name, responses)
	}
	if responses["201"] != nil && fmt.Sprint(responses["200"]) == "<nil>" {
		t.Errorf("%s: what came before is answered by 200, which is not described", name)
	}
	for status, r := range responses {
		if response, _ := r.(map[string]any); response["description"] == nil {
			t.Errorf("%s: response %s has no description", name, status)
		}
	}
	if strings.Contains(path, "{") && !strings.Contains(fmt.Sprint(o["parameters"]), "in:path") {
		t.Errorf("%s: its parameter is not described", name)
	}
}

// checkReferences follows every $ref.
func checkReferences(t *testing.T, whole map[string]any, part any) {
	t.Helper()
	switch part := part.(type) {
	case map[string]any:
		if ref, isRef := part["$ref"].(string); isRef {
			var at any = whole
			for _, name := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
				object, _ := at.(map[string]any)
				at = object[name]
			}
			if at == nil {
				t.Errorf("%s leads nowhere", ref)
			}
		}
		for _, member := range part {
			checkReferences(t, whole, member)
		}
	case []any:
		for _, member := range part {
			checkReferences(t, whole, member)
		}
	}
}
