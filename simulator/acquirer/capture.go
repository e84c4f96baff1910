package acquirer

import (
	"context"
	"time"

	"github.com/tillproof/tillproof/pos"
	proto "github.com/tillproof/tillproof/sync/acquirer"
)

// capture is an offline approval that was brought for collection. It is no account, since its money is in the card terminal's totals; only what was collected
// by the card of a reader is.
type capture struct {
	order proto.Order
	tries map[string]proto.Answer
	ready map[string]int64 // when a try is decided, milliseconds since 1970-01-01 UTC
	taken pos.Money        // zero until a try was accepted
	times int              // how often it was taken

	read  bool // a card of a reader was opened for it
	cards int  // how often card data came

	transaction string // of the statement's line
	chargedBack bool
}

// Capture is [proto.Acquirer.Capture]. The plan of the ref says how many tries are declined; one that was accepted stays the only one.
func (a *Acquirer) Capture(ctx context.Context, order proto.Order, captureID string) (proto.Answer, error) {
	a.mu.Lock()
	c := a.captureOf(order)
	answer, known := c.tries[captureID]
	unopened, refused := unread(c)
	switch {
	case known:
	case refused:
		answer = unopened
	case a.underWay(c, captureID):
		answer = proto.Answer{State: proto.Waiting, Code: "PROCESSING", Text: "The issuer is asked."}
	default:
		answer = a.collect(c, order)
		c.tries[captureID] = answer
	}
	lost, hang := a.strikes(order.Ref, func(c *Customer) *int { return &c.LoseCaptures }, CaptureLost), a.customer(order.Ref).Hang
	a.unlock()
	return answerUnless(ctx, lost, hang, answer)
}

// captureOf finds or begins an offline approval. The mutex is held.
func (a *Acquirer) captureOf(order proto.Order) *capture {
	c := a.captures[order.Ref]
	if c == nil {
		c = &capture{order: order, tries: map[string]proto.Answer{}, ready: map[string]int64{}}
		a.captures[order.Ref] = c
	}
	return c
}

// underWay says whether a try is not decided yet. The mutex is held.
func (a *Acquirer) underWay(c *capture, captureID string) bool {
	now, after := time.Now(), a.customer(c.order.Ref).CaptureAfter
	if _, began := c.ready[captureID]; !began {
		c.ready[captureID] = now.Add(after).UnixMilli()
	}
	if now.UnixMilli() >= c.ready[captureID] {
		return false
	}
	a.events = append(a.events, Event{Moment: CapturePending, Ref: c.order.Ref, Order: c.order.OrderRef, Amount: c.order.Amount, At: now.UnixMilli()})
	return true
}

// collect decides one try. The mutex is held.
func (a *Acquirer) collect(c *capture, order proto.Order) proto.Answer {
	event := Event{Moment: Collected, Ref: order.Ref, Order: order.OrderRef, Amount: order.Amount, At: time.Now().UnixMilli()}
	if plan := a.customer(order.Ref); plan.RefuseTries > 0 {
		plan.RefuseTries--
		event.Moment = NotTaken
		a.events = append(a.events, event)
		return proto.Answer{State: proto.Declined, Code: "51", Text: "The issuer declined: not enough money.", At: event.At}
	}
	if c.taken == (pos.Money{}) {
		c.taken = order.Amount
		c.times++
		c.transaction = a.transaction("C")
		a.line(Capture, &order, c.transaction, "", c.taken)
		a.account(c)
		a.events = append(a.events, event)
	}
	return proto.Answer{State: proto.Paid, Amount: c.taken, Transaction: c.transaction, At: event.At}
}

// Captured is what was collected of an offline approval, and how often; zero when nothing was.
func (a *Acquirer) Captured(ref string) (pos.Money, int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c := a.captures[ref]; c != nil {
		return c.taken, c.times
	}
	return pos.Money{}, 0
}
