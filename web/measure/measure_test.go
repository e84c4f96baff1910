package measure_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/web/measure"
)

func scrape(t *testing.T, s *measure.Set) string {
	t.Helper()
	answer := httptest.NewRecorder()
	s.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	if answer.Code != 200 || !strings.HasPrefix(answer.Header().Get("Content-Type"), "text/plain") {
		t.Fatalf("%d %s %s", answer.Code, answer.Header(), answer.Body)
	}
	return answer.Body.String()
}

func TestASetShowsItsFamilies(t *testing.T) {
	var clock measure.Clock
	var tally measure.Tally
	clock.Note(3 * time.Millisecond)
	clock.Note(time.Minute)
	for n := range measure.MostLabels + 5 {
		tally.Add(2, fmt.Sprintf("shop-%03d", n), "")
	}
	set := measure.New([]measure.Family{
		{"a_state", measure.Gauge, []string{"kind"}, "A state."}, {"some_total", measure.Counter, nil, "Some."},
		{"took_seconds", measure.Histogram, nil, "It took."}, {"by_shop_total", measure.Counter, []string{"shop"}, "Shops."}, {"absent", measure.Gauge, nil, "None."},
	}, func(s measure.Sink) {
		s.Put("a_state", measure.Flag(true), "x")
		s.Put("a_state", measure.Flag(false), `y"`)
		s.Put("some_total", 7)
		clock.Put(s, "took_seconds")
		tally.Put(s, "by_shop_total", 1)
	})
	text := scrape(t, set)
	for _, line := range []string{"# TYPE a_state gauge", `a_state{kind="x"} 1`, `a_state{kind="y\""} 0`, "# TYPE some_total counter", "some_total 7",
		`took_seconds_bucket{le="0.002"} 0`, `took_seconds_bucket{le="0.005"} 1`, `took_seconds_bucket{le="+Inf"} 2`, "took_seconds_sum 60.003",
		`by_shop_total{shop="shop-000"} 2`, `by_shop_total{shop="other"} 10`, "go_goroutines", "process_open_fds"} {
		if !strings.Contains(text, line) {
			t.Errorf("%s is missing", line)
		}
	}
	if strings.Contains(text, "shop-203") || strings.Contains(text, "\nabsent") {
		t.Error("something is shown that must not be")
	}
}

func TestAnUnknownFamilyIsAMistake(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("an unknown name was taken")
		}
	}()
	measure.Sink{}.Put("unknown", 1)
}
