package engine_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/store/view"
)

func (c *counter) memory() string { return filepath.Join(c.dir, string(c.name)+".json") }

// tamper changes what the terminal remembers while it is switched off, and returns what it remembered before.
func (c *counter) tamper(alter func(*zvtsim.Memory)) (before []byte) {
	c.t.Helper()
	c.off()
	before, err := os.ReadFile(c.memory())
	if err != nil {
		c.t.Fatal(err)
	}
	m, err := zvtsim.Load(c.memory())
	if err != nil {
		c.t.Fatal(err)
	}
	alter(&m)
	changed, err := json.Marshal(m)
	if err != nil {
		c.t.Fatal(err)
	}
	c.on(changed)
	return before
}

func (c *counter) off() {
	c.t.Helper()
	c.unplug()
	if err := c.pt.Close(); err != nil {
		c.t.Fatal(err)
	}
}

func (c *counter) on(memory []byte) {
	c.t.Helper()
	err := os.WriteFile(c.memory(), memory, 0o600)
	if err == nil {
		c.pt, err = zvtsim.New(zvtsim.Options{Path: c.memory(), Stream: c.stream})
	}
	if err != nil {
		c.t.Fatal(err)
	}
	c.plug()
}

// entry finds the terminal's own entry of an amount.
func entry(m *zvtsim.Memory, amount pos.Minor) *zvtsim.Transaction {
	i := slices.IndexFunc(m.Transactions, func(t zvtsim.Transaction) bool { return t.Amount == amount })
	return &m.Transactions[i]
}

// forget lets the terminal leave an amount out of its end of day.
func forget(amount pos.Minor) func(*zvtsim.Memory) {
	return func(m *zvtsim.Memory) { entry(m, amount).Settled = true }
}

// invent puts a transaction into the terminal that the till knows nothing of.
func invent(kind zvtsim.Kind, amount pos.Minor) func(*zvtsim.Memory) {
	return func(m *zvtsim.Memory) {
		m.LastTrace, m.LastReceipt = m.LastTrace+1, m.LastReceipt+1
		m.Transactions = append(m.Transactions, zvtsim.Transaction{Trace: m.LastTrace, ReceiptNo: m.LastReceipt, Amount: amount, Currency: "EUR", Kind: kind,
			Brand: "visa", Last4: "1111"})
	}
}

// among sells a payment between two others, so that the terminal's batch reaches from before it to behind it.
func (s *shop) among(sell func() *view.Payment) *view.Payment {
	s.pay(s.card(500))
	p := sell()
	s.pay(s.card(700))
	return p
}

func (s *shop) cardOf(c zvtsim.Card, amount pos.Minor) func() *view.Payment {
	return func() *view.Payment {
		s.devices[0].pt.Next(c)
		return s.pay(s.card(amount))
	}
}

// TestEveryKindOfDifferenceIsNamed makes each on the terminal, and wants the payment, the cause and the next step.
func TestEveryKindOfDifferenceIsNamed(t *testing.T) {
	for _, d := range []struct {
		name, code string
		sell       func(s *shop, c *counter) *view.Payment // nil when nobody can name one
		alter      func(*zvtsim.Memory)
	}{
		{"a payment that the terminal forgot", "missing_at_terminal", func(s *shop, _ *counter) *view.Payment {
			return s.among(s.cardOf(zvtsim.Card{}, 1250))
		}, forget(1250)},
		{"a receipt outside the batch", "outside_batch", func(s *shop, _ *counter) *view.Payment {
			s.pay(s.card(500))
			return s.pay(s.card(1250))
		}, forget(1250)},
		{"an offline approval that is not counted", "offline_not_counted", func(s *shop, _ *counter) *view.Payment {
			return s.among(s.cardOf(zvtsim.Card{Do: zvtsim.OfflineApprove}, 1250))
		}, forget(1250)},
		{"a sale at the terminal itself", "unexplained", func(s *shop, _ *counter) *view.Payment {
			s.pay(s.card(500))
			return nil
		}, invent(zvtsim.Payment, 1250)},
		{"another amount", "amount", func(s *shop, _ *counter) *view.Payment { return s.pay(s.card(1250)) },
			func(m *zvtsim.Memory) { entry(m, 1250).Amount = 1205 }},
		{"another amount of one of many", "unexplained", func(s *shop, _ *counter) *view.Payment {
			s.among(s.cardOf(zvtsim.Card{}, 1250))
			return nil
		}, func(m *zvtsim.Memory) { entry(m, 1250).Amount = 1205 }},
		{"a tip that is not counted", "tip", func(s *shop, _ *counter) *view.Payment {
			return s.among(s.cardOf(zvtsim.Card{Tip: 150}, 1250))
		}, func(m *zvtsim.Memory) { entry(m, 1400).Amount = 1250 }},
		{"a card of no brand that is known", "missing_at_terminal", func(s *shop, _ *counter) *view.Payment {
			s.devices[0].pt.Next(zvtsim.Card{Brand: "house card"})
			s.pay(s.card(600))
			p := s.cardOf(zvtsim.Card{Brand: "house card"}, 1250)()
			s.pay(s.card(500))
			return p
		}, forget(1250)},
		{"another brand", "other_brand", func(s *shop, _ *counter) *view.Payment {
			return s.among(s.cardOf(zvtsim.Card{}, 1250))
		}, func(m *zvtsim.Memory) { entry(m, 1250).Brand = "mastercard" }},
		{"a refund that is not counted", "refund_not_counted", func(s *shop, _ *counter) *view.Payment {
			return s.among(func() *view.Payment { return s.givenBack("refund", s.pay(s.card(1250)), 333, zvtsim.Card{}) })
		}, forget(333)},
		{"a refund that was declined and is counted", "refund_counted", func(s *shop, _ *counter) *view.Payment {
			return s.givenBack("refund", s.pay(s.card(1250)), 333, zvtsim.Card{Do: zvtsim.Decline})
		}, invent(zvtsim.Refund, 333)},
		{"a void that is not counted", "void_not_counted", func(s *shop, _ *counter) *view.Payment {
			s.pay(s.card(500))
			return s.givenBack("void", s.pay(s.card(1250)), 1250, zvtsim.Card{})
		}, func(m *zvtsim.Memory) { entry(m, 1250).Reversed = false }},
		{"a payment that was declined and is counted", "counted_at_terminal", func(s *shop, _ *counter) *view.Payment {
			return s.among(s.cardOf(zvtsim.Card{Do: zvtsim.Decline}, 1250))
		}, invent(zvtsim.Payment, 1250)},
		{"a payment that was given up and is counted", "unwanted_payment", func(s *shop, c *counter) *view.Payment {
			return s.givenUp(c, 1250)
		}, invent(zvtsim.Payment, 1250)},
	} {
		t.Run(d.name, func(t *testing.T) {
			onBoth(t, zvtsim.Options{}, func(_ *testing.T, s *shop, c *counter) {
				p := d.sell(s, c)
				before := c.tamper(d.alter)
				s.differs(s.settle(), d.code, p)
				s.agrees(s.settle()) // it is told once
				c.off()
				c.on(before) // for the comparison at the end
			})
		})
	}
}

// givenBack gives some of a payment back by card.
func (s *shop) givenBack(how string, p *view.Payment, amount pos.Minor, card zvtsim.Card) *view.Payment {
	s.t.Helper()
	s.devices[0].pt.Next(card)
	var err error
	if how == "void" {
		_, _, err = s.engine.Void(p.Intent.Payment, "x", "")
	} else {
		_, _, err = s.engine.Refund(p.Intent.Payment, engine.RefundRequest{Key: "x", Amount: &amount})
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return s.ended(p.Intent.Payment)
}

// givenUp is a payment whose command was lost on the wire and that the cashier gave up meanwhile.
func (s *shop) givenUp(c *counter, amount pos.Minor) *view.Payment {
	s.t.Helper()
	s.pay(s.card(500))
	c.cutAt(zvtsim.Received, "06 01")
	p := s.outcome(s.begin(s.card(amount)).Intent.Payment)
	_ = c.lost()
	if _, err := s.engine.Cancel(p.Intent.Payment); err != nil {
		s.t.Fatal(err)
	}
	c.plug()
	p = s.settled(p.Intent.Payment)
	s.status(p, pos.Cancelled)
	return p
}

func TestSeveralDifferencesAreAllNamed(t *testing.T) {
	inShop(t, func(s *shop) {
		c := s.devices[0]
		s.pay(s.card(500))
		one, two, three := s.pay(s.card(1250)), s.pay(s.card(990)), s.cardOf(zvtsim.Card{Brand: "girocard"}, 800)()
		s.pay(s.card(700))
		before := c.tamper(func(m *zvtsim.Memory) {
			for _, amount := range []pos.Minor{1250, 990, 800} {
				forget(amount)(m)
			}
		})
		named := map[pos.PaymentID]string{}
		for _, d := range s.part(s.settle(), "left").Differences {
			named[d.Payment] = d.Code
		}
		for _, p := range []*view.Payment{one, two, three} {
			if named[p.Intent.Payment] != "missing_at_terminal" {
				t.Errorf("%d is %q", p.Intent.Amount, named[p.Intent.Payment])
			}
		}
		if len(named) != 3 {
			t.Errorf("%v", named)
		}
		c.off()
		c.on(before)
	}, zvtsim.Options{})
}

// What nobody can explain is told as a sum, with the receipts that the till does not know.
func TestAnUnexplainedDifferenceNamesTheReceipts(t *testing.T) {
	inShop(t, func(s *shop) {
		c := s.devices[0]
		s.pay(s.card(500))
		before := c.tamper(invent(zvtsim.Payment, 1250))
		part := s.part(s.settle(), "left")
		if len(part.Differences) != 1 || !strings.Contains(part.Differences[0].Cause, "12.50 EUR more") || !strings.Contains(part.Differences[0].Cause, part.Terminal.Last) {
			t.Errorf("%+v", part.Differences)
		}
		c.off()
		c.on(before)
	}, zvtsim.Options{})
}

// A counter of one byte stops at 255: then the amounts alone decide.
func TestAFullCounterSaysNothing(t *testing.T) {
	inShop(t, func(s *shop) {
		for range 260 {
			s.pay(s.card(100))
		}
		done := s.settle()
		s.agrees(done)
		if b := s.part(done, "left").Terminal.Brands; len(b) != 1 || !b[0].Full || b[0].Count != 255 || b[0].Amount != 26000 {
			t.Errorf("%+v", b)
		}
	}, zvtsim.Options{CardAfter: 1})
}

func TestMoreMoneyBackThanCame(t *testing.T) {
	inShop(t, func(s *shop) {
		p := s.pay(s.card(1250))
		s.agrees(s.settle())
		s.givenBack("refund", p, 1250, zvtsim.Card{})
		s.differs(s.settle(), "not_told", nil)
	}, zvtsim.Options{})
}
