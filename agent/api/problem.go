package api

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillproof/tillproof/pos"
)

// Problem is an error as RFC 9457 writes it, with a code for machines, what it means for the money and what to do next.
type Problem struct {
	Type    string         `json:"type"`
	Title   string         `json:"title"`
	Status  int            `json:"status"`
	Detail  string         `json:"detail"`
	Code    pos.ErrorCode  `json:"code"`
	Money   pos.MoneyState `json:"money" enum:"none_moved,moved,unknown"`
	Next    string         `json:"next"`
	Details map[string]any `json:"-"`
	_       struct{}       `json:"-" additionalProperties:"true"` // the details
}

// Error implements error.
func (p *Problem) Error() string { return string(p.Code) + ": " + p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// MarshalJSON puts the details beside the standard members (RFC 9457 §3.2).
func (p *Problem) MarshalJSON() ([]byte, error) {
	members := map[string]any{"type": p.Type, "title": p.Title, "status": p.Status, "detail": p.Detail, "code": p.Code, "money": p.Money, "next": p.Next}
	maps.Copy(members, p.Details)
	return json.Marshal(members)
}

// problemOf translates an error of the engine. What nobody foresaw leaves the money unknown.
func problemOf(err error) *Problem {
	var e *pos.Error
	if !errors.As(err, &e) {
		e = pos.NewError("internal", pos.OutcomeUnknown, pos.MoneyUnknown, "Something unforeseen happened.", "Ask for the payment before you try again.")
	}
	return newProblem(statusOf(e.Code), e)
}

func newProblem(status int, e *pos.Error) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: e.Text, Code: e.Code, Money: e.Money, Next: e.Next, Details: e.Details}
}

// invalid is the problem of a request that makes no sense. Nothing was started.
func invalid(text string) *Problem {
	return problemOf(pos.NewError("request_invalid", pos.Permanent, pos.NoneMoved, text, "Correct the request."))
}

func writeProblem(w http.ResponseWriter, err error) {
	p := problemOf(err)
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the caller has gone if this fails
}

// frameworkError gives the framework's own errors (a body that is no JSON, a missing member) the same form. Nothing was started then.
func frameworkError(status int, message string, causes ...error) huma.StatusError {
	code, next := pos.ErrorCode("request_invalid"), "Correct the request; /openapi.json describes it."
	for _, cause := range causes {
		var detail *huma.ErrorDetail
		if !errors.As(cause, &detail) {
			continue
		}
		where, what := inWords(detail)
		message += "; " + strings.TrimSpace(where+" "+what) // not its value: a body may hold anything
		switch where {
		case "body.amount", "body.order_amount", "body.tendered":
			code, next = "amount_invalid", "Send the amount as an integer of minor units."
		}
	}
	switch {
	case status == http.StatusNotFound:
		code = "not_found"
	case tooLarge(causes):
		status, message = http.StatusRequestEntityTooLarge, "the request is larger than the till reads"
	}
	return newProblem(status, pos.NewError(code, pos.Permanent, pos.NoneMoved, message, next))
}

// inWords is where a fault is and what it is. A number that no integer can hold is told by the decoder, in words of this program's own types.
func inWords(detail *huma.ErrorDetail) (where, what string) {
	_, field, found := strings.Cut(detail.Message, " into Go struct field ")
	if !found {
		return detail.Location, detail.Message
	}
	field, _, _ = strings.Cut(field, " of type ")
	_, field, _ = strings.Cut(field, ".")
	return "body." + field, "is of another type, or beyond the range of its type"
}

// tooLarge says whether the body went beyond its bound while it was read.
func tooLarge(causes []error) bool {
	var limit *http.MaxBytesError
	return errors.As(errors.Join(causes...), &limit)
}
