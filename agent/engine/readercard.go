package engine

import (
	"crypto/hmac"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/policy"
)

// cardHash tells cards apart without knowing them: HMAC-SHA256 under a secret of the till, cut to 16 bytes, over the reader's own hash of track 2 ("h1|" and
// the hash) or, where it sends none, over what it shows ("v1|BIN|last four|YYMM"). It is zero when the reader shows too little.
func cardHash(key [32]byte, s *drivers.Swipe) (card policy.CardHash) {
	mac := hmac.New(sha256.New, key[:])
	switch {
	case slices.ContainsFunc(s.Hash, func(b byte) bool { return b != 0 }):
		mac.Write([]byte("h1|"))
		mac.Write(s.Hash)
	case s.BIN != "" && s.Last4 != "" && s.Expiry != "":
		mac.Write([]byte("v1|" + s.BIN + "|" + s.Last4 + "|" + s.Expiry))
	default:
		return card
	}
	return policy.CardHash(mac.Sum(nil)[:len(card)])
}

// judgeCard asks the policy about the card of a sale that it has let begin. The caller holds judging.
func (e *Engine) judgeCard(p *view.Payment, card policy.CardHash) (*policy.Refusal, error) {
	d := e.inForce()
	if d == nil || !d.Covers(pos.Card) {
		return &policy.Refusal{Rule: policy.RuleUnset}, nil
	}
	uses, err := e.cardUses(longestWindow(d))
	if err != nil {
		return nil, err
	}
	return e.withHotlist(d).JudgeCard(policy.Sale{Tender: pos.Card, Amount: p.Asked(), Card: card},
		policy.State{Now: time.Now().UnixMilli(), Cards: uses}), nil
}

// longestWindow is how far back the policy looks at a card, in seconds.
func longestWindow(d *policy.Document) (seconds int64) {
	for i := range d.Limits {
		if l := d.Limits[i].PerCard; l != nil {
			seconds = max(seconds, l.Window)
		}
	}
	return seconds
}

// usesPage is how many payments are read at a time.
const usesPage = 200

// cardUses lists what cards were used for offline within a time, from the journal: a restart forgets none. What was refused later counts too.
func (e *Engine) cardUses(window int64) (uses []policy.CardUse, err error) {
	now := time.Now().UnixMilli()
	q := journal.Query{From: now - window*1000, Limit: usesPage}
	for window > 0 {
		page, err := e.journal.Views().List(q)
		if err != nil {
			return nil, err
		}
		for _, p := range page {
			if d := p.Decision; d != nil && len(d.Card) == len(policy.CardHash{}) && p.Status != pos.Voided {
				uses = append(uses, policy.CardUse{Card: policy.CardHash(d.Card), Amount: d.Amount, Age: (now - p.Created) / 1000})
			}
		}
		if len(page) < usesPage {
			break
		}
		q.Before = page[len(page)-1].Intent.Payment
	}
	return uses, nil
}
