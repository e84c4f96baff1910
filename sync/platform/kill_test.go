package platform

import (
	"fmt"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	simulated "github.com/tillproof/tillproof/simulator/acquirer"
	"github.com/tillproof/tillproof/sync/wire"
)

// TestEveryPaymentEndsOnceOverKills: customers and wires of every kind, and a platform that is stopped and started in the midst of them. In the end
// the bank holds the amount of exactly those payments that the till was told are approved.
func TestEveryPaymentEndsOnceOverKills(t *testing.T) {
	customers := []simulated.Customer{
		{}, {After: 300 * time.Millisecond}, {Declines: true}, {Never: true}, {LoseAnswers: 1}, {LoseAnswers: 1, LoseQueries: 2}, {LoseRequests: 1},
		{Never: true, BeforeCancel: true}, {Never: true, LoseCancels: 1}, {Never: true, Late: 100 * time.Millisecond}, {Slow: 200 * time.Millisecond},
		{Never: true, BeforeCancel: true, LoseCancels: 1}, {Never: true, Late: 50 * time.Millisecond, LoseRefunds: 1},
	}
	s, b, p := shop(t, nil, `"*"`)
	total := 3 * len(customers)
	for n := range total {
		payment := paymentID(100 + n)
		b.Plan(refOf(payment), customers[n%len(customers)])
		p.ask(p.authorise(100+n, "wechat", fmt.Sprint(aCode, n)))
		if n%len(customers) == 7 {
			s.shutdown()
			s.open()
			s.until("the platform answers", func() bool {
				_, err := p.Ask(t.Context(), &wire.Call{ID: pos.NewUUID(time.Now()), Op: wire.OpResults})
				return err == nil
			})
		}
	}
	ended := map[pos.Status]int{}
	for n := range total {
		payment := paymentID(100 + n)
		s.until(fmt.Sprint("payment ", 100+n, " has ended as the bank says"), func() bool {
			o := p.query(payment).Outcome
			account, _ := b.Account(refOf(payment))
			late := customers[n%len(customers)].Late > 0 && account.Charges == 0 && o.Status == pos.Cancelled && o.Code != "not_sent"
			return o.Status != pos.Pending && o.Status != pos.RefundDue && !late && (o.Status == pos.Approved) == (account.Net.Amount > 0)
		})
		ended[p.query(payment).Outcome.Status]++
	}
	told := map[pos.PaymentID]pos.Status{}
	for _, o := range p.results(0) {
		before := told[o.Payment]
		if before == "" {
			before = pos.Pending
		}
		if !before.Can(o.Status) {
			t.Errorf("payment %s: told %s after %s", o.Payment, o.Status, before)
		}
		told[o.Payment] = o.Status
	}
	var booked pos.Minor
	for n := range total {
		payment := paymentID(100 + n)
		account, _ := b.Account(refOf(payment))
		if account.Charges > 1 || told[payment] == pos.Approved && account.Net.Amount != pos.Minor(100+n) {
			t.Errorf("payment %d: %s, charged %d times, %d held", 100+n, told[payment], account.Charges, account.Net.Amount)
		}
		if told[payment] == pos.Approved {
			booked += pos.Minor(100 + n)
		}
	}
	if totals, err := b.Totals(); err != nil || totals[pos.Code]["THB"].Amount != booked {
		t.Errorf("the bank holds %v, the till was told of %d, %v", totals, booked, err)
	}
	for _, status := range []pos.Status{pos.Approved, pos.Declined, pos.Cancelled, pos.Refunded} {
		if ended[status] == 0 {
			t.Errorf("nothing ended %s: %v", status, ended)
		}
	}
}
