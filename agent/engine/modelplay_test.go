package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/wire"
)

// play does one act. Most refusals are what the engine is for; what a refusal says of the money is checked.
func (m *model) play(a act) {
	switch a.what {
	case "card", "cash", "code", "issued", "local", "split":
		m.sell(a)
	case "void", "refund", "cash refund":
		m.giveBack(a)
	case "again":
		m.askAgain(a)
	case "cancel", "abandon", "decide", "ask":
		m.decide(a)
	case "open shift", "close shift", "settle":
		m.day(a)
	case "away", "deaf", "dumb", "mend":
		m.centre.set(func() {
			m.centre.away, m.centre.deaf, m.centre.dumb = a.what == "away", a.what == "deaf", a.what == "dumb"
		})
	case "unplug":
		_ = m.c.unplug()
		m.c.connect()
	case "break":
		at := moments()[a.at]
		m.c.cutAt(at.moment, at.command)
	case "restart":
		m.crash()
		m.start()
		m.c.connect()
	}
	m.mend()
}

// mend opens a wire that has broken.
func (m *model) mend() {
	select {
	case <-m.c.ended:
		m.c.connect()
	default:
	}
}

// orderAmount is what an order costs; split payments take half of it each.
func orderAmount(order int) pos.Minor { return pos.Minor(1000 + 100*order) }

func (m *model) sell(a act) {
	r := engine.Request{Order: pos.OrderRef(fmt.Sprintf("order-%d", a.order)), Attempt: m.attempts[a.order] + 1, Amount: euros(orderAmount(a.order))}
	switch a.what {
	case "card":
		m.c.pt.Next(zvtsim.Card{Do: a.card})
		r.Tender = pos.Card
	case "cash":
		r.Tender, r.Tendered = pos.Cash, minor(5000)
	case "split":
		r.Tender, r.OrderAmount, r.Amount.Amount = pos.Cash, minor(orderAmount(a.order)), orderAmount(a.order)/2
	case "code":
		r.Tender, r.Code = pos.Code, fmt.Sprintf("1345%014d", rand.Int64N(1e14))
	case "issued":
		r.Tender, r.Scheme = pos.QR, "wechat"
	case "local":
		r.Tender, r.Scheme = pos.QR, "epc"
	}
	p, created, err := m.engine.Pay(r)
	if m.refused(a.what, err) || !created {
		return
	}
	m.attempts[a.order]++
	id := p.Intent.Payment
	m.requests, m.ids = append(m.requests, r), append(m.ids, id)
	m.mu.Lock()
	m.fates[id] = a
	m.mu.Unlock()
	if r.Tender == pos.Cash {
		m.drawer += r.Amount.Amount
	}
	if a.what == "local" {
		go m.customer(m.centre, wire.Call{Payment: id})
	}
}

// refused notes a refusal that does not say what it means for the money.
func (m *model) refused(what string, err error) bool {
	if err != nil && pos.MoneyOf(err) != pos.NoneMoved {
		m.complain("%s was refused with the money %s: %v", what, pos.MoneyOf(err), err)
	}
	return err != nil
}

// customer does with a payment what its act says.
func (m *model) customer(c *centre, call wire.Call) {
	<-time.After(time.Second)
	fate, amount := pos.Approved, pos.Minor(0)
	m.mu.Lock()
	if a, known := m.fates[call.Payment]; known {
		fate, amount = a.fate, orderAmount(a.order)
	}
	m.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.payments[call.Payment]; known != nil && known.Status != pos.Pending || amount == 0 {
		return
	}
	switch fate {
	case pos.Approved:
		c.settle(call.Payment, wire.Outcome{Status: pos.Approved, Amount: amount, Currency: "EUR", Transaction: "T"})
	case pos.RefundDue:
		for _, status := range []pos.Status{pos.Expired, pos.RefundDue, pos.Refunded} {
			c.settle(call.Payment, wire.Outcome{Status: status, Amount: amount, Currency: "EUR"})
		}
	default:
		c.settle(call.Payment, wire.Outcome{Status: fate})
	}
}

// pick is one of the payments so far.
func (m *model) pick(a act) (id pos.PaymentID, ok bool) {
	if i := len(m.ids) - 1 - a.which; i >= 0 {
		return m.ids[i], true
	}
	return id, false
}

func (m *model) giveBack(a act) {
	id, ok := m.pick(a)
	if !ok {
		return
	}
	g := given{payment: id, key: pos.OperationKey(fmt.Sprintf("op-%d", len(m.deeds))), void: a.what == "void"}
	if !g.void {
		g.request = engine.RefundRequest{Key: g.key, Amount: minor(orderAmount(0) * pos.Minor(a.part) / 10), Cashier: "anna"}
		if a.what == "cash refund" {
			g.request.Tender = pos.Cash
		}
	}
	m.c.pt.Next(zvtsim.Card{Do: a.card})
	if begun, err := m.operate(g); !m.refused(a.what, err) && begun {
		m.deeds = append(m.deeds, g)
		m.pays(g)
	}
}

func (m *model) operate(g given) (begun bool, err error) {
	if g.void {
		_, begun, err = m.engine.Void(g.payment, g.key, "anna")
	} else {
		_, begun, err = m.engine.Refund(g.payment, g.request)
	}
	return begun, err
}

// pays takes out of the drawer what a cash refund hands back.
func (m *model) pays(g given) {
	if o := m.payment(g.payment).Operation(g.key); o.Request.Tender == pos.Cash {
		m.drawer -= o.Request.Amount
	}
}

// askAgain sends a request once more: it must be found, whatever became of it.
func (m *model) askAgain(a act) {
	if i := len(m.requests) - 1 - a.which; i >= 0 {
		p, created, err := m.engine.Pay(m.requests[i])
		if err != nil || created || p.Intent.Payment != m.ids[i] {
			m.complain("request %d again: created %v, %v", i, created, err)
		}
	}
	if i := len(m.deeds) - 1 - a.which; i >= 0 {
		if begun, err := m.operate(m.deeds[i]); err != nil || begun {
			m.complain("operation %s again: begun %v, %v", m.deeds[i].key, begun, err)
		}
	}
}

// decide is what a cashier or a supervisor does about a payment.
func (m *model) decide(a act) {
	id, ok := m.pick(a)
	if !ok {
		return
	}
	switch a.what {
	case "cancel":
		_, err := m.engine.Cancel(id)
		_ = err // it says what the payment is when it cannot be cancelled any more
	case "ask":
		ctx, stop := context.WithTimeout(context.Background(), time.Minute)
		defer stop()
		_, _ = m.engine.Ask(ctx, id) // a device that is away cannot be asked
	case "abandon":
		_, err := m.engine.Resolve(id, engine.Resolve{Status: string(pos.Unknown), Evidence: record.Abandoned, Supervisor: "boss", PIN: "2580"})
		m.abandoned[id] = m.abandoned[id] || err == nil
	case "decide":
		if _, err := m.engine.Resolve(id, engine.Resolve{Status: string(pos.Approved), Evidence: record.BySlip, Text: "a slip", Supervisor: "boss", PIN: "0000"}); err == nil {
			m.complain("payment %s was decided with a wrong PIN", id)
		}
	}
}

// day is what happens at its ends.
func (m *model) day(a act) {
	switch a.what {
	case "open shift":
		if _, created, err := m.engine.OpenShift(engine.ShiftRequest{Cashier: "anna", PIN: "1470", Float: 500}); err == nil && created {
			m.open, m.float = true, 500
		}
	case "close shift":
		s, err := m.engine.CloseShift(engine.ShiftClose{Cashier: "anna", PIN: "1470", Counted: m.float + m.drawer})
		if err != nil || !m.open {
			return
		}
		if s.Expected != m.float+m.drawer {
			m.complain("the report expects %d in the drawer, there are %d", s.Expected, m.float+m.drawer)
		}
		m.open, m.float, m.drawer = false, 0, 0
	case "settle":
		ctx, stop := context.WithTimeout(context.Background(), 10*time.Minute)
		defer stop()
		s, err := m.engine.Settle(ctx, engine.SettleRequest{})
		if m.refused("the settlement", err) {
			return
		}
		for _, part := range s.Parts {
			told := slices.DeleteFunc(part.Differences, func(d record.DayDifference) bool { return d.Code == "not_told" }) // more refunds than sales
			if part.State == record.SettlementDone && len(told) > 0 && len(m.abandoned) == 0 {
				m.complain("the settlement of %q differs: %+v", part.Device, told)
			}
		}
	}
}
