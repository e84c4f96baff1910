package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulator/zvtsim"
)

const cashSale = `{"order":"A-1","amount":1250,"currency":"EUR","tender":"cash","tendered":2000}`

func card(order string, amount int) string {
	return fmt.Sprintf(`{"order":%q,"amount":%d,"currency":"EUR","tender":"card"}`, order, amount)
}

func TestCashOverTheAPI(t *testing.T) {
	inTill(t, func(s *till) {
		first := s.post(cashSale).is(201)
		if first.header.Get("Content-Type") != "application/json" {
			t.Errorf("%v", first.header)
		}
		for name, want := range map[string]string{"order": "A-1", "attempt": "1", "tender": "cash", "amount": "1250", "currency": "EUR", "status": "approved",
			"approved_amount": "1250", "refunded_amount": "0", "mode": "offline", "unwanted": "false", "change": "750", "acknowledged": "false", "operations": "[]"} {
			if got := fmt.Sprint(first.member[name]); got != want {
				t.Errorf("%s is %s, want %s", name, got, want)
			}
		}
		second := s.post(cashSale).is(200)
		if first.body != second.body {
			t.Errorf("the same again gives\n%s\ninstead of\n%s", second.body, first.body)
		}
		if got := s.ask(http.MethodGet, "/v1/payments/"+first.text("id"), "").is(200); got.body != first.body {
			t.Errorf("asked for: %s", got.body)
		}
	})
}

// The keys are the contract's: scripts elsewhere rely on them.
func TestPaymentKeys(t *testing.T) {
	inTill(t, func(s *till) {
		always := []string{"id", "order", "attempt", "tender", "amount", "currency", "status", "refunded_amount", "mode", "unwanted", "operations",
			"created_at", "updated_at", "record", "acknowledged"}
		s.pt.Next(zvtsim.Card{Tip: 50, Brand: "girocard", Last4: "4242"})
		for _, c := range []struct {
			name, path, body string
			more             []string
		}{
			{"cash", "", cashSale, []string{"approved_amount", "change", "returnable"}},
			{"nothing to pay", "", `{"order":"A-2","amount":0,"currency":"EUR","tender":"card"}`, []string{"approved_amount"}},
			{"card with tip", "?wait=60s", card("A-3", 1000), []string{"approved_amount", "tip", "device", "brand", "last4", "receipt_no", "trace", "auth_code", "returnable"}},
			{"card under way", "", card("A-4", 1000), []string{"device", "next"}},
		} {
			a := s.ask(http.MethodPost, "/v1/payments"+c.path, c.body).is(201)
			want := append(slices.Clone(always), c.more...)
			slices.Sort(want)
			if got := slices.Sorted(maps.Keys(a.member)); !slices.Equal(got, want) {
				t.Errorf("%s: keys %v, want %v", c.name, got, want)
			}
			shaped(t, a)
		}
	})
}

// shaped checks the forms of values: no null, no empty text, integers, times in UTC with milliseconds.
func shaped(t *testing.T, a answer) {
	t.Helper()
	stamp := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)
	if strings.Contains(a.body, "null") || strings.Contains(a.body, `""`) {
		t.Errorf("an unknown value is not absent: %s", a.body)
	}
	var walk func(name string, v any)
	walk = func(name string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, member := range v {
				walk(k, member)
			}
		case []any:
			for _, member := range v {
				walk(name, member)
			}
		case json.Number:
			if _, err := v.Int64(); err != nil {
				t.Errorf("%s is %s, not an integer", name, v)
			}
		case string:
			if strings.HasSuffix(name, "_at") && !stamp.MatchString(v) {
				t.Errorf("%s is %s", name, v)
			}
		}
	}
	walk("", a.member)
}

func TestRefusalsSayWhatTheyMeanForTheMoney(t *testing.T) {
	inTill(t, func(s *till) {
		s.post(cashSale).is(201)
		part := `{"order":"P-1","attempt":%d,"amount":600,"order_amount":1000,"currency":"EUR","tender":"cash"}`
		s.post(fmt.Sprintf(part, 1)).is(201)
		for _, c := range []struct {
			name, body string
			status     int
			code       string
		}{
			{"other amount", strings.Replace(cashSale, "1250", "1251", 1), 409, "order_conflict"},
			{"next attempt of a paid order", strings.Replace(cashSale, `"amount"`, `"attempt":2,"amount"`, 1), 409, "order_open"},
			{"more than the rest", fmt.Sprintf(part, 2), 422, "amount_invalid"},
			{"negative", `{"order":"X","amount":-1,"currency":"EUR","tender":"cash"}`, 422, "amount_invalid"},
			{"too large", `{"order":"X","amount":1000000000000,"currency":"EUR","tender":"cash"}`, 422, "amount_invalid"},
			{"beyond an integer", `{"order":"X","amount":99999999999999999999,"currency":"EUR","tender":"cash"}`, 422, "amount_invalid"},
			{"a fraction", `{"order":"X","amount":1.5,"currency":"EUR","tender":"cash"}`, 422, "amount_invalid"},
			{"an exponent", `{"order":"X","amount":1e2,"currency":"EUR","tender":"cash"}`, 422, "amount_invalid"},
			{"cash beyond an integer", `{"order":"X","amount":1,"tendered":99999999999999999999,"currency":"EUR","tender":"cash"}`, 422, "amount_invalid"},
			{"order amount with a fraction", `{"order":"X","amount":1,"order_amount":1.5,"currency":"EUR","tender":"cash"}`, 422, "amount_invalid"},
			{"a text", `{"order":"X","amount":"1","currency":"EUR","tender":"cash"}`, 422, "amount_invalid"},
			{"null", `{"order":"X","amount":null,"currency":"EUR","tender":"cash"}`, 422, "amount_invalid"},
			{"unknown currency", `{"order":"X","amount":1,"currency":"XXX","tender":"cash"}`, 422, "amount_invalid"},
			{"too little cash", `{"order":"X","amount":2,"tendered":1,"currency":"EUR","tender":"cash"}`, 422, "amount_invalid"},
			{"tender not taken", `{"order":"X","amount":1,"currency":"EUR","tender":"none"}`, 422, "not_supported"},
			{"attempt 0", `{"order":"X","attempt":0,"amount":1,"currency":"EUR","tender":"cash"}`, 422, "request_invalid"},
			{"too many attempts", `{"order":"X","attempt":10000,"amount":1,"currency":"EUR","tender":"cash"}`, 422, "request_invalid"},
			{"platform required", `{"order":"X","amount":1,"currency":"EUR","tender":"cash","require_online":true}`, 403, "offline_refused"},
			{"no such device", `{"order":"X","amount":1,"currency":"EUR","tender":"card","device":"other"}`, 503, "device_unavailable"},
			{"no such tender", `{"order":"X","amount":1,"currency":"EUR","tender":"gold"}`, 422, "request_invalid"},
			{"no order", `{"amount":1,"currency":"EUR","tender":"cash"}`, 422, "request_invalid"},
			{"order with a blank", `{"order":"a b","amount":1,"currency":"EUR","tender":"cash"}`, 422, "request_invalid"},
			{"order too long", fmt.Sprintf(`{"order":%q,"amount":1,"currency":"EUR","tender":"cash"}`, strings.Repeat("a", 65)), 422, "request_invalid"},
			{"unknown member", `{"order":"X","amount":1,"currency":"EUR","tender":"cash","amout":2}`, 422, "request_invalid"},
			{"a list", `[]`, 422, "request_invalid"},
			{"no JSON", `order=X`, 400, "request_invalid"},
			{"cut off", `{"order":"X","amount":1`, 400, "request_invalid"},
			{"nothing", ``, 400, "request_invalid"},
			{"too large a body", `{"order":"` + strings.Repeat("a", 70<<10) + `"}`, 413, "request_invalid"},
		} {
			t.Log(c.name)
			if a := s.post(c.body).problem(c.status, c.code, "none_moved"); strings.Contains(a.text("detail"), "Go struct") {
				t.Errorf("in the program's own words: %s", a.text("detail"))
			}
		}
		if head := s.journal.Head(); head.Seq != 7 {
			t.Errorf("%d records: a refusal was journalled", head.Seq)
		}
	})
}

func TestOfflineRefusalNamesItsRule(t *testing.T) {
	inTill(t, func(s *till) {
		a := s.post(`{"order":"X","amount":1,"currency":"EUR","tender":"cash","require_online":true}`).problem(403, "offline_refused", "none_moved")
		if a.text("rule") != "require_online" {
			t.Errorf("%s", a.body)
		}
	})
}

func TestWaitHoldsUntilTheOutcome(t *testing.T) {
	inTill(t, func(s *till) {
		s.pt.Next(zvtsim.Card{After: 40 * time.Second})
		began := time.Now()
		a := s.ask(http.MethodPost, "/v1/payments?wait=60s", card("A-1", 1250)).is(201)
		if took := time.Since(began); a.text("status") != "approved" || took < 40*time.Second || took > 45*time.Second {
			t.Errorf("%s after %s", a.text("status"), took)
		}
		a = s.post(card("A-1", 1250)).is(200)
		if a.text("status") != "approved" {
			t.Errorf("%s", a.body)
		}
	})
}

func TestWaitEndsAfterAMinuteAtMost(t *testing.T) {
	for wait, least := range map[string]time.Duration{"": 0, "0s": 0, "5s": 5 * time.Second, "60s": time.Minute, "10m": time.Minute} {
		inTill(t, func(s *till) {
			s.pt.Next(zvtsim.Card{After: 100 * time.Second})
			began := time.Now()
			a := s.ask(http.MethodPost, "/v1/payments?wait="+wait, card("A-1", 1250)).is(201)
			if took := time.Since(began); a.text("status") != "pending" || took != least {
				t.Errorf("wait %q: %s after %s", wait, a.text("status"), took)
			}
			<-time.After(time.Second)
			began = time.Now()
			a = s.ask(http.MethodGet, "/v1/payments/"+a.text("id")+"?wait="+wait, "").is(200)
			if took := time.Since(began); took > time.Minute {
				t.Errorf("wait %q held %s", wait, took)
			}
			if next, _ := a.member["next"].(map[string]any); a.text("status") == "pending" && (next["code"] != "wait" || next["text"] == "") {
				t.Errorf("next is %v", next)
			}
		})
	}
	inTill(t, func(s *till) {
		for _, wait := range []string{"soon", "-5s", "5"} {
			s.ask(http.MethodPost, "/v1/payments?wait="+wait, cashSale).problem(422, "request_invalid", "none_moved")
			s.ask(http.MethodGet, "/v1/payments/x?wait="+wait, "").problem(422, "request_invalid", "none_moved")
			s.ask(http.MethodPost, "/v1/payments/x/cancel?wait="+wait, "").problem(422, "request_invalid", "none_moved")
		}
	})
}

func TestCancelOverTheAPI(t *testing.T) {
	inTill(t, func(s *till) {
		s.pt.Next(zvtsim.Card{After: time.Hour})
		id := s.post(card("C-1", 1250)).is(201).text("id")
		<-time.After(time.Second)
		a := s.ask(http.MethodPost, "/v1/payments/"+id+"/cancel?wait=30s", "").is(200)
		reason, _ := a.member["reason"].(map[string]any)
		next, _ := a.member["next"].(map[string]any)
		if a.text("status") != "cancelled" || reason["code"] != "6c" || reason["text"] == "" || next["code"] != "retry" {
			t.Errorf("%s", a.body)
		}
		s.ask(http.MethodPost, "/v1/payments/"+id+"/cancel", "").problem(409, "not_cancellable", "none_moved")
		paid := s.post(cashSale).text("id")
		s.ask(http.MethodPost, "/v1/payments/"+paid+"/cancel", "").problem(409, "not_cancellable", "moved")
	})
}

func TestAnUnknownPaymentBlocksItsDeviceOnly(t *testing.T) {
	inTill(t, func(s *till) {
		s.ask(http.MethodPost, "/v1/payments?wait=60s", card("C-0", 100)).is(201)
		s.pt.Next(zvtsim.Card{Do: zvtsim.LoseResult})
		a := s.ask(http.MethodPost, "/v1/payments?wait=60s", card("C-1", 1250)).is(201)
		id := a.text("id")
		if next, _ := a.member["next"].(map[string]any); a.text("status") != "unknown" || next["code"] != "wait_terminal" {
			t.Errorf("%s", a.body)
		}
		<-s.ended
		if b := s.post(card("C-2", 100)).problem(409, "device_unresolved", "none_moved"); b.text("payment") != id {
			t.Errorf("%s", b.body)
		}
		s.post(strings.Replace(card("C-1", 1250), `"amount"`, `"attempt":2,"amount"`, 1)).problem(409, "order_open", "none_moved")
		s.post(cashSale).is(201)
		if list := fmt.Sprint(s.ask(http.MethodGet, "/v1/status", "").is(200).member["unknown"]); list != "["+id+"]" {
			t.Errorf("unknown is %s", list)
		}
		a = s.ask(http.MethodPost, "/v1/payments/"+id+"/cancel", "").is(200)
		if next, _ := a.member["next"].(map[string]any); a.member["unwanted"] != true || a.text("status") != "unknown" || next["code"] != "wait_terminal" {
			t.Errorf("%s", a.body)
		}
		s.plug()
		a = s.ask(http.MethodGet, "/v1/payments/"+id, "").is(200)
		if next, _ := a.member["next"].(map[string]any); a.text("status") != "approved" || next["code"] != "refund" {
			t.Errorf("%s", a.body)
		}
	})
}

func TestAcknowledgedFollowsThePlatformsCustody(t *testing.T) {
	inTill(t, func(s *till) {
		first := s.post(cashSale)
		s.journal.Acknowledge([]byte("proof"), s.journal.Head())
		second := s.post(card("A-2", 0))
		for id, want := range map[string]bool{first.text("id"): true, second.text("id"): false} {
			if a := s.ask(http.MethodGet, "/v1/payments/"+id, ""); a.member["acknowledged"] != want {
				t.Errorf("acknowledged is not %v: %s", want, a.body)
			}
		}
		s.journal.Acknowledge([]byte("proof"), s.journal.Head())
		if err := s.journal.Diverge("forked", s.journal.Head()); err != nil {
			t.Fatal(err)
		}
		third := s.post(card("A-3", 0))
		if a := s.ask(http.MethodGet, "/v1/payments/"+second.text("id"), ""); a.member["acknowledged"] != true || third.member["acknowledged"] != false {
			t.Errorf("over a new epoch: %s, %s", a.body, third.body)
		}
		if a := s.ask(http.MethodGet, "/v1/status", ""); fmt.Sprint(a.member["acked_seq"]) != "0" {
			t.Errorf("acked_seq of the new epoch is %v", a.member["acked_seq"])
		}
	})
}
