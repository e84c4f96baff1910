package acquirer

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/tillproof/tillproof/pos"
	proto "github.com/tillproof/tillproof/sync/acquirer"
)

// Authorise is [proto.Acquirer.Authorise]. A code that was used for another order is declined.
func (a *Acquirer) Authorise(ctx context.Context, order proto.Order, code string) (proto.Answer, error) {
	a.queued(order.Ref)
	var answer proto.Answer
	err := a.deliver(ctx, order.Ref, func() error {
		answer = a.authorise(order, code)
		return nil
	})
	return answer, err
}

// queued plans the next customer of the queue for a ref that has no plan.
func (a *Acquirer) queued(ref string) {
	a.mu.Lock()
	defer a.unlock()
	if _, planned := a.planned[ref]; !planned && len(a.queue) > 0 {
		next := a.queue[0]
		a.planned[ref], a.queue = &next, a.queue[1:]
	}
}

// authorise carries the call out. The mutex is held.
func (a *Acquirer) authorise(order proto.Order, code string) proto.Answer {
	if b := a.accounts[order.Ref]; b != nil {
		a.overtaken(b, order)
		if b.order != order {
			return proto.Answer{State: proto.Declined, Code: "OUT_TRADE_NO_USED", Text: "The reference stands for another order."}
		}
		return b.answer()
	}
	b := a.open(order, pos.Code, proto.Waiting)
	a.happened(Opened, b, order.Amount)
	hash := sha256.Sum256([]byte(code))
	if _, used := a.codes[hash]; used {
		a.decline(b, CodeUsed, "AUTH_CODE_USED", "The code was used already.")
		return b.answer()
	}
	a.codes[hash] = order.Ref
	a.play(b)
	return b.answer()
}

// overtaken learns from a call that comes after its cancel what the closed ref was about. The mutex is held.
func (a *Acquirer) overtaken(b *account, order proto.Order) {
	if b.order.Amount == (pos.Money{}) {
		b.order = order
		a.happened(Overtaken, b, order.Amount)
	}
}

// Issue is [proto.Acquirer.Issue]. The payload looks like that of the order's scheme.
func (a *Acquirer) Issue(ctx context.Context, order proto.Order, ttl time.Duration) (proto.Issued, error) {
	var issued proto.Issued
	err := a.deliver(ctx, order.Ref, func() (err error) {
		issued, err = a.issue(order, ttl)
		return err
	})
	return issued, err
}

// issue carries the call out. The mutex is held.
func (a *Acquirer) issue(order proto.Order, ttl time.Duration) (proto.Issued, error) {
	b := a.accounts[order.Ref]
	switch {
	case b == nil:
		_, planned := a.planned[order.Ref]
		b = a.open(order, pos.QR, proto.Waiting)
		b.issued = proto.Issued{Payload: payload(order), ExpiresAt: time.Now().Add(ttl).UnixMilli()}
		a.happened(Opened, b, order.Amount)
		if planned {
			a.play(b)
		}
	case b.state == proto.Closed:
		a.overtaken(b, order)
		return proto.Issued{}, errClosed
	}
	return b.issued, nil
}

// payload is what a scheme's own QR looks like.
func payload(order proto.Order) string {
	switch order.Scheme {
	case "wechat":
		return "weixin://wxpay/bizpayurl?pr=" + order.Ref
	case "alipay":
		return "https://qr.alipay.com/bax" + order.Ref
	case "unionpay":
		return "https://qr.95516.com/00010000/" + order.Ref
	}
	return "https://pay.example/" + order.Ref
}

// Expect is [proto.Acquirer.Expect]. Money that came with the reference before is booked now.
func (a *Acquirer) Expect(ctx context.Context, order proto.Order, reference string) error {
	return a.deliver(ctx, order.Ref, func() error {
		if a.accounts[order.Ref] != nil {
			return nil
		}
		b := a.open(order, pos.QR, proto.Waiting)
		a.happened(Opened, b, order.Amount)
		a.references[reference], a.expected[order.Ref] = order.Ref, reference
		if money, came := a.loose[reference]; came {
			delete(a.loose, reference)
			a.receive(b, money.transaction, money.money.Amount, Charged)
		}
		return nil
	})
}

// Query is [proto.Acquirer.Query].
func (a *Acquirer) Query(ctx context.Context, ref string) (proto.Answer, error) {
	a.mu.Lock()
	answer, b := proto.Answer{State: proto.Absent}, a.accounts[ref]
	if b != nil {
		answer = b.answer()
	}
	lost, hang := a.strikes(ref, func(c *Customer) *int { return &c.LoseQueries }, QueryLost), a.customer(ref).Hang
	a.unlock()
	return answerUnless(ctx, lost, hang, answer)
}

// Cancel is [proto.Acquirer.Cancel]. A QR that a till made itself cannot be cancelled: what is printed or shown stays payable.
func (a *Acquirer) Cancel(ctx context.Context, ref string) (proto.Answer, error) {
	a.mu.Lock()
	b := a.accounts[ref]
	if b == nil {
		b = a.open(proto.Order{Ref: ref}, "", proto.Closed)
		a.happened(Buried, b, pos.Money{})
	}
	a.cancel(b)
	answer := b.answer()
	lost, hang := a.strikes(ref, func(c *Customer) *int { return &c.LoseCancels }, CancelLost), b.customer.Hang
	a.unlock()
	return answerUnless(ctx, lost, hang, answer)
}

// cancel closes what is unpaid and gives back what is paid. The mutex is held.
func (a *Acquirer) cancel(b *account) {
	if b.state == proto.Waiting && b.customer.BeforeCancel {
		b.customer.BeforeCancel = false
		a.charge(b, b.pays(), Snatched)
	}
	switch {
	case b.state == proto.Paid:
		back := b.charged - b.returned
		b.returned = b.charged
		b.enter(proto.Reversed)
		a.line(Reversal, &b.order, a.transaction("V"), b.transaction, b.money(-back))
		a.happened(Reverted, b, b.money(back))
	case b.state == proto.Waiting && (b.tender == pos.Code || b.issued.Payload != ""):
		b.enter(proto.Closed)
		a.happened(Shut, b, b.order.Amount)
		a.late(b)
	}
}

// Refund is [proto.Acquirer.Refund]. More than is there is declined.
func (a *Acquirer) Refund(ctx context.Context, ref, refundID string, amount pos.Money) (proto.Answer, error) {
	a.mu.Lock()
	b := a.accounts[ref]
	answer := proto.Answer{State: proto.Absent}
	if b != nil {
		answer = a.refund(b, refundID, amount)
	}
	lost, hang := a.strikes(ref, func(c *Customer) *int { return &c.LoseRefunds }, RefundLost), a.customer(ref).Hang
	a.unlock()
	return answerUnless(ctx, lost, hang, answer)
}

// refund gives money back, once for an id. The mutex is held.
func (a *Acquirer) refund(b *account, refundID string, amount pos.Money) proto.Answer {
	g := b.refunds[refundID]
	switch {
	case g != nil:
	case b.state != proto.Paid || amount.Currency != b.order.Amount.Currency || amount.Amount <= 0 || amount.Amount > b.charged-b.returned:
		return proto.Answer{State: proto.Declined, Code: "REFUND_REFUSED", Text: "There is not so much to give back."}
	case b.customer.RefuseRefunds > 0:
		b.customer.RefuseRefunds--
		a.happened(RefundRefused, b, amount)
		return proto.Answer{State: proto.Declined, Code: "NOTENOUGH", Text: "The merchant's balance is too low."}
	default:
		g = a.giveBack(b, amount.Amount)
		b.refunds[refundID] = g
	}
	if time.Now().UnixMilli() < g.at {
		a.happened(RefundPending, b, amount)
		return proto.Answer{State: proto.Waiting, Code: "PROCESSING", Text: "The refund is under way."}
	}
	return proto.Answer{State: proto.Refunded, Amount: b.money(g.amount), Transaction: g.transaction, At: b.at}
}

// giveBack books a refund. The mutex is held.
func (a *Acquirer) giveBack(b *account, amount pos.Minor) *giving {
	g := &giving{amount: amount, transaction: a.transaction("R"), at: time.Now().Add(b.customer.RefundAfter).UnixMilli()}
	b.returned += amount
	b.enter(proto.Paid)
	if b.returned == b.charged {
		b.enter(proto.Refunded)
	}
	a.line(Refund, &b.order, g.transaction, b.transaction, b.money(-amount))
	a.happened(GivenBack, b, b.money(amount))
	return g
}

// answerUnless is an answer, or what is seen of one that was lost.
func answerUnless(ctx context.Context, lost, hang bool, answer proto.Answer) (proto.Answer, error) {
	if lost {
		return proto.Answer{}, noAnswer(ctx, hang)
	}
	return answer, nil
}

// noAnswer is the end of a call whose request or answer was lost.
func noAnswer(ctx context.Context, hang bool) error {
	if hang {
		<-ctx.Done()
	}
	return errLost
}

// deliver carries a payment call on its way to the books and back, with the faults that the plan has for it.
func (a *Acquirer) deliver(ctx context.Context, ref string, carryOut func() error) error {
	a.mu.Lock()
	c := a.customer(ref)
	hang, slow := c.Hang, c.Slow
	request := a.strikes(ref, func(c *Customer) *int { return &c.LoseRequests }, RequestLost)
	answer := !request && a.strikes(ref, func(c *Customer) *int { return &c.LoseAnswers }, AnswerLost)
	if !request && slow > 0 {
		c.Slow = 0 // only the first is slow
		a.events = append(a.events, Event{Moment: RequestSlow, Ref: ref, At: time.Now().UnixMilli()})
	}
	a.unlock()
	if request {
		return noAnswer(ctx, hang)
	}
	err := a.arrive(ctx, slow, carryOut)
	if answer {
		return noAnswer(ctx, hang)
	}
	return err
}

// arrive carries a call out, at once or later; a late one is carried out even when its caller has gone.
func (a *Acquirer) arrive(ctx context.Context, slow time.Duration, carryOut func() error) error {
	locked := func() error {
		a.mu.Lock()
		defer a.unlock()
		return carryOut()
	}
	if slow <= 0 {
		return locked()
	}
	done := make(chan error, 1)
	time.AfterFunc(slow, func() { done <- locked() })
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return errLost
	}
}
