package agent_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/agent/people"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform"
	"github.com/tillproof/tillproof/sync/policy"
)

// sell asks for cash and gives the status and the code of a problem.
func (w *world) sell(order string, amount int, more map[string]any) (status int, code string) {
	w.t.Helper()
	body := map[string]any{"order": order, "amount": amount, "currency": "EUR", "tender": "cash"}
	for key, value := range more {
		body[key] = value
	}
	return w.ask(http.MethodPost, "/v1/payments", body, nil)
}

// used is what the status says of a rule, -1 when it does not name it.
func (w *world) used(rule string) int64 {
	for _, h := range w.status().Policy.Headroom {
		if h.Rule == rule {
			return h.Used
		}
	}
	return -1
}

// A policy of the platform reaches the till, limits what is taken while the line is cut, survives a restart of the till, lets a supervisor pass, and
// frees its room when the platform has what was taken.
func TestAPolicyLimitsWhatIsTakenOffline(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.policies = []platform.PolicyConfig{{Merchant: "shop", Version: 7, Currency: "EUR", Default: policy.Allow,
		Limits: []policy.Limit{{Tenders: []pos.Tender{pos.Cash}, MaxAmount: 1000, MaxTotal: 1500, MaxAway: 3600}}}}
	w.online()
	staff, err := people.Open(agent.PathsIn(w.dir).People)
	if err != nil {
		t.Fatal(err)
	}
	if err := staff.Add(people.Person{ID: "sue", Name: "Sue", Role: people.Supervisor}, "739184"); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.until("the policy has come", func() bool { return w.status().Policy.Version == 7 })
	w.drained()
	if status, code := w.sell("online", 5000, nil); status != http.StatusCreated {
		t.Errorf("online nothing is limited: %d %s", status, code)
	}
	w.drained()
	w.halt()
	w.until("the till is offline", func() bool { return w.status().Mode == "offline" })
	for _, s := range []struct {
		order  string
		amount int
		want   int
	}{{"a", 1001, http.StatusForbidden}, {"b", 1000, http.StatusCreated}, {"c", 501, http.StatusForbidden}, {"d", 500, http.StatusCreated}, {"e", 1, http.StatusForbidden}} {
		if status, code := w.sell(s.order, s.amount, nil); status != s.want || status == http.StatusForbidden && code != "offline_refused" {
			t.Errorf("order %s over %d: %d %s", s.order, s.amount, status, code)
		}
	}
	w.stop()
	w.start()
	if s := w.status().Policy; s.Version != 7 || !s.Enabled || w.used("total") != 1500 {
		t.Errorf("after a restart: %+v", s)
	}
	w.overridden()
	w.brokerUp()
	w.drained()
	if used := w.used("total"); used != 0 {
		t.Errorf("the platform has all, and %d count as used", used)
	}
	w.stop()
	w.verify()
}

// overridden tries to get a sale past the full policy.
func (w *world) overridden() {
	w.t.Helper()
	for _, o := range []struct{ supervisor, pin, code string }{{"sue", "739185", "pin_wrong"}, {"bob", "739184", "pin_wrong"}, {"sue", "739184", ""}} {
		_, code := w.sell("f", 700, map[string]any{"override": map[string]string{"supervisor": o.supervisor, "pin": o.pin}})
		if code != o.code {
			w.t.Errorf("%+v: %q", o, code)
		}
	}
	var p struct{ Items []api.Payment }
	w.ask(http.MethodGet, "/v1/payments?order=f", nil, &p)
	if len(p.Items) != 1 || p.Items[0].Status != pos.Approved {
		w.t.Errorf("%+v", p)
	}
	if used := w.used("total"); used != 2200 {
		w.t.Errorf("%d used after the override", used)
	}
}

// A journal that begins anew has no policy until the platform has signed one for it: what was used before is not forgotten by wiping it.
func TestAPolicyIsBoundToTheLifeOfTheJournal(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.policies = []platform.PolicyConfig{{Merchant: "shop", Tills: []pos.TillID{"till-1"}, Version: 1, Currency: "EUR", Default: policy.Ask,
		Limits: []policy.Limit{{Tenders: []pos.Tender{pos.Cash}}}}}
	w.online()
	w.start()
	w.until("the policy has come", func() bool { return w.status().Policy.Version == 1 })
	first := w.status().Epoch
	w.stop()
	w.config.Data = t.TempDir()
	key := agent.PathsIn(w.config.Data).Key
	pem, err := os.ReadFile(agent.PathsIn(w.dir).Key)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(key), 0o700)
	}
	if err == nil {
		err = cose.WriteFile(key, pem)
	}
	if err != nil {
		t.Fatal(err)
	}
	w.start()
	if s := w.status(); s.Epoch == first || s.Policy.Enabled {
		t.Errorf("a new journal has policy %+v", s.Policy)
	}
	w.until("a policy for the new life has come", func() bool { return w.status().Policy.Version == 1 })
	w.halt()
	w.until("the till is offline", func() bool { return w.status().Mode == "offline" })
	for i, s := range []struct {
		more map[string]any
		want int
	}{{nil, 403}, {map[string]any{"offline": "require_online"}, 403}, {map[string]any{"offline": "allow"}, 201}} {
		if status, code := w.sell(fmt.Sprint("x", i), 5, s.more); status != s.want {
			t.Errorf("%v: %d %s", s.more, status, code)
		}
	}
}
