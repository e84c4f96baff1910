//go:build linux

package kills

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/pos"
)

// till is the shop's own software: it knows the HTTP API and nothing else.
type till struct {
	base, token string
	http        *http.Client
	forgets     bool // records go while we look on
}

// refused is a problem that the till answered with.
type refused struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

func (r *refused) Error() string { return fmt.Sprintf("%d %s: %s", r.Status, r.Code, r.Detail) }

// codeOf is the code of the till's refusal, "" for other errors: the till did not answer.
func codeOf(err error) string {
	var r *refused
	if errors.As(err, &r) {
		return r.Code
	}
	return ""
}

func newTill(base, token string) *till {
	return &till{base: base, token: token, http: &http.Client{Timeout: 40 * time.Second}}
}

func (c *till) call(ctx context.Context, method, path string, body, answer any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if body == nil {
		text = nil
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusBadRequest {
		problem := &refused{Status: response.StatusCode}
		_ = json.NewDecoder(response.Body).Decode(problem)
		return problem
	}
	if answer == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(answer)
}

// sale is one order and what the cashier was told of it.
type sale struct {
	body map[string]any
	told *api.Payment // the last answer, nil while there was none
}

func (s *sale) order() string { return s.body["order"].(string) }

// unfinished says whether an operation on the sale has no end yet.
func (s *sale) unfinished() bool {
	return s.told != nil && slices.ContainsFunc(s.told.Operations, func(o api.Operation) bool {
		return o.Status == pos.OperationRequested || o.Status == pos.OperationUnknown
	})
}

// pay begins the sale, or asks for it again with the same words.
func (c *till) pay(ctx context.Context, s *sale, wait time.Duration) error {
	var p api.Payment
	err := c.call(ctx, http.MethodPost, "/v1/payments?wait="+wait.String(), s.body, &p)
	if err == nil {
		return s.hear(p)
	}
	if codeOf(err) == "order_expired" && !c.mayForget(s) {
		return fmt.Errorf("%w: order %s is too young to be forgotten: %w", errBroken, s.order(), err)
	}
	return err
}

// hear holds an answer against the earlier ones: what was told stays true.
func (s *sale) hear(p api.Payment) error {
	was := s.told
	s.told = &p
	switch {
	case was == nil:
	case was.ID != p.ID:
		return fmt.Errorf("%w: order %s was payment %s and is %s now", errBroken, s.order(), was.ID, p.ID)
	case was.Status.Taken() && !p.Status.Taken() && p.Status != "refunded" && p.Status != "voided":
		return fmt.Errorf("%w: order %s was %s and is %s now", errBroken, s.order(), was.Status, p.Status)
	case was.RefundedAmount > p.RefundedAmount:
		return fmt.Errorf("%w: %d of order %s had gone back and %d have now", errBroken, was.RefundedAmount, s.order(), p.RefundedAmount)
	}
	return nil
}

// errBroken begins what is said of a broken promise.
var errBroken = errors.New("BROKEN")

// mayForget says whether the records of a sale may have been removed: it was settled, and long enough ago.
func (c *till) mayForget(s *sale) bool {
	if !c.forgets || s.told == nil || s.told.Status.Open() || s.unfinished() {
		return false
	}
	changed, err := time.Parse(time.RFC3339, s.told.UpdatedAt)
	return err == nil && time.Since(changed) >= kept
}

// look asks for the payment as it is now.
func (c *till) look(ctx context.Context, s *sale) error {
	var p api.Payment
	if err := c.call(ctx, http.MethodGet, "/v1/payments/"+s.told.ID.String(), nil, &p); err != nil {
		if codeOf(err) == "not_found" && c.mayForget(s) {
			return nil // told as it was
		}
		if codeOf(err) != "" {
			return fmt.Errorf("%w: order %s was answered and is not known any more: %w", errBroken, s.order(), err)
		}
		return err
	}
	return s.hear(p)
}
