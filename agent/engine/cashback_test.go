package engine_test

import (
	"context"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/store/view"
)

// francs is a cash payment in a currency without small coins.
func (s *shop) francs(amount pos.Minor) engine.Request {
	r := s.cash(amount)
	r.Amount.Currency = "CHF"
	return r
}

func TestCashIsRoundedToCoins(t *testing.T) {
	inShop(t, func(s *shop) {
		r := s.francs(1003)
		r.Tendered = minor(1004)
		s.refuses(r, "amount_invalid") // 10.05 are due
		r.Tendered = minor(1005)
		p := s.begin(r)
		if d := p.Decision; s.payment(p.Intent.Payment).Status != pos.Approved || d.Amount != 1005 || d.Rounding != 2 || p.Intent.Amount != 1003 {
			t.Errorf("%+v", d)
		}
		down := s.francs(1002)
		down.Tendered = minor(1000)
		if d := s.begin(down).Decision; d.Amount != 1000 || d.Rounding != -2 {
			t.Errorf("%+v", d)
		}
		if d := s.begin(s.cash(1003)).Decision; d.Amount != 1003 || d.Rounding != 0 {
			t.Errorf("euros have all coins: %+v", d)
		}
		s.steps = map[pos.Currency]pos.Minor{"EUR": 5, "CHF": 1}
		s.restart()
		if d := s.begin(s.cash(1003)).Decision; d.Amount != 1005 || d.Rounding != 2 {
			t.Errorf("the shop rounds euros: %+v", d)
		}
		if d := s.begin(s.francs(1003)).Decision; d.Amount != 1003 {
			t.Errorf("the shop has every coin: %+v", d)
		}
	})
}

func TestOrdersAreSummedByWhatWasAsked(t *testing.T) {
	inShop(t, func(s *shop) {
		r := s.francs(1002)
		r.OrderAmount = minor(2004)
		s.begin(r) // 10.00 in coins for 10.02 of the order
		r = again(r)
		r.Amount.Amount = 1003
		s.refuses(r, "amount_invalid")
		r.Amount.Amount = 1002
		s.begin(r)
		r = again(r)
		r.Amount.Amount = 1
		s.refuses(r, "amount_invalid")
	})
}

func TestCashGoesBack(t *testing.T) {
	inShop(t, func(s *shop) {
		p := s.begin(s.cash(1000))
		id := p.Intent.Payment
		head := s.journal.Head()
		p, begun, err := s.engine.Void(id, "v", "anna")
		if err != nil || !begun {
			t.Fatal(err)
		}
		s.status(p, pos.Voided)
		list, err := s.journal.Read(head.Epoch, head.Seq+1, 10)
		if err != nil || len(list) != 2 || len(list[0].Signature) > 0 {
			t.Errorf("%d records for one commit, %v", len(list), err)
		}
		s.offline.Store(true) // cash of the till's own goes back without a platform
		p = s.begin(s.cash(1000))
		id = p.Intent.Payment
		for i, part := range []pos.Minor{300, 700} {
			if p, _, err = s.engine.Refund(id, engine.RefundRequest{Key: pos.OperationKey(fmt.Sprint("r", i)), Amount: &part}); err != nil {
				t.Fatal(err)
			}
		}
		s.status(p, pos.Refunded)
		s.restart()
		if p, begun, err = s.engine.Refund(id, engine.RefundRequest{Key: "r0", Amount: minor(300)}); err != nil || begun || p.Status != pos.Refunded {
			t.Errorf("the first part again: begun %v, %v", begun, err)
		}
		if _, begun, err = s.engine.Refund(id, engine.RefundRequest{Key: "r1"}); err != nil || begun {
			t.Errorf("all that was left again: begun %v, %v", begun, err)
		}
		if _, _, err = s.engine.Refund(id, engine.RefundRequest{Key: "r0"}); codeOf(err) != "operation_conflict" {
			t.Errorf("all in place of a part: %v", err)
		}
	})
}

func TestCashOfRoundedPaymentsGoesBackInCoins(t *testing.T) {
	for _, c := range []struct {
		paid   pos.Minor
		parts  []pos.Minor // 0 for the rest
		handed []pos.Minor
	}{
		{1003, []pos.Minor{0}, []pos.Minor{1005}},
		{1002, []pos.Minor{0}, []pos.Minor{1000}},
		{1000, []pos.Minor{333, 333, 0}, []pos.Minor{335, 335, 330}}, // never more than was taken
		{1000, []pos.Minor{2, 998}, []pos.Minor{0, 1000}},
	} {
		inShop(t, func(s *shop) {
			id := s.begin(s.francs(c.paid)).Intent.Payment
			for i, part := range c.parts {
				r := engine.RefundRequest{Key: pos.OperationKey(fmt.Sprint("r", i))}
				if part > 0 {
					r.Amount = minor(part)
				}
				p, _, err := s.engine.Refund(id, r)
				if err != nil {
					t.Fatal(err)
				}
				if o := p.Operation(r.Key); o.Decision.Amount != c.handed[i] || o.Decision.Rounding != c.handed[i]-o.Request.Amount {
					t.Errorf("%d: part %d: %+v of %+v", c.paid, i, o.Decision, o.Request)
				}
			}
			s.status(s.payment(id), pos.Refunded)
		})
	}
}

// TestCashThatGoesBackIsNeverMoreThanCame tries any order of parts on payments of any currency.
func TestCashThatGoesBackIsNeverMoreThanCame(t *testing.T) {
	inShop(t, func(s *shop) {
		rapid.Check(t, func(r *rapid.T) {
			q := s.cash(pos.Minor(rapid.IntRange(1, 30_000).Draw(r, "amount")))
			q.Amount.Currency = rapid.SampledFrom([]pos.Currency{"EUR", "CHF", "SEK", "DKK", "HUF", "NZD", "JPY"}).Draw(r, "currency")
			p := s.begin(q)
			for i := range rapid.IntRange(1, 6).Draw(r, "parts") {
				part := pos.Minor(rapid.IntRange(1, 20_000).Draw(r, "part"))
				_, _, _ = s.engine.Refund(p.Intent.Payment, engine.RefundRequest{Key: pos.OperationKey(fmt.Sprint(i)), Amount: &part}) // may be too much
			}
			p = s.payment(p.Intent.Payment)
			asked, handed := wentBack(p)
			if asked > p.Decision.Amount || handed > p.Decision.Amount || p.Returned != asked || p.Taken().Amount < 0 {
				r.Fatalf("%d taken; %d asked back, %d handed over: %+v", p.Decision.Amount, asked, handed, p)
			}
		})
	})
}

// wentBack sums what was asked back and what was handed over.
func wentBack(p *view.Payment) (asked, handed pos.Minor) {
	for _, o := range p.Operations {
		if o.State == pos.OperationDone {
			asked, handed = asked+o.Request.Amount, handed+o.Decision.Amount
		}
	}
	return asked, handed
}

func TestTipsAndPartsDoNotPayTheOrderTwice(t *testing.T) {
	onBoth(t, zvtsim.Options{}, func(t *testing.T, s *shop, c *counter) {
		r := s.card(600)
		r.OrderAmount = minor(1000)
		c.pt.Next(zvtsim.Card{Tip: 90})
		p := s.pay(r)
		if s.status(p, pos.Approved); p.Taken() != euros(690) {
			t.Errorf("%v", p.Taken())
		}
		rest := again(r)
		rest.Tender, rest.Amount = pos.Cash, euros(401)
		s.refuses(rest, "amount_invalid") // the tip does not count, 4.00 are left
		rest.Amount = euros(400)
		if p, _, err := s.engine.Pay(rest); err != nil || p.Status != pos.Approved {
			t.Errorf("the rest: %v", err)
		}
		more := again(rest)
		more.Amount = euros(1)
		s.refuses(more, "amount_invalid")
		part := pos.Minor(100)
		if _, _, err := s.engine.Refund(p.Intent.Payment, engine.RefundRequest{Key: "goods", Amount: &part, Tender: pos.Cash}); err != nil {
			t.Fatal(err)
		}
		more.Amount = euros(100)
		s.status(s.begin(more), pos.Approved) // what went back may be collected again
	})
}

// generous is a card terminal that can book only a part of what is asked for: a prepaid card with too little on it.
type generous struct {
	drivers.CardTerminal // the methods that no sale needs
	has                  pos.Minor
}

func (g generous) Sale(_ context.Context, sale drivers.Sale) (drivers.Outcome, error) {
	r := drivers.Result{Decision: drivers.Approved, Amount: pos.Money{Amount: g.has, Currency: sale.Amount.Currency}, Trace: "000009"}
	return drivers.Outcome{Result: r}, sale.Commit(r)
}

func TestAPartialApprovalLeavesARest(t *testing.T) {
	inShop(t, func(s *shop) {
		c := s.devices[0]
		_ = c.unplug()
		ctx, stop := context.WithCancel(context.Background())
		left := make(chan error, 1)
		go func() { left <- s.engine.Attend(ctx, c.name, generous{has: 600}, drivers.Last{}) }()
		s.until("it is attended", func() bool { return s.device(c.name).State == engine.Ready })
		r := s.card(1000)
		r.OrderAmount = minor(1000)
		p := s.pay(r)
		if s.status(p, pos.Approved); p.Taken() != euros(600) {
			t.Errorf("%v", p.Taken())
		}
		rest := again(r)
		rest.Tender, rest.Amount = pos.Cash, euros(401)
		s.refuses(rest, "amount_invalid")
		rest.Amount = euros(400)
		s.status(s.begin(rest), pos.Approved)
		if _, _, err := s.engine.Refund(p.Intent.Payment, engine.RefundRequest{Key: "r", Amount: minor(601), Tender: pos.Cash}); codeOf(err) != "refund_exceeds" {
			t.Errorf("more than was booked: %v", err)
		}
		if p, _, err := s.engine.Refund(p.Intent.Payment, engine.RefundRequest{Key: "r", Tender: pos.Cash}); err != nil || p.Status != pos.Refunded {
			t.Errorf("%v", err)
		}
		stop()
		if err := <-left; err != nil {
			t.Error(err)
		}
		s.apart = true // no simulated terminal holds this money
	}, zvtsim.Options{})
}
