package office

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"

	"github.com/tillproof/tillproof/pos"
)

// statusOf is the one map from error codes to HTTP.
func statusOf(code pos.ErrorCode) int {
	switch code {
	case "unauthorized":
		return http.StatusUnauthorized
	case "not_permitted", "first_person", "cross_origin":
		return http.StatusForbidden
	case "not_found":
		return http.StatusNotFound
	case "exists", "last_admin":
		return http.StatusConflict
	case "revision_conflict":
		return http.StatusPreconditionFailed
	case "revision_missing":
		return http.StatusPreconditionRequired
	case "request_unreadable", "query_invalid":
		return http.StatusBadRequest
	case "request_invalid":
		return http.StatusUnprocessableEntity
	case "audit_failed":
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// writeProblem answers with an error as RFC 9457 writes it, with a code for machines, what it means for the money and what to do next.
func writeProblem(w http.ResponseWriter, e *pos.Error) { writeProblemAs(w, statusOf(e.Code), e) }

func writeProblemAs(w http.ResponseWriter, status int, e *pos.Error) {
	members := map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": e.Text, "code": e.Code, "money": e.Money,
		"next": e.Next, "error": e.Text}
	maps.Copy(members, e.Details)
	w.Header().Set("Content-Type", "application/problem+json")
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="tillproof"`)
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(members) // the caller has gone if this fails
}

// refuse answers with what went wrong. What nobody foresaw is the database's.
func (f *Office) refuse(w http.ResponseWriter, err error) {
	var e *pos.Error
	if errors.As(err, &e) {
		writeProblem(w, e)
		return
	}
	f.unreadable(w, err)
}

// refusal is an error after which nothing has changed.
func refusal(code pos.ErrorCode, text, next string) *pos.Error {
	return pos.NewError(code, pos.Permanent, pos.NoneMoved, text, next)
}

func invalid(text string) *pos.Error {
	return refusal("request_invalid", text, "Correct the request; /openapi.json describes it.")
}

func badQuery(text string) *pos.Error {
	return refusal("query_invalid", text, "Correct the address; /openapi.json describes it.")
}
