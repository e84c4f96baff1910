package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/policy"
)

// maxWait is the longest that a request is held for an outcome.
const maxWait = 60 * time.Second

type payInput struct {
	Wait string `query:"wait" doc:"Hold the answer until the status is not pending, at most 60s." example:"30s"`
	Body payBody
}

type payBody struct {
	Order          string     `json:"order" doc:"The merchant's reference, 1-64 of [A-Za-z0-9._:/-]"`
	Attempt        int        `json:"attempt,omitempty" default:"1" minimum:"1" maximum:"9999"`
	Amount         pos.Minor  `json:"amount" doc:"Minor units"`
	Currency       string     `json:"currency" doc:"ISO 4217"`
	Tender         pos.Tender `json:"tender" enum:"card,code,qr,cash,none"`
	OrderAmount    *pos.Minor `json:"order_amount,omitempty"`
	OrderExpiresAt string     `json:"order_expires_at,omitempty" doc:"RFC 3339. The payment does not outlive it."`
	Code           string     `json:"code,omitempty" maxLength:"4096" doc:"Tender code: the customer's code. Without it the payment waits for the scanner."`
	Scheme         string     `json:"scheme,omitempty" maxLength:"32" doc:"Tender qr: by default the first scheme that works now."`
	Tendered       *pos.Minor `json:"tendered,omitempty" doc:"Cash handed over"`
	Device         string     `json:"device,omitempty"`
	RequireOnline  bool       `json:"require_online,omitempty"`
	Reserve        bool       `json:"reserve,omitempty" doc:"Tender card: hold the amount and take nothing yet. The payment becomes reserved, and ends by a capture or a void."`

	Offline  policy.Choice `json:"offline,omitempty" enum:"require_online,ask,allow" doc:"While the platform is away; absent: as the offline policy says"`
	Override *overrideBody `json:"override,omitempty" doc:"A supervisor lets a sale pass that the offline policy refuses."`
}

type overrideBody struct {
	Supervisor string `json:"supervisor"`
	PIN        string `json:"pin" maxLength:"64"`
}

type idInput struct {
	ID   string `path:"id"`
	Wait string `query:"wait" doc:"Hold the answer until the status is not pending, at most 60s."`
}

type codeInput struct {
	ID   string `path:"id"`
	Wait string `query:"wait" doc:"Hold the answer until the status is not pending, at most 60s."`
	Body struct {
		Code string `json:"code" minLength:"1" maxLength:"4096" doc:"The customer's code, a secret: it is neither kept nor shown."`
	}
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
		Summary: "Ask device or platform to stop, or give an unknown payment up"}, s.cancel)
	huma.Register(api, huma.Operation{OperationID: "give-code", Method: http.MethodPost, Path: "/v1/payments/{id}/code", DefaultStatus: http.StatusOK,
		Summary: "Give a waiting payment the customer's code"}, s.giveCode)
}

func (s *server) create(ctx context.Context, in *payInput) (*paymentOutput, error) {
	request, err := in.Body.request()
	if err != nil {
		return nil, err
	}
	wait, err := parseWait(in.Wait)
	if err != nil {
		return nil, err
	}
	p, created, err := s.Engine.Pay(request)
	if err != nil {
		return nil, problemOf(err)
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return s.answer(ctx, status, p, wait)
}

// request is what the engine is asked for.
func (b *payBody) request() (r engine.Request, err error) {
	r = engine.Request{
		Attempt: pos.Attempt(b.Attempt), Amount: pos.Money{Amount: b.Amount, Currency: pos.Currency(b.Currency)}, Tender: b.Tender,
		OrderAmount: b.OrderAmount, Tendered: b.Tendered, Device: pos.DeviceName(b.Device), RequireOnline: b.RequireOnline, Reserve: b.Reserve,
		Scheme: b.Scheme, Code: b.Code, Offline: b.Offline,
	}
	if o := b.Override; o != nil {
		r.Override = &engine.Override{Supervisor: pos.PersonID(o.Supervisor), PIN: o.PIN}
	}
	if r.Order, err = pos.ParseOrderRef(b.Order); err != nil {
		return r, invalid(err.Error())
	}
	if b.OrderExpiresAt != "" {
		if r.OrderEnds, err = time.Parse(time.RFC3339, b.OrderExpiresAt); err != nil {
			return r, invalid("order_expires_at is not a time such as 2026-01-31T17:00:00Z.")
		}
	}
	return r, nil
}

func (s *server) get(ctx context.Context, in *idInput) (*paymentOutput, error) {
	return s.act(ctx, in, s.Engine.Payment)
}

func (s *server) cancel(ctx context.Context, in *idInput) (*paymentOutput, error) {
	return s.act(ctx, in, s.Engine.Cancel)
}

func (s *server) giveCode(ctx context.Context, in *codeInput) (*paymentOutput, error) {
	return s.act(ctx, &idInput{ID: in.ID, Wait: in.Wait}, func(id pos.PaymentID) (*view.Payment, error) { return s.Engine.GiveCode(id, in.Body.Code) })
}

// act does something with the payment of an id and shows it.
func (s *server) act(ctx context.Context, in *idInput, do func(pos.PaymentID) (*view.Payment, error)) (*paymentOutput, error) {
	wait, err := parseWait(in.Wait)
	if err != nil {
		return nil, err
	}
	id, err := parsePayment(in.ID)
	if err != nil {
		return nil, err
	}
	p, err := do(id)
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
	return &paymentOutput{Status: status, Body: s.payment(p)}, nil
}

func parsePayment(text string) (pos.PaymentID, error) {
	id, err := pos.ParsePaymentID(text)
	if err != nil {
		return id, problemOf(pos.NewError("not_found", pos.Permanent, pos.NoneMoved, err.Error(), "Check the id."))
	}
	return id, nil
}

func parseWait(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, invalid("wait is not a duration such as 30s.")
	}
	return min(d, maxWait), nil
}
