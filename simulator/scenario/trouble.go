package scenario

import (
	"context"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/network"
)

// The lengths of the troubles.
const (
	acquirerAway = 200 * time.Millisecond  // the line to the acquirer after it was cut
	tillAway     = 1200 * time.Millisecond // the till's network after it was cut in the middle of a call
	askLimit     = 4 * time.Second         // a call that did not come by then does not come
)

// heard is told by the acquirer of each call that asks for money, before it is carried out.
func (y *day) heard(c bankCall) {
	y.mu.Lock()
	y.witness.ask(c)
	y.mu.Unlock()
	s := y.byOrder[c.Order]
	if s == nil {
		return
	}
	s.first.Do(func() { close(s.asked) })
	if s.how.trouble == agentDiesAsking && y.once(s) {
		y.came(s, y.agent.kill())
	}
	if s.how.trouble == platformDiesAsking && y.once(s) {
		y.trouble.Lock()
		y.came(s, y.platform.kill())
		y.phones.Go(func() {
			defer y.trouble.Unlock()
			y.restartPlatform()
		})
	}
}

// done is told of the same call when it was carried out and its answer has not left.
func (y *day) done(c bankCall) {
	if s := y.byOrder[c.Order]; s != nil && s.how.trouble == answerLost && y.once(s) {
		y.bank.line.Cut()
		y.came(s, true)
		time.AfterFunc(acquirerAway, y.bank.line.Restore)
	}
}

// once says whether a sale's trouble is still to come, and that it has come now.
func (y *day) once(s *phoneSale) bool {
	y.tally.Lock()
	defer y.tally.Unlock()
	before := y.troubled[s.order]
	y.troubled[s.order] = true
	return !before
}

// disturb brings a payment into trouble whose customer is busy. It returns false when the trouble could not come now.
func (y *day) disturb(ctx context.Context, s *phoneSale, p *api.Payment) bool {
	switch s.how.trouble {
	case agentDies:
		return y.came(s, y.agent.kill())
	case platformDies:
		y.trouble.Lock()
		defer y.trouble.Unlock()
		y.came(s, y.platform.kill())
		y.restartPlatform()
	case cashierStops, givenUp:
		return y.cashierCancels(ctx, s, p)
	}
	return true
}

// restartPlatform starts the platform after a kill. The caller holds trouble.
func (y *day) restartPlatform() {
	if err := y.raisePlatform(context.Background()); err != nil { // ended with the demo
		y.tally.Lock()
		defer y.tally.Unlock()
		y.failed = append(y.failed, err)
	}
}

// raisePlatform starts a platform that was killed. Its ledger is read before.
func (y *day) raisePlatform(ctx context.Context) error {
	broken, err := inspectLedger(ctx, y.places.ledger)
	if err != nil {
		return fmt.Errorf("read the dead ledger: %w", err)
	}
	y.violate(broken...)
	return y.platform.start(ctx)
}

// loseReplies keeps all that the platform says from the till, until the acquirer has the sale's call; then the line is cut, and
// mended a moment later. The returned function waits for that.
func (y *day) loseReplies(ctx context.Context, s *phoneSale) (wait func()) {
	y.awaitMode(ctx, "online")
	y.trouble.Lock()
	if y.offline {
		y.trouble.Unlock()
		return func() {}
	}
	y.shop.Hold(network.Down)
	ended := make(chan struct{})
	y.phones.Go(func() {
		defer close(ended)
		defer y.trouble.Unlock()
		select {
		case <-s.asked:
			y.came(s, s.how.trouble == replyLost)
		case <-time.After(askLimit):
		}
		y.shop.Cut()
		y.shop.Release(network.Down)
		y.tally.Lock()
		y.result.NetworkCuts++
		y.tally.Unlock()
		time.Sleep(tillAway)
		y.shop.Restore()
	})
	return func() { <-ended }
}

// happened counts something that the day must have seen.
func (y *day) happened(what trouble) {
	y.tally.Lock()
	defer y.tally.Unlock()
	y.result.Happened[string(what)]++
}

// came notes that a sale's trouble has come, if so.
func (y *day) came(s *phoneSale, so bool) bool {
	if so {
		s.came.Store(true)
		y.happened(s.how.trouble)
	}
	return so
}

// violate notes that a law was broken.
func (y *day) violate(what ...string) {
	y.tally.Lock()
	defer y.tally.Unlock()
	y.result.Violations = append(y.result.Violations, what...)
}

// note counts what the cashier saw of a payment in the end.
func (y *day) note(order pos.OrderRef, p api.Payment, doubted bool) {
	y.tally.Lock()
	defer y.tally.Unlock()
	if doubted {
		y.result.UnknownResolved++
	}
	y.result.count(firstAnswer(&p))
	y.answers[order] = append(y.answers[order], p)
}

// firstAnswer is what the cashier saw first. Who looks up late may find that money came after the end and went back: the end was
// without it.
func firstAnswer(p *api.Payment) pos.Status {
	if p.Status != pos.RefundDue && p.Status != pos.Refunded {
		return p.Status
	}
	if p.Tender == pos.QR {
		return pos.Expired
	}
	return pos.Cancelled
}
