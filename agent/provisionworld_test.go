package agent_test

import (
	"net/http"
	"path/filepath"
	"testing"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/platform"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/registry"
	"github.com/tillproof/tillproof/sync/policy"
	"github.com/tillproof/tillproof/sync/provision"
)

// A limit and a configuration that somebody puts into the registry while the platform runs reach the till without a restart of either; the till keeps the
// configuration over a restart without the platform, and its journal tells the platform which one is in force.
func TestAChangeInTheBackOfficeReachesTheTill(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.policies = []platform.PolicyConfig{{Merchant: "shop", Version: 7, Currency: "EUR", Default: policy.Allow,
		Limits: []policy.Limit{{Tenders: []pos.Tender{pos.Cash}, MaxAmount: 1000}}}}
	w.online()
	w.start()
	w.until("the policy has come", func() bool { return w.status().Policy.Version == 7 })
	db, err := database.Open(t.Context(), w.platform.Database) // as the commands do, beside the running platform
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	office, err := registry.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	limits, err := office.List(t.Context(), registry.KindLimit, registry.Range{})
	if err != nil || len(limits) != 1 {
		t.Fatalf("%v %v", limits, err)
	}
	limit := limits[0].Thing.(*registry.Limit)
	limit.Limits[0].MaxAmount = 2000
	settings := &registry.Settings{Merchant: "shop", Shop: &provision.Shop{Name: "Corner", Languages: []string{"zh-CN"}}, Values: map[string]string{"vat": "19"}}
	for _, thing := range []registry.Thing{limit, settings} {
		if _, err := office.Put(t.Context(), thing, registry.Any); err != nil {
			t.Fatal(err)
		}
	}
	w.until("both have come", func() bool { s := w.status(); return s.Policy.Version == 8 && s.Shop.Name == "Corner" })
	var configuration api.Configuration
	configured := func() {
		t.Helper()
		if status, _ := w.ask(http.MethodGet, "/v1/configuration", nil, &configuration); status != http.StatusOK || configuration.Version != 1 ||
			configuration.Values["vat"] != "19" || configuration.Shop.Name != "Corner" || w.status().Shop.Languages[0] != "zh-CN" {
			t.Errorf("%d %+v", status, configuration)
		}
	}
	configured()
	w.drained()
	ledger, err := platform.OpenLedger(w.platform.Database)
	if err != nil {
		t.Fatal(err)
	}
	defer ledger.Close()
	codec, err := record.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	var said []uint64
	for stored, err := range ledger.Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		rec, _, err := codec.Decode(stored.Raw)
		if err != nil || stored.Held != "" {
			t.Fatal(err, stored.Held)
		}
		if body, _ := codec.Body(&rec); rec.Kind == record.KindConfig {
			said = append(said, body.(*record.Config).Version)
		}
	}
	if len(said) != 1 || said[0] != 1 {
		t.Errorf("the platform holds the word of configurations %v", said)
	}
	w.stop()
	w.halt()
	w.start()
	configured()
	w.brokerUp()
	w.stop()
	w.verify()
	if files, _ := filepath.Glob(filepath.Join(w.dir, "config-from-platform")); len(files) != 1 {
		t.Errorf("%v", files)
	}
}
