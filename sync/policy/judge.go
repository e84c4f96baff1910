package policy

import (
	"slices"

	"github.com/tillproof/tillproof/pos"
)

// Rule names what a refusal rests on.
type Rule string

// The rules.
const (
	RuleRequired Rule = "require_online" // the sale or the policy wants the platform
	RuleAsk      Rule = "ask"            // the cashier has to agree
	RuleAmount   Rule = "amount"         // minor units of one sale
	RuleTotal    Rule = "total"          // minor units that the platform does not hold
	RuleCount    Rule = "count"          // sales that the platform does not hold
	RuleAge      Rule = "age"            // seconds since the oldest of them
	RuleAway     Rule = "away"           // seconds since the platform was heard
	RuleEnded    Rule = "ended"          // the policy's own end, seconds
	RuleCurrency Rule = "currency"       // the policy speaks of another currency
	RuleCard     Rule = "card"           // what one card has done
	RuleHotlist  Rule = "hotlist"        // the card is on the list, or the list is too old
	RuleUnset    Rule = "no_policy"      // no policy says that the sale may be promised without the issuer
)

// Refusal says which rule stops a sale. Used includes the sale itself for amounts and counts; Headroom is what the rule would still allow, never
// below 0. For rules without a number all three are 0.
type Refusal struct {
	Rule     Rule
	Limit    int64
	Used     int64
	Headroom int64
}

// Overridable says whether a supervisor may let the sale pass all the same: what is only a matter of amount, number and time.
func (r *Refusal) Overridable() bool {
	switch r.Rule {
	case RuleAmount, RuleTotal, RuleCount, RuleAge, RuleAway:
		return true
	}
	return false
}

// Sale is what is to be judged.
type Sale struct {
	Tender pos.Tender
	Amount pos.Money
	Choice Choice   // "" takes the policy's
	Card   CardHash // of a reader; card terminals tell of no card before they have decided
}

// Use is what was taken by one tender while the platform was away, as far as the platform does not hold it yet.
type Use struct {
	Total  pos.Minor
	Count  int64
	Oldest int64 // seconds since the oldest of them, by the clock that says more
}

// add counts another tender's use in. Far above any limit the sum stays where it is: more cannot change an answer and must not overflow.
func (u *Use) add(v Use) {
	u.Count, u.Oldest = u.Count+v.Count, max(u.Oldest, v.Oldest)
	u.Total = min(u.Total+v.Total, mostTotal)
}

// mostTotal bounds a sum, in minor units: a million of the largest payments.
const mostTotal = pos.MaxAmount * 1_000_000

// CardUse is one sale of a card that a reader has told.
type CardUse struct {
	Card   CardHash
	Amount pos.Minor
	Age    int64 // seconds
}

// State is what the judgement depends on beside the document.
type State struct {
	Now   int64 // milliseconds since 1970-01-01 UTC
	Away  int64 // seconds since the platform was heard; by the clock that says more
	Used  map[pos.Tender]Use
	Cards []CardUse
}

// of adds up what a limit looks at.
func (s *State) of(l *Limit) (sum Use) {
	for _, t := range l.Tenders {
		sum.add(s.Used[t])
	}
	return sum
}

// Judge says why a sale may not be made now, nil when it may. It is for sales while the platform is away, of any tender.
func (d *Document) Judge(s Sale, now State) *Refusal {
	if !d.Covers(s.Tender) {
		return nil
	}
	if refused := d.chosen(s); refused != nil {
		return refused
	}
	switch {
	case s.Amount.Currency != d.Currency:
		return &Refusal{Rule: RuleCurrency}
	case d.EndsAt > 0 && now.Now >= d.EndsAt:
		return &Refusal{Rule: RuleEnded, Limit: d.EndsAt / 1000, Used: now.Now / 1000}
	}
	for i := range d.Limits {
		if l := &d.Limits[i]; slices.Contains(l.Tenders, s.Tender) {
			if refused := l.judge(s, now); refused != nil {
				return refused
			}
		}
	}
	return d.hot(s.Card, now.Now)
}

func (d *Document) chosen(s Sale) *Refusal {
	choice := d.Default
	if s.Choice != "" && d.Default != RequireOnline { // a sale may be stricter than the policy and may answer its question, not more
		choice = s.Choice
	}
	switch choice {
	case RequireOnline:
		return &Refusal{Rule: RuleRequired}
	case Ask:
		return &Refusal{Rule: RuleAsk}
	}
	return nil
}

// judge looks at each bound in the order in which a cashier understands them.
func (l *Limit) judge(s Sale, now State) *Refusal {
	sum := now.of(l)
	for _, bound := range []struct {
		rule              Rule
		limit, used, adds int64
	}{
		{RuleAmount, int64(l.MaxAmount), 0, int64(s.Amount.Amount)},
		{RuleTotal, int64(l.MaxTotal), int64(sum.Total), int64(s.Amount.Amount)},
		{RuleCount, l.MaxCount, sum.Count, 1},
		{RuleAge, l.MaxAge, sum.Oldest, 0},
		{RuleAway, l.MaxAway, now.Away, 0},
	} {
		if bound.limit > 0 && bound.used > bound.limit-bound.adds {
			return &Refusal{Rule: bound.rule, Limit: bound.limit, Used: bound.used, Headroom: max(0, bound.limit-bound.used)}
		}
	}
	return l.perCard(s, now)
}

func (l *Limit) perCard(s Sale, now State) *Refusal {
	if l.PerCard == nil || s.Card == (CardHash{}) {
		return nil
	}
	var sum Use
	for _, t := range now.Cards {
		if t.Card == s.Card && t.Age <= l.PerCard.Window {
			sum.add(Use{Total: t.Amount, Count: 1})
		}
	}
	switch p := l.PerCard; {
	case p.Count > 0 && sum.Count >= p.Count:
		return &Refusal{Rule: RuleCard, Limit: p.Count, Used: sum.Count}
	case p.Amount > 0 && sum.Total > p.Amount-s.Amount.Amount:
		return &Refusal{Rule: RuleCard, Limit: int64(p.Amount), Used: int64(sum.Total), Headroom: int64(max(0, p.Amount-sum.Total))}
	}
	return nil
}

// JudgeCard says why a sale that [Document.Judge] has let begin may not go on with this card, which a reader has told since; nil when it may. A card that the
// reader does not tell apart from others is refused where the policy looks at cards.
func (d *Document) JudgeCard(s Sale, now State) *Refusal {
	if d.EndsAt > 0 && now.Now >= d.EndsAt {
		return &Refusal{Rule: RuleEnded, Limit: d.EndsAt / 1000, Used: now.Now / 1000}
	}
	looks := d.Hotlist != nil
	for i := range d.Limits {
		l := &d.Limits[i]
		if !slices.Contains(l.Tenders, s.Tender) {
			continue
		}
		looks = looks || l.PerCard != nil
		if refused := l.perCard(s, now); refused != nil {
			return refused
		}
	}
	if looks && s.Card == (CardHash{}) {
		return &Refusal{Rule: RuleCard}
	}
	return d.hot(s.Card, now.Now)
}

func (d *Document) hot(card CardHash, now int64) *Refusal {
	if d.Hotlist == nil || card == (CardHash{}) {
		return nil
	}
	if age := (now - d.Hotlist.IssuedAt) / 1000; age > d.Hotlist.MaxAge {
		return &Refusal{Rule: RuleHotlist, Limit: d.Hotlist.MaxAge, Used: age}
	}
	if slices.Contains(d.Hotlist.Cards, card) {
		return &Refusal{Rule: RuleHotlist}
	}
	return nil
}

// Headroom is what one bound still allows, for the screen.
type Headroom struct {
	Rule        Rule
	Limit, Used int64
}

// Headroom lists all bounds of the policy and what is used of them.
func (d *Document) Headroom(now State) []Headroom {
	list := []Headroom{}
	for i := range d.Limits {
		l := &d.Limits[i]
		sum := now.of(l)
		for _, h := range []Headroom{{RuleAmount, int64(l.MaxAmount), 0}, {RuleTotal, int64(l.MaxTotal), int64(sum.Total)},
			{RuleCount, l.MaxCount, sum.Count}, {RuleAge, l.MaxAge, sum.Oldest}, {RuleAway, l.MaxAway, now.Away}} {
			if h.Limit > 0 {
				list = append(list, h)
			}
		}
	}
	return list
}
