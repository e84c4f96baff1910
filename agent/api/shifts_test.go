package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/simulator/zvtsim"
)

const annaOpens = `{"cashier":"anna","float":5000}`

// json is a member within members, as JSON.
func (a answer) json(path ...string) string {
	a.t.Helper()
	var v any = a.member
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	raw, err := json.Marshal(v)
	if err != nil {
		a.t.Error(err)
	}
	return string(raw)
}

func TestAShiftOverTheAPI(t *testing.T) {
	inTill(t, func(s *till) {
		s.ask(http.MethodGet, "/v1/shifts/current", "").problem(404, "not_found", "none_moved")
		opened := s.ask(http.MethodPost, "/v1/shifts", annaOpens).is(201)
		if opened.text("state") != "open" || opened.text("business_date") != "2000-01-01" || opened.json("drawer") != `{"currency":"EUR","expected":5000,"float":5000}` {
			t.Error(opened.body)
		}
		s.ask(http.MethodPost, "/v1/shifts", annaOpens).is(200)
		if got := s.ask(http.MethodPost, "/v1/shifts", `{"cashier":"ben","float":0}`).problem(409, "shift_open", "none_moved"); got.text("shift") != opened.text("id") {
			t.Error(got.body)
		}
		s.post(cashSale).is(201)
		s.ask(http.MethodPost, "/v1/payments?wait=30s", card("B-1", 1250)).is(201)
		<-time.After(90 * time.Second)
		x := s.ask(http.MethodGet, "/v1/shifts/current", "").is(200)
		if x.json("report", "sales", "card") != `{"EUR":{"amount":1250,"count":1}}` || x.json("report", "unknown") != "[]" || x.json("report", "refunds") != "{}" ||
			!strings.Contains(x.body, `"duration_s":90`) {
			t.Error(x.body)
		}
		z := s.ask(http.MethodPost, "/v1/shifts/close", `{"counted":6000}`).is(200)
		if z.text("state") != "closed" || z.text("closed_by") != "anna" || z.text("closed_at") == "" || z.json("drawer", "difference") == "null" {
			t.Error(z.body)
		}
		s.restart()
		again := s.ask(http.MethodPost, "/v1/shifts/close", `{"counted":6000,"shift":"`+z.text("id")+`"}`).is(200)
		if again.body != z.body {
			t.Errorf("%s\nfirst %s", again.body, z.body)
		}
		s.ask(http.MethodPost, "/v1/shifts/close", `{"counted":1}`).problem(409, "shift_closed", "none_moved")
		if got := s.ask(http.MethodGet, "/v1/shifts/"+z.text("id"), "").is(200); got.body != z.body {
			t.Error(got.body)
		}
		if list := s.ask(http.MethodGet, "/v1/shifts?limit=5", "").is(200); !strings.Contains(list.body, strings.TrimSpace(z.body)) {
			t.Error(list.body)
		}
		s.ask(http.MethodGet, "/v1/shifts/none", "").problem(404, "not_found", "none_moved")
		s.ask(http.MethodPost, "/v1/shifts/close", `{"counted":"1"}`).problem(422, "request_invalid", "none_moved")
	})
}

func TestAPendingPaymentKeepsTheShiftOpenOverTheAPI(t *testing.T) {
	inTill(t, func(s *till) {
		s.ask(http.MethodPost, "/v1/shifts", annaOpens).is(201)
		s.pt.Next(zvtsim.Card{After: time.Minute})
		sale := s.post(card("B-1", 100)).is(201)
		refused := s.ask(http.MethodPost, "/v1/shifts/close", `{"counted":5000}`).problem(409, "shift_pending", "none_moved")
		if !strings.Contains(refused.body, sale.text("id")) {
			t.Error(refused.body)
		}
		s.ask(http.MethodGet, "/v1/payments/"+sale.text("id")+"?wait=60s", "")
		<-time.After(time.Minute)
	})
}

func TestASettlementOverTheAPI(t *testing.T) {
	inTill(t, func(s *till) {
		if list := s.ask(http.MethodGet, "/v1/settlements", "").is(200); list.json("items") != "[]" {
			t.Error(list.body)
		}
		s.post(cashSale).is(201)
		s.ask(http.MethodPost, "/v1/payments?wait=30s", card("B-1", 1250)).is(201)
		done := s.ask(http.MethodPost, "/v1/settlements", `{"business_date":"1999-12-31"}`).is(200)
		if done.json("ok") != "true" || done.json("totals", "terminal") != `{"card":{"EUR":{"amount":1250,"count":1}}}` || done.json("differences") != "[]" ||
			done.json("totals", "journal", "card") != `{"EUR":{"amount":1250,"count":1}}` || done.json("totals", "journal", "cash") == "null" || done.text("business_date") != "1999-12-31" {
			t.Error(done.body)
		}
		s.ask(http.MethodPost, "/v1/payments?wait=30s", card("B-2", 100)).is(201)
		s.pt.NextEndOfDay(zvtsim.Card{Do: zvtsim.Decline})
		failed := s.ask(http.MethodPost, "/v1/settlements", `{"devices":["counter"]}`).is(200)
		if failed.json("ok") != "false" || !strings.Contains(failed.body, `"code":"not_settled"`) || !strings.Contains(failed.body, `"device":"counter"`) {
			t.Error(failed.body)
		}
		s.ask(http.MethodPost, "/v1/settlements", `{"devices":["nowhere"]}`).problem(422, "request_invalid", "none_moved")
		list := s.ask(http.MethodGet, "/v1/settlements?limit=10", "").is(200)
		if items, _ := list.member["items"].([]any); len(items) != 2 || !strings.Contains(list.body, done.text("id")) {
			t.Error(list.body)
		}
		s.until("the terminal is ready", func() bool { return s.engine.Devices()[0].State == "ready" })
	})
}

// until lets virtual time pass until something holds.
func (s *till) until(what string, holds func() bool) {
	s.t.Helper()
	for range 600 {
		if synctest.Wait(); holds() {
			return
		}
		<-time.After(100 * time.Millisecond)
	}
	s.t.Error("after a minute still not: " + what)
}

func TestAShiftIsTold(t *testing.T) {
	inStream(t, func(s *till, p *pipes, l *listener) {
		opened := s.ask(http.MethodPost, "/v1/shifts", annaOpens).is(201)
		if e := l.next("shift"); e.member("id") != opened.text("id") || e.member("state") != "open" || e.member("cashier") != "anna" || e.member("closed_at") != "" {
			t.Errorf("%+v", e)
		}
		seen := s.place()
		s.ask(http.MethodPost, "/v1/shifts/close", `{"counted":5000}`).is(200)
		if e := l.next("shift"); e.member("state") != "closed" || e.member("closed_at") == "" {
			t.Errorf("%+v", e)
		}
		back := listen(t, p.dial(), "?last_event_id="+seen)
		if e := back.next("shift"); e.member("id") != opened.text("id") || e.member("state") != "closed" {
			t.Errorf("who comes back is told %+v", e)
		}
		back.close()
		fresh := listen(t, p.dial(), "")
		<-time.After(time.Second)
		for _, e := range fresh.rest() {
			if e.name == "shift" {
				t.Errorf("who begins is told of an old change: %+v", e)
			}
		}
		fresh.close()
	})
}
