package scenario

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/tillproof/tillproof/agent/api"
)

// client talks to the till as the shop's own software would: it knows the HTTP API and nothing else.
type client struct {
	base  string
	token string
	http  *http.Client
}

func newClient(base, token string) *client {
	return &client{base: base, token: token, http: &http.Client{Timeout: 90 * time.Second}}
}

// request is the body of POST /v1/payments.
type request struct {
	Order    string `json:"order"`
	Attempt  int    `json:"attempt"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Tender   string `json:"tender"`
	Scheme   string `json:"scheme,omitempty"`
	Code     string `json:"code,omitempty"`
	Ends     string `json:"order_expires_at,omitempty"`
}

// refused is a problem that the till answered with.
type refused struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

func (r *refused) Error() string { return fmt.Sprintf("%d %s: %s", r.Status, r.Code, r.Detail) }

// pay begins a payment, or asks for it again, and waits for its outcome.
func (c *client) pay(ctx context.Context, r request, wait time.Duration) (api.Payment, error) {
	var p api.Payment
	return p, c.call(ctx, http.MethodPost, "/v1/payments?wait="+wait.String(), r, &p)
}

// payment asks for a payment as it is now.
func (c *client) payment(ctx context.Context, id string) (api.Payment, error) {
	var p api.Payment
	return p, c.call(ctx, http.MethodGet, "/v1/payments/"+id, nil, &p)
}

// recent lists the newest payments.
func (c *client) recent(ctx context.Context, limit int) ([]api.Payment, error) {
	return c.list(ctx, fmt.Sprintf("limit=%d", limit))
}

// ofOrder lists the payments of an order, newest first.
func (c *client) ofOrder(ctx context.Context, order string) ([]api.Payment, error) {
	return c.list(ctx, "order="+url.QueryEscape(order))
}

func (c *client) list(ctx context.Context, query string) ([]api.Payment, error) {
	var page struct {
		Items []api.Payment `json:"items"`
	}
	return page.Items, c.call(ctx, http.MethodGet, "/v1/payments?"+query, nil, &page)
}

// giveCode gives a payment that waits for it the customer's code.
func (c *client) giveCode(ctx context.Context, id, code string) (api.Payment, error) {
	var p api.Payment
	return p, c.call(ctx, http.MethodPost, "/v1/payments/"+id+"/code", map[string]string{"code": code}, &p)
}

// cancel gives a payment up as the cashier does.
func (c *client) cancel(ctx context.Context, id string) (api.Payment, error) {
	var p api.Payment
	return p, c.call(ctx, http.MethodPost, "/v1/payments/"+id+"/cancel", nil, &p)
}

// giveBack voids a payment or gives some of it back, or asks what became of that.
func (c *client) giveBack(ctx context.Context, id string, b *giveBack, wait time.Duration) (api.Payment, error) {
	var p api.Payment
	body := map[string]any{"operation": b.key}
	if b.void {
		return p, c.call(ctx, http.MethodPost, "/v1/payments/"+id+"/void?wait="+wait.String(), body, &p)
	}
	if b.amount > 0 {
		body["amount"] = b.amount
	}
	if b.tender != "" {
		body["tender"] = b.tender
	}
	return p, c.call(ctx, http.MethodPost, "/v1/payments/"+id+"/refunds?wait="+wait.String(), body, &p)
}

func (c *client) status(ctx context.Context) (api.Status, error) {
	var s api.Status
	return s, c.call(ctx, http.MethodGet, "/v1/status", nil, &s)
}

func (c *client) sync(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, "/v1/sync", nil, nil)
}

// healthy says whether something at the base address says that it works.
func (c *client) healthy(ctx context.Context) error {
	return c.call(ctx, http.MethodGet, "/healthz", nil, nil)
}

func (c *client) call(ctx context.Context, method, path string, body, answer any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	} else {
		r.Body = http.NoBody
		r.ContentLength = 0
	}
	response, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusBadRequest {
		problem := &refused{Status: response.StatusCode}
		return errors.Join(problem, json.NewDecoder(response.Body).Decode(problem))
	}
	if answer == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(answer)
}

// codeOf is the code of the till's refusal, "" for other errors: the till did not answer.
func codeOf(err error) string {
	var r *refused
	if errors.As(err, &r) {
		return r.Code
	}
	return ""
}
