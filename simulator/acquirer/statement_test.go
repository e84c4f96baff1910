package acquirer_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/pos"
	bank "github.com/tillproof/tillproof/simulator/acquirer"
)

// TestStatement plays one of each kind of line and compares the file to the letter.
func TestStatement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlay(t)
		p.SetRate(bank.Rate{Share: 6000, Fixed: 2}) // 0.6 % and 2 cents
		p.Plan(ref, bank.Customer{RefundAfter: time.Minute, RefuseRefunds: 1, CaptureAfter: time.Minute})
		for _, step := range []string{"money = ok", "authorise = paid 500", "refund R1 200 = declined", "refund R1 200 = waiting", "wait 1m", "refund R1 200 = refunded 200",
			"cancel = reversed 500"} {
			name, want, _ := strings.Cut(step, " = ")
			if got := p.step(name); got != want {
				t.Errorf("%s: %s, want %s", name, got, want)
			}
		}
		card := order()
		card.Scheme = "card_offline"
		for _, want := range []string{"waiting", "paid", "paid"} {
			if a, err := p.Capture(t.Context(), card, ref+"-c0"); err != nil || string(a.State) != want {
				t.Errorf("capture: %+v %v, want %s", a, err, want)
			}
			time.Sleep(time.Minute)
		}
		if err := p.TakeBack(ref); err != nil {
			t.Error(err)
		}
		if err := p.TakeBack(strings.Repeat("0", 32)); err == nil {
			t.Error("money of nobody was taken back")
		}
		const want = `time,type,transaction,original,ref,order,till,scheme,reference,amount,fee,net,currency
2000-01-01T00:00:00.000Z,payment,T946684800000000001,,,,,,REF1,5.00,0.05,4.95,EUR
2000-01-01T00:00:00.000Z,payment,T946684800000000002,,0190a6b4c2d37e8f9a0b1c2d3e4f5061,O-1,till-1,wechat,,5.00,0.05,4.95,EUR
2000-01-01T00:00:00.000Z,refund,R946684800000000003,T946684800000000002,0190a6b4c2d37e8f9a0b1c2d3e4f5061,O-1,till-1,wechat,,-2.00,-0.01,-1.99,EUR
2000-01-01T00:01:00.000Z,reversal,V946684800000000004,T946684800000000002,0190a6b4c2d37e8f9a0b1c2d3e4f5061,O-1,till-1,wechat,,-3.00,-0.02,-2.98,EUR
2000-01-01T00:02:00.000Z,capture,C946684800000000005,,0190a6b4c2d37e8f9a0b1c2d3e4f5061,O-1,till-1,card_offline,,5.00,0.05,4.95,EUR
2000-01-01T00:04:00.000Z,chargeback,B946684800000000006,C946684800000000005,0190a6b4c2d37e8f9a0b1c2d3e4f5061,O-1,till-1,card_offline,,-5.00,0.00,-5.00,EUR
`
		var text strings.Builder
		if err := bank.WriteStatement(&text, p.Statement(time.Time{}, time.Time{})); err != nil || text.String() != want {
			t.Errorf("%v\n%s", err, text.String())
		}
		if n := len(p.Statement(time.Now().Add(-150*time.Second), time.Now())); n != 1 {
			t.Errorf("%d lines of a part", n)
		}
	})
}

// TestDecimals of currencies with none, two and three digits.
func TestDecimals(t *testing.T) {
	var text strings.Builder
	lines := []bank.Entry{}
	for _, m := range []pos.Money{{Amount: -5, Currency: "JPY"}, {Amount: -5, Currency: "EUR"}, {Amount: 12345, Currency: "KWD"}, {Amount: 0, Currency: "EUR"}} {
		lines = append(lines, bank.Entry{Amount: m})
	}
	if err := bank.WriteStatement(&text, lines); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{",-5,0,-5,JPY", ",-0.05,0.00,-0.05,EUR", ",12.345,0.000,12.345,KWD", ",0.00,0.00,0.00,EUR"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %s in\n%s", want, text.String())
		}
	}
}
