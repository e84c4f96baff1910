package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/view"
)

// maxWait is the longest that a request is held for an outcome.
const maxWait = 60 * time.Second

type payInput struct {
	Wait string `query:"wait" doc:"Hold the answer until the status is not pending, at most 60s." example:"30s"`
	Body struct {
		Order         string     `json:"order" doc:"The merchant's reference, 1-64 of [A-Za-z0-9._:/-]"`
		Attempt       int        `json:"attempt,omitempty" default:"1" minimum:"1" maximum:"9999"`
		Amount        pos.Minor  `json:"amount" doc:"Minor units"`
		Currency      string     `json:"currency" doc:"ISO 4217"`
		Tender        pos.Tender `json:"tender" enum:"card,code,qr,cash,none"`
		OrderAmount   *pos.Minor `json:"order_amount,omitempty"`
		Tendered      *pos.Minor `json:"tendered,omitempty" doc:"Cash handed over"`
		Device        string     `json:"device,omitempty"`
		RequireOnline bool       `json:"require_online,omitempty"`
	}
}

type idInput struct {
	ID   string `path:"id"`
	Wait string `query:"wait" doc:"Hold the answer until the status is not pending, at most 60s."`
}

type paymentOutput struct {
	Status int
	Body   Payment
}

func (s *server) registerPayments(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "create-payment", Method: http.MethodPost, Path: "/v1/payments", DefaultStatus: http.StatusCreated,
		Summary:     "Begin a payment",
		Description: "201: begun. 200: the same request came before. The answer shows what is durable."}, s.create)
	huma.Register(api, huma.Operation{OperationID: "get-payment", Method: http.MethodGet, Path: "/v1/payments/{id}", Summary: "Ask for a payment"}, s.get)
	huma.Register(api, huma.Operation{OperationID: "cancel-payment", Method: http.MethodPost, Path: "/v1/payments/{id}/cancel", DefaultStatus: http.StatusOK,
		Summary: "Ask the device to stop, or give an unknown payment up"}, s.cancel)
}

func (s *server) create(ctx context.Context, in *payInput) (*paymentOutput, error) {
	b := &in.Body
	order, err := pos.ParseOrderRef(b.Order)
	if err != nil {
		return nil, newProblem(http.StatusUnprocessableEntity, pos.NewError("request_invalid", pos.Permanent, pos.NoneMoved, err.Error(), "Correct the order."))
	}
	wait, err := parseWait(in.Wait)
	if err != nil {
		return nil, err
	}
	p, created, err := s.Engine.Pay(engine.Request{
		Order: order, Attempt: pos.Attempt(b.Attempt), Amount: pos.Money{Amount: b.Amount, Currency: pos.Currency(b.Currency)}, Tender: b.Tender,
		OrderAmount: b.OrderAmount, Tendered: b.Tendered, Device: pos.DeviceName(b.Device), RequireOnline: b.RequireOnline,
	})
	if err != nil {
		return nil, problemOf(err)
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return s.answer(ctx, status, p, wait)
}

func (s *server) get(ctx context.Context, in *idInput) (*paymentOutput, error) {
	wait, err := parseWait(in.Wait)
	if err != nil {
		return nil, err
	}
	return s.act(ctx, in.ID, wait, s.Engine.Payment)
}

func (s *server) cancel(ctx context.Context, in *idInput) (*paymentOutput, error) {
	wait, err := parseWait(in.Wait)
	if err != nil {
		return nil, err
	}
	return s.act(ctx, in.ID, wait, s.Engine.Cancel)
}

// act does something with the payment of an id and shows it.
func (s *server) act(ctx context.Context, id string, wait time.Duration, do func(pos.PaymentID) (*view.Payment, error)) (*paymentOutput, error) {
	payment, err := pos.ParsePaymentID(id)
	if err != nil {
		return nil, newProblem(http.StatusNotFound, pos.NewError("not_found", pos.Permanent, pos.NoneMoved, err.Error(), "Check the id."))
	}
	p, err := do(payment)
	if err != nil {
		return nil, problemOf(err)
	}
	return s.answer(ctx, http.StatusOK, p, wait)
}

// answer shows a payment, after its outcome if the caller wants to wait for that.
func (s *server) answer(ctx context.Context, status int, p *view.Payment, wait time.Duration) (*paymentOutput, error) {
	if wait > 0 && p.Status == pos.Pending {
		bounded, stop := context.WithTimeout(ctx, wait)
		defer stop()
		var err error
		if p, err = s.Engine.Wait(bounded, p.Intent.Payment); err != nil {
			return nil, problemOf(err)
		}
	}
	return &paymentOutput{Status: status, Body: payment(p, s.Journal.Acked(), s.Engine.Progress(p.Intent.Payment))}, nil
}

func parseWait(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, newProblem(http.StatusUnprocessableEntity, pos.NewError("request_invalid", pos.Permanent, pos.NoneMoved,
			"wait is not a duration such as 30s.", "Correct the request."))
	}
	return min(d, maxWait), nil
}
