package registry_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
	"github.com/tillproof/tillproof/sync/platform/registry"
	"github.com/tillproof/tillproof/sync/policy"
	"github.com/tillproof/tillproof/sync/provision"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shelf is a registry to try things on.
type shelf struct {
	*registry.Registry
	t  *testing.T
	db *database.DB
}

func open(t *testing.T, address string) *shelf {
	t.Helper()
	db, err := database.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	r, err := registry.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return &shelf{r, t, db}
}

// sqlite is a registry for what does not hang on the database.
func sqlite(t *testing.T) *shelf {
	t.Helper()
	return open(t, databasetest.SQLite(t))
}

func (s *shelf) put(things ...registry.Thing) {
	s.t.Helper()
	for _, thing := range things {
		if _, err := s.Put(registry.As(s.t.Context(), "user:test"), thing, registry.Any); err != nil {
			s.t.Fatalf("%s: %v", thing.Key(), err)
		}
	}
}

// refused wants an error of a code.
func (s *shelf) refused(err error, code pos.ErrorCode) {
	s.t.Helper()
	var e *pos.Error
	if !errors.As(err, &e) || e.Code != code || e.Money != pos.NoneMoved || e.Next == "" {
		s.t.Errorf("%v, not %s", err, code)
	}
}

func (s *shelf) version() uint64 {
	s.t.Helper()
	n, err := s.Version(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s *shelf) verified(entries int64) {
	s.t.Helper()
	if v, err := s.VerifyAudit(s.t.Context(), ""); err != nil || !v.OK || v.Entries != entries {
		s.t.Errorf("audit: %+v %v, not %d entries", v, err, entries)
	}
}

func limit(id string, tills ...pos.TillID) *registry.Limit {
	return &registry.Limit{ID: id, Merchant: "acme", Tills: tills, Currency: "EUR", Default: policy.Allow,
		Limits: []policy.Limit{{Tenders: []pos.Tender{pos.Cash}, MaxTotal: 50_000}}}
}

func fee(id string) *registry.FeeRule {
	return &registry.FeeRule{ID: id, Merchant: "acme", Acquirer: "bank", Brand: "visa", BasisPoints100: 12_500, Fixed: 8, Currency: "EUR", From: "2026-01-01"}
}

func TestEveryKindIsKeptOnBothDatabases(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, address string) {
		s := open(t, address)
		things := []registry.Thing{
			&registry.Merchant{Merchant: "acme", Name: "Acme Foods", Currency: "EUR", Timezone: "Europe/Berlin"},
			&registry.Store{Merchant: "acme", Store: "north", Name: "North"},
			&registry.Till{Till: "till-1", Merchant: "acme", Store: "north", PublicKey: make([]byte, 32)},
			&registry.Terminal{Acquirer: "bank", TerminalID: "52500001", Merchant: "acme", Till: "till-1", Device: "counter"},
			&registry.Account{Merchant: "acme", Acquirer: "bank", MerchantID: "455600001234"},
			limit("acme-offline"), fee("bank-visa"),
			&registry.Settings{Merchant: "acme", Till: "till-1", Shop: &provision.Shop{Name: "North"}},
			&registry.Person{Name: "ann", Role: access.Admin},
		}
		for i, thing := range things {
			s.put(thing, thing) // the second time nothing changes
			if got := s.version(); got != uint64(i)+1 {
				t.Errorf("%s: version %d", thing.Kind(), got)
			}
			kept, found, err := s.Get(t.Context(), thing.Kind(), thing.Key())
			if err != nil || !found || kept.Revision != 1 || !kept.Enabled || kept.AddedAt == 0 {
				t.Fatalf("%s: %+v %v %v", thing.Kind(), kept, found, err)
			}
			want, _ := json.Marshal(thing)
			if got, _ := json.Marshal(kept.Thing); string(got) != string(want) {
				t.Errorf("%s\n%s", got, want)
			}
			text, err := json.Marshal(&kept)
			var shown map[string]any
			if err != nil || json.Unmarshal(text, &shown) != nil || shown["revision"] != 1.0 || shown["enabled"] != true {
				t.Errorf("%s: %v", text, err)
			}
		}
		s.verified(int64(len(things)))
		till, found, err := s.Till(t.Context(), "till-1")
		if err != nil || !found || !till.Enabled || till.Added == 0 || till.Store != "north" || len(till.PublicKey) != 32 {
			t.Errorf("%+v %v", till, err)
		}
		if rules, err := s.FeeRules(t.Context(), "acme"); err != nil || len(rules) != 1 || rules[0] != *fee("bank-visa") {
			t.Errorf("%+v %v", rules, err)
		}
	})
}

func TestUpdatesAreNotLost(t *testing.T) {
	s := sqlite(t)
	ctx := t.Context()
	s.put(&registry.Merchant{Merchant: "acme", Name: "one"})
	if _, err := s.Put(ctx, &registry.Merchant{Merchant: "acme"}, registry.New); err == nil {
		t.Error("added twice")
	} else {
		s.refused(err, "exists")
	}
	first, err := s.Put(ctx, &registry.Merchant{Merchant: "acme", Name: "two"}, 1)
	if err != nil || first.Revision != 2 {
		t.Fatalf("%+v %v", first, err)
	}
	_, err = s.Put(ctx, &registry.Merchant{Merchant: "acme", Name: "three"}, 1)
	s.refused(err, "revision_conflict")
	_, err = s.Enable(ctx, registry.KindMerchant, "acme", 1, false)
	s.refused(err, "revision_conflict")
	_, err = s.Enable(ctx, registry.KindMerchant, "none", registry.Any, false)
	s.refused(err, "not_found")
	_, err = s.Put(ctx, &registry.Merchant{Merchant: "none"}, 4)
	s.refused(err, "not_found")
	if kept, err := s.Enable(ctx, registry.KindMerchant, "acme", 2, false); err != nil || kept.Enabled || kept.Revision != 3 {
		t.Errorf("%+v %v", kept, err)
	}
	s.verified(3)
}

func TestManyAtOnceCountEachOther(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, address string) {
		a, b := open(t, address), open(t, address)
		a.put(&registry.Merchant{Merchant: "acme"})
		var group sync.WaitGroup
		for n, s := range []*shelf{a, b, a, b} {
			group.Go(func() {
				for i := range 10 {
					name := "store-" + string(rune('a'+n)) + string(rune('a'+i))
					if _, err := s.Put(context.WithoutCancel(t.Context()), &registry.Store{Merchant: "acme", Store: name}, registry.New); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		a.verified(41)
		if a.version() != 41 {
			t.Errorf("version %d", a.version())
		}
	})
}

func TestWhatMakesNoSenseIsRefused(t *testing.T) {
	s := sqlite(t)
	s.put(&registry.Merchant{Merchant: "acme"}, &registry.Merchant{Merchant: "other"}, &registry.Till{Till: "till-1", Merchant: "acme"},
		&registry.Till{Till: "till-9", Merchant: "other"}, limit("limit-1", "till-1"))
	wrong := fee("fee-1")
	wrong.From = "soon"
	for name, thing := range map[string]registry.Thing{
		"merchant's name": &registry.Merchant{Merchant: "A"}, "currency": &registry.Merchant{Merchant: "shop", Currency: "EURO"},
		"zone": &registry.Merchant{Merchant: "shop", Timezone: "Mars/Olympus"}, "local zone": &registry.Merchant{Merchant: "shop", Timezone: "Local"},
		"nobody's store": &registry.Store{Merchant: "none", Store: "north"}, "nobody's till": &registry.Till{Till: "till-2", Merchant: "none"},
		"till in no store": &registry.Till{Till: "till-2", Merchant: "acme", Store: "north"}, "the platform's own name": &registry.Till{Till: "platform", Merchant: "acme"},
		"key": &registry.Till{Till: "till-2", Merchant: "acme", PublicKey: []byte{1}}, "another merchant's till": &registry.Till{Till: "till-1", Merchant: "other"},
		"terminal at another's till":  &registry.Terminal{Acquirer: "bank", TerminalID: "1", Merchant: "acme", Till: "till-9"},
		"terminal with a slash":       &registry.Terminal{Acquirer: "bank", TerminalID: "1/2", Merchant: "acme"},
		"limit of another's till":     limit("limit-2", "till-9"),
		"two limits":                  limit("limit-2", "till-1"),
		"a fee's date":                wrong,
		"settings of another's till":  &registry.Settings{Merchant: "acme", Till: "till-9"},
		"a table of no codes":         &registry.Settings{Merchant: "acme", Codes: &provision.Codes{Version: 1}},
		"a language that nobody has":  &registry.Settings{Merchant: "acme", Shop: &provision.Shop{Languages: []string{"xx"}}},
		"role":                        &registry.Person{Name: "ann", Role: "king"},
		"name that breaks the screen": &registry.Merchant{Merchant: "shop", Name: "\xff"},
	} {
		if _, err := s.Put(t.Context(), thing, registry.Any); err == nil {
			t.Errorf("%s: kept", name)
		} else {
			s.refused(err, "request_invalid")
		}
	}
	s.verified(5)
}

func TestATillIsGivenItsKeyAndKeepsTheRest(t *testing.T) {
	s := sqlite(t)
	s.put(&registry.Merchant{Merchant: "acme"}, &registry.Store{Merchant: "acme", Store: "north"}, &registry.Till{Till: "till-1", Merchant: "acme", Store: "north"})
	key := []byte(strings.Repeat("k", 32))
	if err := s.AddTill(t.Context(), registry.Till{Till: "till-1", Merchant: "acme", PublicKey: key}); err != nil {
		t.Fatal(err)
	}
	if till, _, err := s.Till(t.Context(), "till-1"); err != nil || till.Store != "north" || string(till.PublicKey) != string(key) {
		t.Errorf("%+v %v", till, err)
	}
	s.refused(s.AddTill(t.Context(), registry.Till{Till: "till-1", Merchant: "other"}), "request_invalid")
}

func TestTillsHearOfLimitsByAHigherVersion(t *testing.T) {
	s := sqlite(t)
	ctx := t.Context()
	s.put(&registry.Merchant{Merchant: "acme"}, &registry.Till{Till: "till-1", Merchant: "acme"}, &registry.Till{Till: "till-2", Merchant: "acme"})
	s.put(limit("all-tills"))
	last := uint64(0)
	hears := func(what string, limits int) {
		t.Helper()
		policies, err := s.Policies(ctx)
		if err != nil || len(policies) != 2 || policies[0].Till != "till-1" || len(policies[0].Document.Limits) != limits || policies[0].Document.Version <= last {
			t.Fatalf("%s: %+v %v after version %d", what, policies, err, last)
		}
		last = policies[0].Document.Version
	}
	hears("for all", 1)
	s.put(limit("one-till", "till-1"))
	hears("of its own", 1)
	s.put(func() *registry.Limit { l := limit("one-till", "till-1"); l.Limits[0].MaxTotal = 1; return l }())
	hears("changed", 1)
	if _, err := s.Enable(ctx, registry.KindLimit, "all-tills", registry.Any, false); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Enable(ctx, registry.KindLimit, "one-till", registry.Any, false); err != nil {
		t.Fatal(err)
	}
	hears("lifted", 0)
	s.put(limit("all-again"))
	hears("another for all", 1)
	_, err := s.Enable(ctx, registry.KindLimit, "all-tills", registry.Any, true)
	s.refused(err, "request_invalid")
}

func TestATillsOwnSettingsComeBeforeItsMerchants(t *testing.T) {
	s := sqlite(t)
	ctx := t.Context()
	s.put(&registry.Merchant{Merchant: "acme"}, &registry.Till{Till: "till-1", Merchant: "acme"}, &registry.Till{Till: "till-2", Merchant: "acme"})
	if list, err := s.Configurations(ctx); err != nil || len(list) != 0 {
		t.Errorf("%v %v", list, err)
	}
	last := uint64(0)
	told := func(name string) {
		t.Helper()
		list, err := s.Configurations(ctx)
		if err != nil || len(list) == 0 || list[0].Till != "till-1" || list[0].Document.Version <= last {
			t.Fatalf("%+v %v", list, err)
		}
		got := ""
		if list[0].Document.Shop != nil {
			got = list[0].Document.Shop.Name
		}
		if last = list[0].Document.Version; got != name {
			t.Errorf("%q, not %q", got, name)
		}
	}
	s.put(&registry.Settings{Merchant: "acme", Shop: &provision.Shop{Name: "all"}})
	told("all")
	codes := &provision.Codes{Version: 2, Rules: []provision.CodeRule{{Scheme: "newpay", Name: "New Pay", Form: "digits", Prefixes: []string{"99"}, Least: 18, Most: 18}}}
	s.put(&registry.Settings{Merchant: "acme", Till: "till-1", Shop: &provision.Shop{Name: "own"}, Codes: codes})
	if list, err := s.Configurations(ctx); err != nil || !slices.ContainsFunc(list, func(c registry.Configuration) bool {
		return c.Till == "till-1" && reflect.DeepEqual(c.Document.Codes, codes)
	}) {
		t.Errorf("the table of codes is not sent: %+v, %v", list, err)
	}
	told("own")
	if _, err := s.Enable(ctx, registry.KindSettings, "till-1", registry.Any, false); err != nil {
		t.Fatal(err)
	}
	told("all")
	if _, err := s.Enable(ctx, registry.KindSettings, "acme/all", registry.Any, false); err != nil {
		t.Fatal(err)
	}
	told("")
}
