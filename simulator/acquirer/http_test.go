package acquirer_test

import (
	"net/http/httptest"
	"testing"
	"time"

	bank "github.com/tillproof/tillproof/simulator/acquirer"
	"github.com/tillproof/tillproof/sync/acquirer"
)

// TestOverHTTP makes each call through the protocol, on a real socket.
func TestOverHTTP(t *testing.T) {
	p := bank.New()
	server := httptest.NewServer(acquirer.Handler(p, "a-secret-of-the-test"))
	defer server.Close()
	client := acquirer.HTTP(server.URL, "a-secret-of-the-test", server.Client())
	o := order()
	if a, err := client.Authorise(t.Context(), o, "131234567890123456"); err != nil || a.State != acquirer.Paid || a.Amount != o.Amount {
		t.Errorf("authorise: %+v, %v", a, err)
	}
	if a, err := client.Refund(t.Context(), o.Ref, "R1", o.Amount); err != nil || a.State != acquirer.Refunded {
		t.Errorf("refund: %+v, %v", a, err)
	}
	o.Ref = "0190a6b4c2d37e8f9a0b1c2d3e4f5062"
	if issued, err := client.Issue(t.Context(), o, time.Minute); err != nil || issued.Payload == "" || issued.ExpiresAt == 0 {
		t.Errorf("issue: %+v, %v", issued, err)
	}
	if a, err := client.Cancel(t.Context(), o.Ref); err != nil || a.State != acquirer.Closed {
		t.Errorf("cancel: %+v, %v", a, err)
	}
	if _, err := client.Issue(t.Context(), o, time.Minute); err == nil {
		t.Error("a closed order got a QR")
	}
	o.Ref = "0190a6b4c2d37e8f9a0b1c2d3e4f5063"
	if err := client.Expect(t.Context(), o, "REF1"); err != nil {
		t.Errorf("expect: %v", err)
	}
	if a, err := client.Query(t.Context(), o.Ref); err != nil || a.State != acquirer.Waiting {
		t.Errorf("query: %+v, %v", a, err)
	}
}
