package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
)

type listInput struct {
	Order  string     `query:"order"`
	Status pos.Status `query:"status"`
	From   string     `query:"from" doc:"Begun at this time or later, RFC 3339"`
	Limit  int        `query:"limit" default:"50" minimum:"1" maximum:"500"`
	Cursor string     `query:"cursor" doc:"next_cursor of the page before"`
}

type listOutput struct {
	Body struct {
		Items      []Payment `json:"items"`
		NextCursor string    `json:"next_cursor,omitempty" doc:"Absent on the last page"`
	}
}

func (s *server) registerList(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "list-payments", Method: http.MethodGet, Path: "/v1/payments", Summary: "List payments, newest first"}, s.list)
}

// list asks for one payment more than fits the page, which tells whether there is a next one.
func (s *server) list(_ context.Context, in *listInput) (*listOutput, error) {
	q, err := in.query()
	if err != nil {
		return nil, invalid(err.Error())
	}
	found, err := s.Journal.Views().List(q)
	if err != nil {
		return nil, problemOf(err)
	}
	out := &listOutput{}
	out.Body.Items = []Payment{}
	for _, p := range found[:min(len(found), in.Limit)] {
		out.Body.Items = append(out.Body.Items, s.payment(p))
	}
	if len(found) > in.Limit {
		out.Body.NextCursor = found[in.Limit-1].Intent.Payment.String()
	}
	return out, nil
}

func (in *listInput) query() (q journal.Query, err error) {
	q = journal.Query{Status: in.Status, Limit: in.Limit + 1}
	if in.Status != "" && !in.Status.Known() {
		return q, fmt.Errorf("%q is no status of a payment", in.Status) // an empty list would say that there is no such payment
	}
	if in.Order != "" {
		if q.Order, err = pos.ParseOrderRef(in.Order); err != nil {
			return q, err
		}
	}
	if in.Cursor != "" {
		if q.Before, err = pos.ParsePaymentID(in.Cursor); err != nil {
			return q, err
		}
	}
	if in.From != "" {
		from, err := time.Parse(time.RFC3339, in.From)
		if err != nil {
			return q, errors.New("from is not a time such as 2026-01-31T17:00:00Z")
		}
		q.From = from.UnixMilli()
	}
	return q, nil
}
