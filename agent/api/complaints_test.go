package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// An offline approval is refused after forwarding. The till's list, the next step, the event stream and the shop's own software are told; docs/complaints.md
// lists the other complaints.
func TestComplaint14ADeclineAfterForwardingThatNobodyIsToldAbout(t *testing.T) {
	inHook(t, func(s *till, e *ears, restart func()) {
		id := pos.PaymentID{1, 14}
		approval := record.Decision{Status: pos.ApprovedOffline, Amount: 1250, Currency: "EUR", ReceiptNo: "7"}
		for _, body := range []record.Body{
			&record.Intent{Payment: id, Order: "A-1", Attempt: 1, Amount: 1250, Currency: "EUR", Tender: pos.Card, Mode: pos.Offline, Device: "counter"},
			&record.Result{Payment: id, Decision: approval}, &record.Confirmed{Payment: id},
		} {
			if _, err := s.journal.Append(body); err != nil {
				t.Fatal(err)
			}
		}
		if list := e.take(); len(list) == 0 || !strings.Contains(list[len(list)-1].data, `"status":"approved_offline"`) {
			t.Errorf("%+v", list)
		}
		p, stop := s.serve()
		l := listen(t, p.dial(), "")
		l.next("status")
		refused := approval
		refused.Status, refused.Code, refused.Text = pos.ForwardDeclined, "51", "not enough funds"
		if _, err := s.journal.Append(&record.PlatformResult{Payment: id, N: 1, Decision: &refused}); err != nil {
			t.Fatal(err)
		}
		told := l.next("payment").data
		l.close()
		stop()
		list := e.take()
		shown := s.ask(http.MethodGet, "/v1/payments/"+id.String(), "").is(200)
		found := s.ask(http.MethodGet, "/v1/payments?status=forward_declined", "").is(200)
		if len(list) != 1 || list[0].data != strings.TrimSpace(shown.body) || told != list[0].data || !strings.Contains(found.body, id.String()) {
			t.Errorf("the webhook told %+v, the stream %s, GET %s, the list %s", list, told, shown.body, found.body)
		}
		for _, want := range []string{`"status":"forward_declined"`, `"code":"51"`, `"next":{`} {
			if !strings.Contains(shown.body, want) {
				t.Errorf("no %s in %s", want, shown.body)
			}
		}
		restart()
		if again := s.ask(http.MethodGet, "/v1/payments/"+id.String(), "").is(200); !strings.Contains(again.body, "forward_declined") {
			t.Errorf("%s", again.body)
		}
	})
}
