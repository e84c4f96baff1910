package main

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/sync/platform"
	"github.com/tillproof/tillproof/web/measure"
)

func metrics() []measure.Family { return slices.Concat(api.Metrics(), platform.Metrics()) }

// TestMetricsAreInTheContract holds the table in docs/contract.md against the metrics that there are, both ways.
func TestMetricsAreInTheContract(t *testing.T) {
	text, err := os.ReadFile("docs/contract.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, "| `tillproof_") {
			listed[line] = true
		}
	}
	for _, f := range metrics() {
		labels := "-"
		if len(f.Labels) > 0 {
			labels = "`" + strings.Join(f.Labels, "`, `") + "`"
		}
		line := fmt.Sprintf("| `%s` | %s | %s | %s |", f.Name, f.Kind, labels, f.Help)
		if !listed[line] {
			t.Errorf("docs/contract.md lacks\n%s", line)
		}
		delete(listed, line)
	}
	for line := range listed {
		t.Errorf("docs/contract.md has a metric that there is not:\n%s", line)
	}
}

func TestMetricsHaveNamesAndLabelsThatStaySmall(t *testing.T) {
	name := regexp.MustCompile(`^tillproof_(till|platform)_[a-z_]+$`)
	for _, f := range metrics() {
		if !name.MatchString(f.Name) || f.Help == "" || (f.Kind == measure.Counter) != strings.HasSuffix(f.Name, "_total") {
			t.Errorf("%+v", f)
		}
		for _, l := range f.Labels {
			if !slices.Contains([]string{"till", "version", "database", "mode", "state", "op", "outcome", "device", "rule", "currency", "merchant", "stage", "kind"}, l) {
				t.Errorf("%s has the label %s: it must take few values, and hold nothing of a payment, an order or a customer", f.Name, l)
			}
		}
	}
}

// alerts is docs/alerts.yml.
type alerts struct {
	Groups []struct {
		Name  string
		Rules []struct {
			Alert, Expr, For string
			Labels           struct{ Severity string }
			Annotations      struct{ Summary, Money, Do string }
		}
	}
}

func TestAlertsNameMetricsThatThereAre(t *testing.T) {
	text, err := os.ReadFile("docs/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file alerts
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&file); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			if seen[r.Alert] || !regexp.MustCompile(`^Tillproof[A-Za-z]+$`).MatchString(r.Alert) {
				t.Errorf("%s: the name is taken, or none", r.Alert)
			}
			seen[r.Alert] = true
			if r.Annotations.Summary == "" || r.Annotations.Money == "" || r.Annotations.Do == "" || r.Labels.Severity != "page" && r.Labels.Severity != "ticket" {
				t.Errorf("%s does not say what it means for the money and what to do", r.Alert)
			}
			if r.For != "" && !regexp.MustCompile(`^[0-9]+[smhd]$`).MatchString(r.For) {
				t.Errorf("%s: for is %q", r.Alert, r.For)
			}
			for _, problem := range wrongIn(r.Expr) {
				t.Errorf("%s: %s", r.Alert, problem)
			}
		}
	}
	if len(seen) < 20 {
		t.Errorf("only %d alerts", len(seen))
	}
}

// wrongIn says what an expression of Prometheus gets wrong of our metrics.
func wrongIn(expr string) (problems []string) {
	if strings.Count(expr, "(") != strings.Count(expr, ")") || strings.Count(expr, "{") != strings.Count(expr, "}") {
		problems = append(problems, "brackets do not match")
	}
	found := regexp.MustCompile(`(tillproof_[a-z_]+)(\{[^}]*\})?(\[[0-9]+[smhd]\])?`).FindAllStringSubmatch(expr, -1)
	if len(found) == 0 {
		return append(problems, "it names no metric")
	}
	for _, m := range found {
		name, isBucket := strings.CutSuffix(m[1], "_bucket")
		i := slices.IndexFunc(metrics(), func(f measure.Family) bool { return f.Name == name })
		if i < 0 {
			problems = append(problems, "no metric "+m[1])
			continue
		}
		f := metrics()[i]
		if isBucket != (f.Kind == measure.Histogram) {
			problems = append(problems, m[1]+": only the buckets of a histogram can be used")
		}
		if (m[3] != "") != (f.Kind != measure.Gauge) {
			problems = append(problems, m[1]+": a rate is for counters and histograms")
		}
		for _, l := range regexp.MustCompile(`([a-z_]+)=~?"`).FindAllStringSubmatch(m[2], -1) {
			if !slices.Contains(f.Labels, l[1]) {
				problems = append(problems, m[1]+" has no label "+l[1])
			}
		}
	}
	return problems
}

// TestWrongAlertsAreFound shows that the check bites.
func TestWrongAlertsAreFound(t *testing.T) {
	for _, expr := range []string{"up == 0", "tillproof_till_nothing > 0", `tillproof_till_mode{state="x"} == 1`, "tillproof_till_acks_total > 1", "rate(tillproof_till_seq[5m]) > 0",
		"tillproof_till_append_seconds > 1", "(tillproof_till_seq > 0"} {
		if len(wrongIn(expr)) == 0 {
			t.Errorf("%s is not refused", expr)
		}
	}
}
