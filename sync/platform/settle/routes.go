package settle

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/answer"
)

// Routes offers statements and settlements. What reads much or takes long is for operators, one at a time for each kind.
func (s *Source) Routes(mux *http.ServeMux, door access.Door) {
	busy := make(chan struct{}, 1)
	for pattern, answer := range map[string]access.Answer{
		"GET /v1/statements":                            s.serveList,
		"GET /v1/statements/{id}":                       s.serveOne,
		"GET /v1/statements/{id}/problems":              s.serveProblems,
		"GET /v1/merchants/{merchant}/statements/{day}": s.serveSettlement,
	} {
		mux.Handle(pattern, door.Let(access.Viewer, answer))
	}
	for pattern, answer := range map[string]access.Answer{
		"POST /v1/statements":                            oneAtATime(busy, s.serveImport),
		"GET /v1/statements/{id}/file":                   s.serveFile,
		"POST /v1/merchants/{merchant}/statements/{day}": s.serveClose,
		"GET /v1/reconciliation":                         oneAtATime(busy, s.serveReconciliation),
		"POST /v1/reconciliation":                        oneAtATime(busy, s.serveReconcile),
	} {
		mux.Handle(pattern, door.Let(access.Operator, answer))
	}
}

// oneAtATime refuses what comes while another one is under way: it would take the database from the tills.
func oneAtATime(busy chan struct{}, answer access.Answer) access.Answer {
	return func(w http.ResponseWriter, r *http.Request, who access.Person) {
		select {
		case busy <- struct{}{}:
			defer func() { <-busy }()
			_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // it may take minutes; where that cannot be set it is cut off, and repeated
			answer(w, r, who)
		default:
			refuse(w, pos.NewError("busy", pos.Transient, pos.NoneMoved, "An import or a reconciliation is under way.", "Try again when it has ended."))
		}
	}
}

func (s *Source) serveList(w http.ResponseWriter, r *http.Request, _ access.Person) {
	items, err := s.Statements.List(r.Context())
	if err != nil {
		refuse(w, err)
		return
	}
	answer.JSON(w, http.StatusOK, map[string]any{"items": append([]Statement{}, items...)})
}

func (s *Source) serveOne(w http.ResponseWriter, r *http.Request, _ access.Person) {
	if one := s.one(w, r); one != nil {
		answer.JSON(w, http.StatusOK, one)
	}
}

// one is the statement that a path names; nil when it was refused.
func (s *Source) one(w http.ResponseWriter, r *http.Request) *Statement {
	one, found, err := s.Statements.One(r.Context(), r.PathValue("id"))
	switch {
	case err != nil:
		refuse(w, err)
	case !found:
		refuse(w, pos.NewError("not_found", pos.Permanent, pos.NoneMoved, "There is no such statement.", "GET /v1/statements lists them."))
	default:
		return &one
	}
	return nil
}

func (s *Source) serveProblems(w http.ResponseWriter, r *http.Request, _ access.Person) {
	one := s.one(w, r)
	if one == nil {
		return
	}
	w.Header().Set("Content-Type", "application/jsonl")
	out := json.NewEncoder(w)
	for p, err := range s.Statements.Problems(r.Context(), one.ID) {
		if err != nil || out.Encode(p) != nil {
			panic(http.ErrAbortHandler) // the list is not whole: the caller must see that
		}
	}
}

func (s *Source) serveFile(w http.ResponseWriter, r *http.Request, _ access.Person) {
	one := s.one(w, r)
	if one == nil {
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", "attachment")
	w.Header().Set("Content-Length", strconv.FormatInt(one.Bytes, 10))
	if err := s.Statements.File(r.Context(), one.ID, w); err != nil {
		panic(http.ErrAbortHandler) // the file is not whole: the caller must see that
	}
}

func (s *Source) serveSettlement(w http.ResponseWriter, r *http.Request, _ access.Person) {
	version := 0
	if text := r.FormValue("version"); text != "" {
		var err error
		if version, err = strconv.Atoi(text); err != nil || version < 1 {
			refuse(w, pos.NewError("request_invalid", pos.Permanent, pos.NoneMoved, "version is not a number from 1.", "Ask without a version for the last one."))
			return
		}
	}
	one, err := s.Read(r.Context(), pos.MerchantID(r.PathValue("merchant")), r.PathValue("day"), version)
	if err != nil {
		refuse(w, err)
		return
	}
	format, kind := r.FormValue("format"), "application/json"
	switch format {
	case "", "json":
		format = "json"
	case "csv":
		kind = "text/csv; charset=utf-8"
	case "text":
		kind = "text/plain; charset=utf-8"
	default:
		refuse(w, pos.NewError("request_invalid", pos.Permanent, pos.NoneMoved, "There is no such format.", "Ask for json, csv or text."))
		return
	}
	w.Header().Set("Content-Type", kind)
	_ = one.Write(w, format) // the caller has gone if this fails
}

func (s *Source) serveClose(w http.ResponseWriter, r *http.Request, who access.Person) {
	one, err := s.Close(r.Context(), pos.MerchantID(r.PathValue("merchant")), r.PathValue("day"), who.Name)
	if err != nil {
		refuse(w, err)
		return
	}
	answer.JSON(w, http.StatusOK, one)
}

// serveReconciliation compares ledger, records and statements. The tills' journals are not here.
func (s *Source) serveReconciliation(w http.ResponseWriter, r *http.Request, _ access.Person) {
	_, report, err := s.compare(r.Context(), r.FormValue("day"))
	if err != nil {
		refuse(w, err)
		return
	}
	answer.JSON(w, http.StatusOK, report)
}

func errDay(err error) error {
	return pos.NewError("day_invalid", pos.Permanent, pos.NoneMoved, "The day is not a date such as 2026-03-01.", "Send a day as YYYY-MM-DD.").Because(err)
}

// refuse answers with a problem (RFC 9457). What nobody foresaw is the database's.
func refuse(w http.ResponseWriter, err error) {
	var e *pos.Error
	if !errors.As(err, &e) {
		e = errDatabase.Because(err)
	}
	status := http.StatusServiceUnavailable
	switch e.Code {
	case "not_found":
		status = http.StatusNotFound
	case "statement_mapped":
		status = http.StatusConflict
	case "statement_too_large":
		status = http.StatusRequestEntityTooLarge
	case "mapping_invalid", "day_invalid", "request_invalid", "statement_unreadable", "statement_card_data":
		status = http.StatusUnprocessableEntity
	case "statement_changed":
		status = http.StatusInternalServerError
	}
	members := map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": e.Text, "code": e.Code, "money": e.Money, "next": e.Next}
	if e.Err != nil && status < http.StatusInternalServerError {
		members["cause"] = e.Err.Error()
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(members) // the caller has gone if this fails
}
