package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/pos"
)

func TestOnlyTheTokenOpens(t *testing.T) {
	inTill(t, func(s *till) {
		for _, path := range []string{"/v1/status", "/v1/payments/x", "/nothing", "/openapi.json/x", "/healthz/"} {
			for _, header := range []string{"", "Bearer ", "Bearer wrong", "Bearer " + token + "x", "Basic " + token, token, "bearer " + token} {
				a := s.ask(http.MethodGet, path, "", with("Authorization", header)).problem(401, "unauthorized", "none_moved")
				if a.header.Get("WWW-Authenticate") != "Bearer" {
					t.Errorf("%v", a.header)
				}
			}
		}
		s.ask(http.MethodPost, "/v1/payments", cashSale, with("Authorization", "")).problem(401, "unauthorized", "none_moved")
		for _, path := range []string{"/healthz", "/openapi.json"} {
			s.ask(http.MethodGet, path, "", with("Authorization", "")).is(200)
		}
		if n := s.journal.Head().Seq; n != 1 {
			t.Errorf("%d records", n)
		}
	})
}

func TestOnlyOwnNamesAreAnswered(t *testing.T) {
	inTill(t, func(s *till) {
		for host, status := range map[string]int{
			"127.0.0.1": 200, "127.0.0.1:7788": 200, "localhost": 200, "localhost:1": 200, "[::1]:7788": 200, "[::1]": 200, "127.9.9.9": 200,
			"till.example": 200, "till.example:7788": 200,
			"evil.example": 403, "10.0.0.1:7788": 403, "": 403, "localhost.evil.example": 403, "x.till.example": 403, "0.0.0.0": 403,
		} {
			for _, path := range []string{"/v1/status", "/healthz"} {
				a := s.ask(http.MethodGet, path, "", func(r *http.Request) { r.Host = host })
				if a.status != status {
					t.Errorf("host %q: %d, want %d", host, a.status, status)
				}
				if status == 403 {
					a.problem(403, "host_not_allowed", "none_moved")
				}
			}
		}
	})
}

func TestPagesOfOthersCannotSell(t *testing.T) {
	inTill(t, func(s *till) {
		for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
			s.ask(http.MethodPost, "/v1/payments", cashSale, with(name, value)).problem(403, "cross_origin", "none_moved")
		}
		s.ask(http.MethodPost, "/v1/payments", cashSale, with("Sec-Fetch-Site", "same-origin")).is(201)
		s.ask(http.MethodPost, "/v1/payments", cashSale, with("Origin", "http://127.0.0.1:7788")).is(200)
	})
}

func TestWhatIsNotThereIsAProblemToo(t *testing.T) {
	inTill(t, func(s *till) {
		for _, c := range [][2]string{{"GET", "/v1/nothing"}, {"GET", "/nothing"}, {"DELETE", "/v1/status"}, {"GET", "/v1/payments/not-an-id"},
			{"GET", "/v1/payments/01890000-0000-7000-8000-000000000000"}, {"POST", "/v1/payments/01890000-0000-7000-8000-000000000000/cancel"}} {
			s.ask(c[0], c[1], "").problem(404, "not_found", "none_moved")
		}
	})
}

func TestTheDescriptionNamesEveryPath(t *testing.T) {
	inTill(t, func(s *till) {
		a := s.ask(http.MethodGet, "/openapi.json", "").is(200)
		if !strings.HasPrefix(a.text("openapi"), "3.1") {
			t.Errorf("openapi is %q", a.text("openapi"))
		}
		paths, _ := a.member["paths"].(map[string]any)
		want := []string{"/healthz", "/v1/configuration", "/v1/devices/{name}/reprint", "/v1/devices/{name}/service", "/v1/devices/{name}/totals", "/v1/devices/{name}/trace",
			"/v1/events", "/v1/goods", "/v1/goods/{code}", "/v1/pairings", "/v1/payments", "/v1/payments/{id}",
			"/v1/payments/{id}/ask", "/v1/payments/{id}/cancel", "/v1/payments/{id}/capture", "/v1/payments/{id}/code", "/v1/payments/{id}/qr",
			"/v1/payments/{id}/refunds", "/v1/payments/{id}/resolve", "/v1/payments/{id}/void", "/v1/people", "/v1/people/verify", "/v1/scan", "/v1/session", "/v1/settlements", "/v1/shifts", "/v1/shifts/close",
			"/v1/shifts/current", "/v1/shifts/{id}", "/v1/status", "/v1/sync",
			"/v1/webhooks", "/v1/webhooks/{name}/retry"}
		if got := slices.Sorted(maps.Keys(paths)); !slices.Equal(got, want) {
			t.Errorf("paths %v, want %v", got, want)
		}
		for _, word := range []string{"order_amount", "require_online", "tendered", "acknowledged", "application/problem+json", "bearer"} {
			if !strings.Contains(a.body, word) {
				t.Errorf("%q is not described", word)
			}
		}
	})
}

func TestHealthIsWhetherACashSaleWouldBeTaken(t *testing.T) {
	inTill(t, func(s *till) {
		if a := s.ask(http.MethodGet, "/healthz", "").is(200); a.member["ok"] != true {
			t.Errorf("%s", a.body)
		}
		s.unplug()
		s.ask(http.MethodGet, "/healthz", "").is(200) // cash needs no terminal
		s.quiet()
		if err := s.journal.Close(); err != nil {
			t.Fatal(err)
		}
		s.ask(http.MethodGet, "/healthz", "", with("Authorization", "")).problem(503, "journal_stopped", "none_moved")
		a := s.post(cashSale)
		if a.status < 500 || a.text("money") == "moved" {
			t.Errorf("a sale on a closed journal: %s", a.body)
		}
		s.open()
	})
}

func TestStatusHasEveryMember(t *testing.T) {
	inTill(t, func(s *till) {
		s.post(cashSale).is(201)
		a := s.ask(http.MethodGet, "/v1/status", "").is(200)
		want := []string{"acked_seq", "backlog", "clock", "devices", "disk", "epoch", "mode", "mode_since_at", "policy", "seq", "shop", "till", "unknown", "version"}
		if got := slices.Sorted(maps.Keys(a.member)); !slices.Equal(got, want) {
			t.Errorf("members %v, want %v", got, want)
		}
		var status api.Status
		if err := json.Unmarshal([]byte(a.body), &status); err != nil {
			t.Fatal(err)
		}
		if status.Till != "till-1" || status.Version != "1.2.3" || status.Mode != "offline" || status.Seq != 4 || status.AckedSeq != 0 ||
			status.Epoch != s.journal.Head().Epoch || status.Disk.State != "ok" || status.Disk.FreeBytes == 0 || len(status.Devices) != 1 {
			t.Errorf("%+v", status)
		}
		if d := status.Devices[0]; d.Name != "counter" || d.Driver != "zvt" || d.Kind != "card" || d.State != "ready" {
			t.Errorf("%+v", d)
		}
		for part, members := range map[string][]string{"backlog": {"amounts", "payments", "records"}, "disk": {"free_bytes", "state"}, "clock": {"doubted"},
			"policy": {"enabled", "headroom", "version"}} {
			object, _ := a.member[part].(map[string]any)
			if got := slices.Sorted(maps.Keys(object)); !slices.Equal(got, members) {
				t.Errorf("%s has %v, want %v", part, got, members)
			}
		}
		if strings.Contains(a.body, "null") {
			t.Errorf("%s", a.body)
		}
		s.journal.Acknowledge([]byte("proof"), s.journal.Head())
		if n := s.ask(http.MethodGet, "/v1/status", "").member["acked_seq"]; n != json.Number("4") {
			t.Errorf("acked_seq is %v", n)
		}
	})
}

func TestStatusOfABrokenTill(t *testing.T) {
	inTill(t, func(s *till) {
		s.unplug()
		a := s.ask(http.MethodGet, "/v1/status", "").is(200)
		if !strings.Contains(a.body, `"state":"opening"`) {
			t.Errorf("%s", a.body)
		}
		s.options.Data = s.dir + "/gone"
		s.remake()
		s.ask(http.MethodGet, "/v1/status", "").problem(500, "internal", "unknown")
	})
}

func TestSyncSendsNow(t *testing.T) {
	inTill(t, func(s *till) {
		s.sync.set("online")
		s.sync.backlog = api.Backlog{Records: 3, Payments: 1, Amounts: map[pos.Currency]pos.Minor{"EUR": 1250}, OldestAt: api.Timestamp(time.Now().UnixMilli())}
		a := s.ask(http.MethodPost, "/v1/sync", "").is(200)
		backlog, _ := a.member["backlog"].(map[string]any)
		if s.sync.flushed != 1 || backlog["records"] != json.Number("3") || backlog["payments"] != json.Number("1") || backlog["oldest_at"] == nil {
			t.Errorf("flushed %d times, %s", s.sync.flushed, a.body)
		}
		shaped(t, a)
	})
}
