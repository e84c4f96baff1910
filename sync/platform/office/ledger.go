package office

import (
	"encoding/hex"
	"net/http"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/answer"
	"github.com/tillproof/tillproof/sync/platform/database"
)

// searchNames are the parameters of a search for payments.
func searchNames() []string {
	return []string{"merchant", "till", "order", "status", "tender", "day", "timezone"}
}

func (f *Office) ledgerRoutes() {
	viewers := func(path, summary string, serve http.HandlerFunc, more ...func(*route)) {
		f.add(http.MethodGet, path, access.Viewer, summary, func(w http.ResponseWriter, r *http.Request, _ access.Person) { serve(w, r) }, more...)
	}
	viewers("/v1/payments", "Search payments, newest first", f.payments, withQuery(append(searchNames(), "limit", "before", "cursor")...), answers([]line{}))
	viewers("/v1/payments/{id}", "A payment and every record that speaks of it", f.payment, answers(history{}))
	viewers("/v1/returns", "What tills have given back of payments that other tills have taken, newest first", f.returns,
		withQuery("till", "cursor", "limit"), answers([]returned{}))
	viewers("/v1/marks", "How far the ledger holds each epoch of each till", f.marks, withQuery("till"), answers([]mark{}))
	viewers("/v1/tills/{id}/marks", "How far the ledger holds each epoch of a till", f.marks, answers([]mark{}))
	viewers("/v1/tills/{id}/configuration", "Which configuration and policy a till is sent, and which configuration it has put in force", f.configuration,
		answers(configured{}))
	viewers("/v1/held", "Records that were set aside, newest first", f.held, withQuery("till", "limit"), answers([]told{}))
	viewers("/v1/forks", "Records of branches that lost, newest first", f.forks, withQuery("till", "limit"), answers([]told{}))
}

// mark is how far the ledger holds an epoch of a till.
type mark struct {
	Till      string `json:"till"`
	Epoch     string `json:"epoch"`
	Seq       int64  `json:"seq"`
	Head      string `json:"head"`
	UpdatedAt string `json:"updated_at"`
}

func scanMark(s database.Scanner) (m mark, err error) {
	var epoch, head []byte
	var updated int64
	err = s.Scan(&m.Till, &epoch, &m.Seq, &head, &updated)
	var e pos.Epoch
	copy(e[:], epoch)
	m.Epoch, m.Head, m.UpdatedAt = e.String(), hex.EncodeToString(head), answer.Stamp(updated)
	return m, err
}

// marks lists marks, those of one till where one is named.
func (f *Office) marks(w http.ResponseWriter, r *http.Request) {
	till := r.PathValue("id")
	if till == "" {
		till = r.FormValue("till")
	}
	text, args := "SELECT till, epoch, seq, head, updated_at FROM marks", []any{}
	if till != "" {
		text, args = text+" WHERE till = ?", append(args, till)
	}
	items, err := database.All(r.Context(), f.DB, scanMark, text+" ORDER BY till, epoch", args...)
	listed(f, w, items, err)
}

// listed answers with a list that has no further pages.
func listed[T any](f *Office, w http.ResponseWriter, items []T, err error) {
	if err != nil {
		f.unreadable(w, err)
		return
	}
	if items == nil {
		items = []T{}
	}
	answer.JSON(w, http.StatusOK, map[string]any{"items": items})
}

func (f *Office) held(w http.ResponseWriter, r *http.Request) {
	f.aside(w, r, recordColumns, "r.held IS NOT NULL", "m.till", "r.received_at DESC, r.id DESC")
}

func (f *Office) forks(w http.ResponseWriter, r *http.Request) {
	f.aside(w, r, forkColumns, "1 = 1", "till", "received_at DESC, seq DESC")
}

// aside lists records that did not go the usual way.
func (f *Office) aside(w http.ResponseWriter, r *http.Request, from, where, till, order string) {
	limit, err := limitOf(r)
	if err != nil {
		f.refuse(w, err)
		return
	}
	text, args := from+"WHERE "+where, []any{}
	if name := r.FormValue("till"); name != "" {
		text, args = text+" AND "+till+" = ?", append(args, name)
	}
	rows, err := database.All(r.Context(), f.DB, scanStored, text+" ORDER BY "+order+" LIMIT ?", append(args, limit)...)
	items := []told{}
	for i := range rows {
		items = append(items, f.tell(&rows[i]))
	}
	listed(f, w, items, err)
}

// returned is what a till has given back of a payment that another till has taken.
type returned struct {
	Payment  string     `json:"payment"`
	Till     pos.TillID `json:"till" doc:"That has given it back"`
	Of       pos.TillID `json:"of_till" doc:"That has taken the payment"`
	Order    string     `json:"order"`
	Attempt  int        `json:"attempt"`
	Tender   pos.Tender `json:"tender" doc:"By which it was taken"`
	Amount   int64      `json:"amount" doc:"Given back so far, 0 while it is under way; minor units"`
	Acquirer int64      `json:"at_acquirer" doc:"Of amount: through the acquirer that had taken it"`
	Currency string     `json:"currency"`
}

func scanReturned(s database.Scanner) (v returned, err error) {
	return v, s.Scan(&v.Payment, &v.Till, &v.Of, &v.Order, &v.Attempt, &v.Tender, &v.Amount, &v.Acquirer, &v.Currency)
}

func (f *Office) returns(w http.ResponseWriter, r *http.Request) {
	limit, err := limitOf(r)
	if err != nil {
		f.refuse(w, err)
		return
	}
	s := search{till: r.FormValue("till"), before: r.FormValue("cursor")}
	where, args := s.where()
	const text = "SELECT payment, till, of_till, order_ref, attempt, tender, amount, at_acquirer, currency FROM returns_v1"
	items, err := database.All(r.Context(), f.DB, scanReturned, text+where+" ORDER BY payment DESC, till LIMIT ?", append(args, limit)...)
	listed(f, w, items, err)
}
