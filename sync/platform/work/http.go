package work

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/answer"
)

// Routes offers the items to the back office: everybody there may read them, an operator works on them.
func (w *Work) Routes(mux *http.ServeMux, door access.Door) {
	mux.Handle("GET /v1/items", door.Let(access.Viewer, w.serveList))
	mux.Handle("GET /v1/items/{id}", door.Let(access.Viewer, w.serveOne))
	mux.Handle("POST /v1/items/{id}/retry", door.Let(access.Operator, w.serveRetry))
	mux.Handle("POST /v1/items/{id}/resolve", door.Let(access.Operator, w.serveResolve))
}

// Line is an item as JSON.
type Line struct {
	ID           string         `json:"id"`
	Kind         Kind           `json:"kind"`
	Merchant     pos.MerchantID `json:"merchant,omitempty"`
	Till         pos.TillID     `json:"till,omitempty"`
	Payment      string         `json:"payment,omitempty"`
	Ref          string         `json:"ref,omitempty"`
	Order        pos.OrderRef   `json:"order,omitempty"`
	Amount       *pos.Minor     `json:"amount,omitempty"`
	Currency     pos.Currency   `json:"currency,omitempty"`
	Reason       string         `json:"reason,omitempty"`
	Text         string         `json:"text"`
	DeadlineAt   string         `json:"deadline_at,omitempty"`
	Tries        int            `json:"tries"`
	TriesAllowed int            `json:"tries_allowed"`
	State        State          `json:"state"`
	Outcome      Outcome        `json:"outcome,omitempty"`
	By           string         `json:"by,omitempty"`
	Note         string         `json:"note,omitempty"`
	CreatedAt    string         `json:"created_at"`
	UpdatedAt    string         `json:"updated_at"`
}

// Line is the item as JSON shows it.
func (i *Item) Line() Line {
	l := Line{ID: i.ID.String(), Kind: i.Kind, Merchant: i.Merchant, Till: i.Till, Payment: paymentText(i.Payment), Ref: i.Ref, Order: i.Order,
		Currency: i.Money.Currency, Reason: i.Reason, Text: i.Text, DeadlineAt: stamp(i.Deadline), Tries: i.Tries, TriesAllowed: i.TriesAllowed, State: i.State,
		Outcome: i.Outcome, By: i.By, Note: i.Note, CreatedAt: stamp(i.Created), UpdatedAt: stamp(i.Updated)}
	if i.Money.Currency != "" {
		l.Amount = &i.Money.Amount
	}
	return l
}

// stamp is a time as RFC 3339, "" for none.
func stamp(ms int64) string {
	if ms == 0 {
		return ""
	}
	return answer.Stamp(ms)
}

func (w *Work) serveList(out http.ResponseWriter, r *http.Request, _ access.Person) {
	q := r.URL.Query()
	f := Filter{Kind: Kind(q.Get("kind")), Merchant: pos.MerchantID(q.Get("merchant")), Till: pos.TillID(q.Get("till")), State: State(q.Get("state")),
		Waiting: q.Get("waiting") == "true"}
	var err error
	for _, read := range []func() error{
		func() error {
			return optional(q.Get("payment"), func(s string) (err error) { f.Payment, err = pos.ParsePaymentID(s); return err })
		},
		func() error {
			return optional(q.Get("cursor"), func(s string) (err error) { f.After, err = pos.ParseUUID(s); return err })
		},
		func() error {
			return optional(q.Get("limit"), func(s string) (err error) { f.Limit, err = strconv.Atoi(s); return err })
		},
	} {
		err = errors.Join(err, read())
	}
	if err != nil {
		problem(out, http.StatusBadRequest, "request_invalid", err.Error(), "Mend the question; nothing was changed.")
		return
	}
	items, next, err := w.List(r.Context(), f)
	if err != nil {
		failed(out, err)
		return
	}
	lines := make([]Line, 0, len(items))
	for n := range items {
		lines = append(lines, items[n].Line())
	}
	page := map[string]any{"items": lines}
	if next != (pos.UUID{}) {
		page["next_cursor"] = next.String()
	}
	answer.JSON(out, http.StatusOK, page)
}

func optional(text string, parse func(string) error) error {
	if text == "" {
		return nil
	}
	return parse(text)
}

func (w *Work) serveOne(out http.ResponseWriter, r *http.Request, _ access.Person) {
	w.answer(out, r, func(id pos.UUID) (Item, error) { return w.One(r.Context(), id) })
}

func (w *Work) serveRetry(out http.ResponseWriter, r *http.Request, who access.Person) {
	w.answer(out, r, func(id pos.UUID) (Item, error) { return w.Retry(r.Context(), id, who.Name) })
}

func (w *Work) serveResolve(out http.ResponseWriter, r *http.Request, who access.Person) {
	var body struct {
		Outcome Outcome `json:"outcome"`
		Reason  string  `json:"reason"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(out, r.Body, 16<<10)).Decode(&body); err != nil {
		problem(out, http.StatusBadRequest, "request_invalid", "The body is not {outcome, reason}.", "Send JSON.")
		return
	}
	w.answer(out, r, func(id pos.UUID) (Item, error) {
		return w.Resolve(r.Context(), id, body.Outcome, body.Reason, who.Name)
	})
}

// answer does something with the item that the path names, and shows it.
func (w *Work) answer(out http.ResponseWriter, r *http.Request, do func(pos.UUID) (Item, error)) {
	id, err := pos.ParseUUID(r.PathValue("id"))
	if err != nil {
		failed(out, ErrNoItem)
		return
	}
	item, err := do(id)
	if err != nil {
		failed(out, err)
		return
	}
	answer.JSON(out, http.StatusOK, item.Line())
}

// failed tells why nothing was changed.
func failed(out http.ResponseWriter, err error) {
	var told *pos.Error
	if !errors.As(Problem(err), &told) {
		problem(out, http.StatusServiceUnavailable, "database_unusable", "The list of work cannot be read or written.", "Try again; nothing was decided.")
		return
	}
	status := http.StatusConflict
	switch told.Code {
	case "work_unknown":
		status = http.StatusNotFound
	case "work_outcome_invalid":
		status = http.StatusUnprocessableEntity
	}
	problem(out, status, string(told.Code), told.Text, told.Next)
}

// problem writes an error (RFC 9457). Working on an item moves no money by itself.
func problem(out http.ResponseWriter, status int, code, text, next string) {
	out.Header().Set("Content-Type", "application/problem+json")
	out.WriteHeader(status)
	_ = json.NewEncoder(out).Encode(map[string]any{"title": text, "status": status, "code": code, "money": pos.NoneMoved, "next": next})
}
