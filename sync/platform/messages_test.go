package platform

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/pos"
	simulated "github.com/tillproof/tillproof/simulator/acquirer"
)

// TestWhatWasSaidToAcquirersIsKept, word for word but for secrets.
func TestWhatWasSaidToAcquirersIsKept(t *testing.T) {
	s, b, p := shop(t, nil, `"*"`)
	call := p.authorise(100, "wechat", aCode)
	b.Plan(refOf(call.Payment), simulated.Customer{LoseAnswers: 1})
	p.ask(call)
	p.told(call.Payment, pos.Approved)
	var kept struct {
		Items []struct {
			Call, Direction, Acquirer, Text string
			Status                          int
		}
	}
	s.until("the messages are kept", func() bool {
		return s.get("/v1/payments/"+call.Payment.String()+"/messages", &kept) == http.StatusOK && len(kept.Items) == 4
	})
	lines := kept.Items
	if lines[0].Call != "authorise" || lines[0].Direction != "sent" || lines[0].Acquirer != "bank" || !strings.Contains(lines[0].Text, `"amount":100`) ||
		lines[1].Status != http.StatusBadGateway || lines[2].Call != "query" || !strings.Contains(lines[3].Text, `"state":"paid"`) {
		t.Errorf("%+v", lines)
	}
	for _, l := range lines {
		if strings.Contains(l.Text, aCode) || strings.Contains(l.Text, bearer) {
			t.Errorf("a secret is kept: %s", l.Text)
		}
	}
}
