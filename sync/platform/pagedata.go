package platform

import (
	"net/http"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/answer"
)

func (s *Service) unreadable(w http.ResponseWriter, err error) {
	s.opts.Log.Error("the ledger cannot be read", "error", err)
	answer.JSON(w, http.StatusInternalServerError, map[string]any{"error": "the ledger cannot be read"})
}

// sums are what /v1/totals shows.
type sums struct {
	Totals   pos.Totals                               `json:"totals"`    // what counts as ours, by tender
	ByStatus map[pos.Status]map[pos.Currency]*pos.Sum `json:"by_status"` // every payment
	Exponent map[pos.Currency]int                     `json:"exponent"`  // decimals of the currencies
	AsOf     string                                   `json:"as_of"`
}

// tally adds the ledger up. It reads the whole ledger, so it does that again only after twenty times as long as it took.
type tally struct {
	ledger *Ledger

	mu   sync.Mutex
	last *sums
	next time.Time
}

// freshFor is how long totals are good at least.
const freshFor = 500 * time.Millisecond

func (s *Service) totals(w http.ResponseWriter, r *http.Request, t *tally) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if began := time.Now(); t.last == nil || began.After(t.next) {
		last, err := t.ledger.sums(r.Context())
		if err != nil {
			s.unreadable(w, err)
			return
		}
		t.last, t.next = last, time.Now().Add(max(freshFor, 20*time.Since(began)))
	}
	answer.JSON(w, http.StatusOK, t.last)
}
