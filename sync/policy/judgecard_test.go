package policy_test

import (
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/policy"
)

func TestACardIsJudgedWhenAReaderHasToldIt(t *testing.T) {
	known, listed := policy.CardHash{1}, policy.CardHash{2}
	uses := []policy.CardUse{{Card: known, Amount: 400, Age: 100}, {Card: known, Amount: 300, Age: 3601}, {Card: listed, Amount: 1, Age: 1}}
	perCard := &policy.PerCard{Count: 2, Amount: 1000, Window: 3600}
	for name, c := range map[string]struct {
		document policy.Document
		card     policy.CardHash
		amount   pos.Minor
		want     policy.Rule
	}{
		"within":                   {policy.Document{Limits: []policy.Limit{{Tenders: []pos.Tender{pos.Card}, PerCard: perCard}}}, known, 600, ""},
		"too much":                 {policy.Document{Limits: []policy.Limit{{Tenders: []pos.Tender{pos.Card}, PerCard: perCard}}}, known, 601, policy.RuleCard},
		"too often":                {policy.Document{Limits: []policy.Limit{{Tenders: []pos.Tender{pos.Card}, PerCard: &policy.PerCard{Count: 1, Window: 3600}}}}, known, 1, policy.RuleCard},
		"another tender's":         {policy.Document{Limits: []policy.Limit{{Tenders: []pos.Tender{pos.QR}, PerCard: &policy.PerCard{Count: 1, Window: 3600}}}}, known, 1, ""},
		"listed":                   {policy.Document{Hotlist: &policy.Hotlist{IssuedAt: 1000, MaxAge: 60, Cards: []policy.CardHash{listed}}}, listed, 1, policy.RuleHotlist},
		"not listed":               {policy.Document{Hotlist: &policy.Hotlist{IssuedAt: 1000, MaxAge: 60, Cards: []policy.CardHash{listed}}}, known, 1, ""},
		"the list is too old":      {policy.Document{Hotlist: &policy.Hotlist{IssuedAt: 1000, MaxAge: 6}}, known, 1, policy.RuleHotlist},
		"nobody knows which card":  {policy.Document{Limits: []policy.Limit{{Tenders: []pos.Tender{pos.Card}, PerCard: perCard}}}, policy.CardHash{}, 1, policy.RuleCard},
		"any card, listed or not":  {policy.Document{Hotlist: &policy.Hotlist{IssuedAt: 1000, MaxAge: 60}}, policy.CardHash{}, 1, policy.RuleCard},
		"no rule looks at cards":   {policy.Document{Limits: []policy.Limit{{Tenders: []pos.Tender{pos.Card}, MaxAmount: 1}}}, policy.CardHash{}, 5, ""},
		"the policy ends meantime": {policy.Document{EndsAt: 9000}, known, 1, policy.RuleEnded},
	} {
		refused := c.document.JudgeCard(policy.Sale{Tender: pos.Card, Amount: pos.Money{Amount: c.amount, Currency: "EUR"}, Card: c.card}, policy.State{Now: 9000, Cards: uses})
		if refused == nil && c.want != "" || refused != nil && refused.Rule != c.want {
			t.Errorf("%s: %+v, want %q", name, refused, c.want)
		}
	}
}
