package api_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// page reads the orders of an answer's items.
func page(a answer) (orders []string) {
	items, _ := a.is(http.StatusOK).member["items"].([]any)
	for _, item := range items {
		payment, _ := item.(map[string]any)
		orders = append(orders, fmt.Sprint(payment["order"]))
	}
	return orders
}

func TestPaymentsAreListedInPages(t *testing.T) {
	inTill(t, func(s *till) {
		if a := s.ask(http.MethodGet, "/v1/payments", ""); len(page(a)) != 0 || a.body[:11] != `{"items":[]` {
			t.Errorf("no payments: %s", a.body)
		}
		for n := range 5 {
			s.post(fmt.Sprintf(`{"order":"order-%d","amount":100,"currency":"EUR","tender":"cash"}`, n)).is(http.StatusCreated)
			<-time.After(time.Second)
		}
		first := s.ask(http.MethodGet, "/v1/payments?limit=3", "")
		second := s.ask(http.MethodGet, "/v1/payments?limit=3&cursor="+first.text("next_cursor"), "")
		if got := fmt.Sprint(page(first), page(second)); got != "[order-4 order-3 order-2] [order-1 order-0]" || second.text("next_cursor") != "" {
			t.Errorf("pages %s, then %q", got, second.text("next_cursor"))
		}
		if got := page(s.ask(http.MethodGet, "/v1/payments?order=order-3&status=approved", "")); fmt.Sprint(got) != "[order-3]" {
			t.Errorf("by order: %v", got)
		}
		if got := page(s.ask(http.MethodGet, "/v1/payments?status=unknown", "")); len(got) != 0 {
			t.Errorf("by status: %v", got)
		}
		for _, bad := range []string{"order=%20", "cursor=x", "from=yesterday", "limit=0", "limit=9999", "status=paid", "status=APPROVED"} {
			s.ask(http.MethodGet, "/v1/payments?"+bad, "").problem(http.StatusUnprocessableEntity, "request_invalid", "none_moved")
		}
	})
}
