package platform

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
)

// paymentLine is a payment as /v1/payments shows it. Times are those of the till's clock.
type paymentLine struct {
	ID        string     `json:"id"`
	Till      pos.TillID `json:"till"`
	Order     string     `json:"order"`
	Attempt   int        `json:"attempt"`
	Tender    pos.Tender `json:"tender"`
	Scheme    string     `json:"scheme,omitempty"`
	Status    pos.Status `json:"status"`
	Amount    int64      `json:"amount"` // what was taken, else what was asked for
	Currency  string     `json:"currency"`
	Refunded  int64      `json:"refunded_amount"`
	Unwanted  bool       `json:"unwanted"`
	Fork      bool       `json:"fork"` // begun by a branch of a journal that lost
	CreatedAt string     `json:"created_at"`
	UpdatedAt string     `json:"updated_at"`
}

// The sizes of a page of payments.
const (
	usualLines = 50
	mostLines  = 200
)

// payments lists payments, newest first: those before the id `before`, at most `limit`.
func (s *Service) payments(w http.ResponseWriter, r *http.Request) {
	limit, before := usualLines, r.FormValue("before")
	if text := r.FormValue("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > mostLines {
			reply(w, http.StatusBadRequest, map[string]any{"error": "limit is not between 1 and " + strconv.Itoa(mostLines)})
			return
		}
		limit = n
	}
	if _, err := pos.ParsePaymentID(before); before != "" && err != nil {
		reply(w, http.StatusBadRequest, map[string]any{"error": "before is not a payment's id"})
		return
	}
	items, err := s.ledger.newest(r.Context(), before, limit+1)
	if err != nil {
		s.unreadable(w, err)
		return
	}
	page := map[string]any{"items": items}
	if len(items) > limit {
		page["items"], page["next"] = items[:limit], items[limit-1].ID
	}
	reply(w, http.StatusOK, page)
}

func (s *Service) unreadable(w http.ResponseWriter, err error) {
	s.opts.Log.Error("the ledger cannot be read", "error", err)
	reply(w, http.StatusInternalServerError, map[string]any{"error": "the ledger cannot be read"})
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
	reply(w, http.StatusOK, t.last)
}

// stamp is a time as the API writes it.
func stamp(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }
