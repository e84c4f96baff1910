package policy_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/policy"
)

func document() policy.Document {
	return policy.Document{Till: "till-1", Version: 1, Currency: "EUR", Default: policy.Allow, Limits: []policy.Limit{{
		Tenders: []pos.Tender{pos.Card, pos.QR}, MaxAmount: 100, MaxTotal: 1000, MaxCount: 10, MaxAge: 3600, MaxAway: 7200,
		PerCard: &policy.PerCard{Count: 2, Amount: 150, Window: 600}}}}
}

func sale(amount pos.Minor) policy.Sale {
	return policy.Sale{Tender: pos.Card, Amount: pos.Money{Amount: amount, Currency: "EUR"}}
}

// Each bound is met, and passed by one.
func TestEveryBoundHoldsExactly(t *testing.T) {
	used := func(u policy.Use) policy.State { return policy.State{Used: map[pos.Tender]policy.Use{pos.QR: u}} }
	for name, c := range map[string]struct {
		sale  policy.Sale
		state policy.State
		want  policy.Refusal // of the sale that is one too much
		over  func(*policy.Sale, *policy.State)
	}{
		"amount": {sale(100), policy.State{}, policy.Refusal{Rule: policy.RuleAmount, Limit: 100, Headroom: 100},
			func(s *policy.Sale, _ *policy.State) { s.Amount.Amount++ }},
		"total": {sale(40), used(policy.Use{Total: 960}), policy.Refusal{Rule: policy.RuleTotal, Limit: 1000, Used: 961, Headroom: 39},
			func(_ *policy.Sale, s *policy.State) { s.Used[pos.QR] = policy.Use{Total: 961} }},
		"count": {sale(1), used(policy.Use{Count: 9}), policy.Refusal{Rule: policy.RuleCount, Limit: 10, Used: 10},
			func(_ *policy.Sale, s *policy.State) { s.Used[pos.QR] = policy.Use{Count: 10} }},
		"count over two tenders": {sale(1), policy.State{Used: map[pos.Tender]policy.Use{pos.QR: {Count: 5}, pos.Card: {Count: 4}}},
			policy.Refusal{Rule: policy.RuleCount, Limit: 10, Used: 10},
			func(_ *policy.Sale, s *policy.State) { s.Used[pos.Card] = policy.Use{Count: 5} }},
		"age": {sale(1), used(policy.Use{Oldest: 3600}), policy.Refusal{Rule: policy.RuleAge, Limit: 3600, Used: 3601},
			func(_ *policy.Sale, s *policy.State) { s.Used[pos.QR] = policy.Use{Oldest: 3601} }},
		"away": {sale(1), policy.State{Away: 7200}, policy.Refusal{Rule: policy.RuleAway, Limit: 7200, Used: 7201},
			func(_ *policy.Sale, s *policy.State) { s.Away++ }},
		"card, count": {carded(1), policy.State{Cards: []policy.CardUse{{Card: card, Amount: 1, Age: 600}, {Card: card, Amount: 1, Age: 601}}},
			policy.Refusal{Rule: policy.RuleCard, Limit: 2, Used: 2}, func(_ *policy.Sale, s *policy.State) { s.Cards[1].Age = 0 }},
		"card, amount": {carded(50), policy.State{Cards: []policy.CardUse{{Card: card, Amount: 100}}},
			policy.Refusal{Rule: policy.RuleCard, Limit: 150, Used: 100, Headroom: 50}, func(s *policy.Sale, _ *policy.State) { s.Amount.Amount++ }},
	} {
		d := document()
		if refused := d.Judge(c.sale, c.state); refused != nil {
			t.Errorf("%s: refused at the limit: %+v", name, refused)
		}
		c.over(&c.sale, &c.state)
		if refused := d.Judge(c.sale, c.state); refused == nil || *refused != c.want {
			t.Errorf("%s: %+v, want %+v", name, refused, c.want)
		}
	}
}

var card = policy.CardHash{7}

func carded(amount pos.Minor) policy.Sale {
	s := sale(amount)
	s.Card = card
	return s
}

func TestWhatIsNotCoveredIsNotJudged(t *testing.T) {
	d := document()
	cash := policy.Sale{Tender: pos.Cash, Amount: pos.Money{Amount: math.MaxInt64, Currency: "EUR"}, Choice: policy.RequireOnline}
	if refused := d.Judge(cash, policy.State{Away: math.MaxInt64}); refused != nil {
		t.Errorf("%+v", refused)
	}
	other := sale(1)
	other.Amount.Currency = "USD"
	if refused := d.Judge(other, policy.State{}); refused == nil || refused.Rule != policy.RuleCurrency {
		t.Errorf("another currency: %+v", refused)
	}
	d.EndsAt = 5000
	if refused := d.Judge(sale(1), policy.State{Now: 5000}); refused == nil || refused.Rule != policy.RuleEnded || d.Judge(sale(1), policy.State{Now: 4999}) != nil {
		t.Errorf("at its end: %+v", refused)
	}
}

func TestASaleIsAtMostAsFreeAsThePolicy(t *testing.T) {
	for _, c := range []struct {
		policy, sale policy.Choice
		want         policy.Rule
	}{
		{policy.Allow, "", ""}, {policy.Allow, policy.Ask, policy.RuleAsk}, {policy.Allow, policy.RequireOnline, policy.RuleRequired},
		{policy.Ask, "", policy.RuleAsk}, {policy.Ask, policy.Allow, ""}, {policy.Ask, policy.RequireOnline, policy.RuleRequired},
		{policy.RequireOnline, "", policy.RuleRequired}, {policy.RequireOnline, policy.Allow, policy.RuleRequired},
	} {
		d, s := document(), sale(1)
		d.Default, s.Choice = c.policy, c.sale
		var got policy.Rule
		if refused := d.Judge(s, policy.State{}); refused != nil {
			got = refused.Rule
		}
		if got != c.want {
			t.Errorf("policy %s, sale %q: %q, want %q", c.policy, c.sale, got, c.want)
		}
	}
}

func TestAHotlistHoldsWhileItIsFresh(t *testing.T) {
	d := document()
	d.Hotlist = &policy.Hotlist{Version: 1, IssuedAt: 1000, MaxAge: 10, Cards: []policy.CardHash{card}}
	if refused := d.Judge(carded(1), policy.State{Now: 1000}); refused == nil || refused.Rule != policy.RuleHotlist || refused.Overridable() {
		t.Errorf("a listed card: %+v", refused)
	}
	other := carded(1)
	other.Card = policy.CardHash{8}
	if refused := d.Judge(other, policy.State{Now: 11_000}); refused != nil {
		t.Errorf("another card: %+v", refused)
	}
	if refused := d.Judge(other, policy.State{Now: 12_000}); refused == nil || refused.Limit != 10 || refused.Used != 11 {
		t.Errorf("a list too old: %+v", refused)
	}
	if refused := d.Judge(sale(1), policy.State{Now: 12_000}); refused != nil {
		t.Errorf("a terminal that tells no card: %+v", refused)
	}
}

// Whatever is sold while the policy agrees stays within each of its bounds, and the headroom told is what still passes.
func TestNothingEverExceedsALimit(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		bound := rapid.Int64Range(0, 50)
		l := policy.Limit{Tenders: []pos.Tender{pos.Card}, MaxAmount: pos.Minor(bound.Draw(r, "amount")), MaxTotal: pos.Minor(bound.Draw(r, "total")),
			MaxCount: bound.Draw(r, "count")}
		d := policy.Document{Version: 1, Currency: "EUR", Default: policy.Allow, Limits: []policy.Limit{l}}
		var use policy.Use
		for range 60 {
			s, state := sale(pos.Minor(rapid.Int64Range(1, 60).Draw(r, "sale"))), policy.State{Used: map[pos.Tender]policy.Use{pos.Card: use}}
			refused := d.Judge(s, state)
			if refused != nil {
				if refused.Headroom < 0 || !refused.Overridable() {
					r.Fatalf("%+v", refused)
				}
				continue
			}
			use.Total, use.Count = use.Total+s.Amount.Amount, use.Count+1
			if l.MaxAmount > 0 && s.Amount.Amount > l.MaxAmount || l.MaxTotal > 0 && use.Total > l.MaxTotal || l.MaxCount > 0 && use.Count > l.MaxCount {
				r.Fatalf("%+v used of %+v", use, l)
			}
		}
		for _, h := range d.Headroom(policy.State{Used: map[pos.Tender]policy.Use{pos.Card: use}}) {
			if h.Limit <= 0 || h.Used > h.Limit {
				r.Fatalf("%+v", h)
			}
		}
	})
}

func TestDocumentsThatMakeNoSenseAreRefused(t *testing.T) {
	if d := document(); d.Check() != nil {
		t.Error(d.Check())
	}
	for name, spoil := range map[string]func(*policy.Document){
		"version":     func(d *policy.Document) { d.Version = 0 },
		"currency":    func(d *policy.Document) { d.Currency = "XYZ" },
		"default":     func(d *policy.Document) { d.Default = "maybe" },
		"no tender":   func(d *policy.Document) { d.Limits[0].Tenders = nil },
		"code":        func(d *policy.Document) { d.Limits[0].Tenders = []pos.Tender{pos.Code} },
		"below 0":     func(d *policy.Document) { d.Limits[0].MaxTotal = -1 },
		"no window":   func(d *policy.Document) { d.Limits[0].PerCard.Window = 0 },
		"stale list":  func(d *policy.Document) { d.Hotlist = &policy.Hotlist{Version: 1} },
		"many limits": func(d *policy.Document) { d.Limits = make([]policy.Limit, 33) },
	} {
		d := document()
		if spoil(&d); d.Check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
