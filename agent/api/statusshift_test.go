package api_test

import (
	"net/http"
	"strings"
	"testing"
)

// A screen that is opened anew learns from the status whose shift it is, and how cash is rounded.
func TestTheStatusNamesTheOpenShift(t *testing.T) {
	inTill(t, func(s *till) {
		before := s.ask(http.MethodGet, "/v1/status", "").is(200)
		if strings.Contains(before.body, `"shift"`) || before.json("shop", "cash_step") != "1" {
			t.Error(before.body)
		}
		opened := s.ask(http.MethodPost, "/v1/shifts", annaOpens).is(201)
		now := s.ask(http.MethodGet, "/v1/status", "").is(200)
		if now.json("shift", "id") != opened.json("id") || now.json("shift", "cashier") != `"anna"` || now.json("shift", "state") != `"open"` || now.json("shift", "number") != "1" {
			t.Error(now.body)
		}
		s.ask(http.MethodPost, "/v1/shifts/close", `{"counted":5000}`).is(200)
		if closed := s.ask(http.MethodGet, "/v1/status", "").is(200); strings.Contains(closed.body, `"shift"`) {
			t.Error(closed.body)
		}
	})
}
