package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/pos"
)

func TestMetricsTellTheStateOfTheTill(t *testing.T) {
	inTill(t, func(s *till) {
		s.sync.backlog = api.Backlog{Records: 7, Payments: 2, Amounts: map[pos.Currency]pos.Minor{"EUR": 1250}, OldestAt: "2000-01-01T00:00:00.000Z"}
		s.options.Counts = func() api.SyncCounts {
			return api.SyncCounts{Batches: 3, Acks: map[string]uint64{"ok": 2, "gap": 1}, Calls: []api.CallCount{{"refund", "silent", 4}}}
		}
		s.remake()
		s.post(cashSale).is(201)
		text := s.ask(http.MethodGet, "/metrics", "").is(200).body
		for _, line := range []string{
			`tillproof_till_info{till="till-1",version="1.2.3"} 1`, "tillproof_till_may_sell 1", `tillproof_till_mode{mode="offline"} 1`,
			`tillproof_till_mode{mode="online"} 0`, "tillproof_till_backlog_records 7", "tillproof_till_backlog_payments 2", `tillproof_till_backlog_amount{currency="EUR"} 1250`,
			`tillproof_till_acks_total{state="gap"} 1`, `tillproof_till_calls_total{op="refund",outcome="silent"} 4`, "tillproof_till_batches_total 3",
			`tillproof_till_device_state{device="counter",state="ready"} 1`, `tillproof_till_device_state{device="counter",state="absent"} 0`,
			`tillproof_till_disk_state{state="ok"} 1`, "tillproof_till_clock_doubted 0", "tillproof_till_policy_version 0", "tillproof_till_unknown_payments 0",
			"tillproof_till_shift_open 0", `tillproof_till_append_seconds_bucket{le="+Inf"} `,
		} {
			if !strings.Contains(text, line) {
				t.Errorf("%s is missing in\n%s", line, text)
			}
		}
		for _, word := range []string{token, "order", "A-1"} { // nothing that grows with the sales, and nothing that is secret
			if strings.Contains(strings.ToLower(onlyOurs(text)), strings.ToLower(word)) {
				t.Errorf("%q stands in the metrics", word)
			}
		}
		if strings.Contains(text, "tillproof_till_clock_offset_seconds ") {
			t.Error("an offset that nobody has proven")
		}
		if age := valueOf(text, "tillproof_till_backlog_oldest_age_seconds"); age == "0" || age == "" {
			t.Errorf("the oldest record is %q seconds old", age)
		}
		s.ask(http.MethodGet, "/metrics", "", with("Authorization", "Bearer wrong")).problem(401, "unauthorized", "none_moved")
		s.unplug()
		s.quiet()
		if err := s.journal.Close(); err != nil {
			t.Fatal(err)
		}
		if text := s.ask(http.MethodGet, "/metrics", "").is(200).body; !strings.Contains(text, "tillproof_till_may_sell 0") {
			t.Error("a till that cannot sell says that it can")
		}
		if err := s.pt.Close(); err != nil {
			t.Fatal(err)
		}
		s.open()
	})
}

// onlyOurs leaves the lines out that the library adds.
func onlyOurs(text string) string {
	var lines []string
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "tillproof_") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// valueOf is the value of a metric without labels.
func valueOf(text, name string) string {
	for _, line := range strings.Split(text, "\n") {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return value
		}
	}
	return ""
}
