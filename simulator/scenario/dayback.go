package scenario

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// backTime is how long a give-back may take, an outage and kills included.
const backTime = 150 * time.Second

// giveBackBefore carries out what the counter gives back before a sale.
func (y *day) giveBackBefore(ctx context.Context, i int) error {
	for _, b := range y.plan.backs[i] {
		s := &y.plan.sales[b.of]
		p, found := y.approved(s.order)
		if !found {
			continue // the card was refused after all
		}
		switch {
		case s.tender == pos.Card && b.tender == "":
			y.layCard(b.kill)
		case b.kill != nil:
			time.AfterFunc(b.kill.after, func() { y.killAgent(b.kill) })
		}
		if err := y.back(ctx, &p, b.giveBack); err != nil {
			return fmt.Errorf("give back %s of sale %s: %w", b.key, s.order, err)
		}
	}
	return nil
}

// approved is the payment of an order that the cashier saw approved.
func (y *day) approved(order pos.OrderRef) (api.Payment, bool) {
	y.tally.Lock()
	defer y.tally.Unlock()
	for _, p := range y.answers[order] {
		if p.Status == pos.Approved && !p.Unwanted {
			return p, true
		}
	}
	return api.Payment{}, false
}

// layCard lays the customer's card on the terminal for a refund, and arms the kill.
func (y *day) layCard(k *kill) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if k != nil {
		y.armedBack = append(y.armedBack, k)
	}
	y.terminal.TakeAway()
	y.terminal.Next(zvtsim.Card{Do: zvtsim.Approve})
}

// back gives money back as a cashier does who is not told what became of it: always by the same key, until it is done. A key whose operation was refused
// has moved nothing; the cashier then begins another one.
func (y *day) back(ctx context.Context, p *api.Payment, b giveBack) error {
	ctx, cancel := context.WithTimeout(ctx, backTime)
	defer cancel()
	if p.Tender == pos.Card && b.tender == "" {
		y.atTerminal(p.ID, b.key, true)
		defer y.atTerminal(p.ID, b.key, false)
	}
	first := b.key
	for try := 0; ctx.Err() == nil; time.Sleep(retryPause) {
		o, err := y.askBack(ctx, p, &b)
		switch {
		case err != nil:
			if err := y.backRefused(ctx, err); err != nil {
				return err
			}
		case o.Status == pos.OperationDone:
			y.backDone(p, &b, o)
			return nil
		case o.Status == pos.OperationRefused:
			try++
			b.key = pos.OperationKey(fmt.Sprintf("%s-%d", first, try))
			if p.Tender == pos.Card && b.tender == "" {
				y.atTerminal(p.ID, b.key, true)
			}
		}
	}
	y.violate(fmt.Sprintf("%s of payment %s had no end within %s", b.key, p.ID, backTime))
	return nil
}

// atTerminal notes what the counter gives back by card now: the terminal's events do not tell it.
func (y *day) atTerminal(payment pos.PaymentID, key pos.OperationKey, now bool) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.giving = now
	y.witness.running = backKey{payment, key}
}

// askBack asks once, and finds the operation in the answer.
func (y *day) askBack(ctx context.Context, p *api.Payment, b *giveBack) (*api.Operation, error) {
	wait := 5 * time.Second
	if b.dies != noTrouble {
		wait = 0
		defer y.dieGiving(b.dies)
		b.dies = noTrouble // once
	}
	answer, err := y.client.giveBack(ctx, p.ID.String(), b, wait)
	if err != nil {
		return nil, err
	}
	for i := range answer.Operations {
		if o := &answer.Operations[i]; o.ID == string(b.key) {
			return o, nil
		}
	}
	y.violate(fmt.Sprintf("payment %s was answered without its operation %s", p.ID, b.key))
	return nil, errors.New("the operation is not in the answer")
}

// dieGiving kills the agent or the platform while a refund is on its way.
func (y *day) dieGiving(who trouble) {
	switch who {
	case agentDies:
		if y.agent.kill() {
			y.happened("refund_agent_killed")
		}
	case platformDies:
		y.trouble.Lock()
		defer y.trouble.Unlock()
		y.platform.kill()
		y.happened("refund_platform_killed")
		y.restartPlatform()
	}
}

// backRefused says whether the till's refusal ends the day. What is refused for the moment is asked for again; nothing has moved.
func (y *day) backRefused(ctx context.Context, err error) error {
	switch codeOf(err) {
	case "":
		return y.raise(ctx)
	case "offline_refused":
		y.happened("refund_offline_refused")
		time.Sleep(rescan)
	case "device_unavailable", "device_unresolved", "journal_stopped":
	default:
		return err
	}
	return nil
}

// backDone counts what went back by what the cashier saw.
func (y *day) backDone(p *api.Payment, b *giveBack, o *api.Operation) {
	y.tally.Lock()
	defer y.tally.Unlock()
	if b.void {
		y.result.Voids++
	} else {
		y.result.Refunds++
	}
	if p.Tender == pos.Cash || b.tender == pos.Cash {
		y.handed[p.ID] += o.Amount
	}
}

// strikesBack finds the kill that an event of the terminal calls for while money is given back. The caller holds mu.
func (y *day) strikesBack(e zvtsim.Event) *kill {
	if !y.giving {
		return nil
	}
	for i, k := range y.armedBack {
		if e.Moment == k.at && (k.of == "" || e.Command == k.of) && (k.at != zvtsim.ByteReceived || e.Byte >= k.byte) {
			y.armedBack = append(y.armedBack[:i:i], y.armedBack[i+1:]...)
			return k
		}
	}
	return nil
}
