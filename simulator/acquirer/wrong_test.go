package acquirer_test

import (
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	bank "github.com/tillproof/tillproof/simulator/acquirer"
	"github.com/tillproof/tillproof/sync/acquirer"
)

// TestWrongAnswersProveNothing: whatever is the matter with an answer, the client calls it unclear, and the next answer is the truth.
func TestWrongAnswersProveNothing(t *testing.T) {
	for _, wrong := range bank.Wrongs() {
		t.Run(string(wrong), func(t *testing.T) {
			p := bank.New()
			server := httptest.NewServer(p.Handler("a-secret-of-the-test"))
			defer server.Close()
			client := acquirer.HTTP(server.URL, "a-secret-of-the-test", server.Client())
			o := order()
			p.Plan(o.Ref, bank.Customer{Wrong: []bank.Wrong{wrong}})
			a, err := client.Authorise(t.Context(), o, "131234567890123456")
			var told *pos.Error
			switch {
			case wrong == bank.Twice:
				if err != nil || a.State != acquirer.Paid || a.Amount != o.Amount {
					t.Errorf("%+v %v", a, err)
				}
			case !errors.As(err, &told) || told.Code != "acquirer_unclear":
				t.Errorf("believed: %+v %v", a, err)
			}
			account, known := p.Account(o.Ref)
			if charged := known && account.Charges == 1; charged == (wrong == bank.Unavailable || wrong == bank.OtherCall) || account.Charges > 1 {
				t.Errorf("charged: %+v", account)
			}
			want := acquirer.Paid
			if wrong == bank.Unavailable || wrong == bank.OtherCall {
				want = acquirer.Absent
			}
			if a, err := client.Query(t.Context(), o.Ref); err != nil || a.State != want {
				t.Errorf("query: %+v %v", a, err)
			}
		})
	}
}

// TestWrongAnswersOfCallsWithoutMoney: a QR and a refund.
func TestWrongAnswersOfCallsWithoutMoney(t *testing.T) {
	p := bank.New()
	server := httptest.NewServer(p.Handler("a-secret-of-the-test"))
	defer server.Close()
	client := acquirer.HTTP(server.URL, "a-secret-of-the-test", server.Client())
	o := order()
	p.Plan(o.Ref, bank.Customer{Never: true, Wrong: []bank.Wrong{bank.OddState, bank.OtherRef, bank.Half, "", bank.OtherAmount, bank.Twice, bank.OtherCall}})
	if issued, err := client.Issue(t.Context(), o, time.Minute); err != nil || issued.Payload == "" {
		t.Errorf("an answer without a state cannot have an odd one: %+v %v", issued, err)
	}
	for range 2 {
		if issued, err := client.Issue(t.Context(), o, time.Minute); err == nil {
			t.Errorf("believed: %+v", issued)
		}
	}
	if err := p.Pay(o.Ref, true, 0); err != nil {
		t.Fatal(err)
	}
	if a, err := client.Query(t.Context(), o.Ref); err != nil || a.Amount != o.Amount {
		t.Errorf("%+v %v", a, err)
	}
	if a, err := client.Refund(t.Context(), o.Ref, "R1", euros(100)); err == nil {
		t.Errorf("believed: %+v", a)
	}
	if a, err := client.Refund(t.Context(), o.Ref, "R1", euros(100)); err != nil || a.Amount != euros(100) {
		t.Errorf("%+v %v", a, err)
	}
	if a, err := client.Refund(t.Context(), o.Ref, "R2", euros(100)); err == nil {
		t.Errorf("the answer to the first refund was believed to be that of the second: %+v", a)
	}
	if account, _ := p.Account(o.Ref); account.Net != euros(400) {
		t.Errorf("%+v", account)
	}
}
