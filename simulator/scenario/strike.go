package scenario

import (
	"context"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/network"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// prepare puts the card into the terminal and arms the kill.
func (y *day) prepare(s *sale, attempt int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.running = s.amount
	if attempt > 1 {
		return
	}
	if s.kill != nil && s.kill.who == killedByTerminal {
		y.armed = append(y.armed, s.kill)
	}
	if s.kill != nil && s.kill.who == killedInCommit {
		time.AfterFunc(s.kill.after, func() { y.killAgent(s.kill) })
	}
	if s.tender == pos.Card {
		y.presentCard(s)
	}
}

// presentCard lays the sale's card on the terminal and takes away one that an earlier sale did not come to. A kill that is still
// to strike needs a card that gets as far as its moment.
func (y *day) presentCard(s *sale) {
	card := zvtsim.Card{Do: s.card}
	if len(y.armed) > 0 {
		card.Do = zvtsim.Approve
	}
	y.terminal.TakeAway()
	y.terminal.Next(card)
}

// observe is called by the terminal before it goes on: who is killed here dies at exactly this moment.
func (y *day) observe(e zvtsim.Event) {
	y.mu.Lock()
	y.witness.see(e, y.running)
	var k *kill
	if len(y.armed) > 0 {
		k = y.armed[0]
	}
	if b := y.strikesBack(e); b != nil {
		y.mu.Unlock()
		y.killAgent(b)
		return
	}
	strikes := k != nil && e.Moment == k.at && (k.of == "" || e.Command == k.of) && (k.at != zvtsim.ByteReceived || e.Byte >= k.byte)
	if strikes {
		y.armed = y.armed[1:]
	}
	y.mu.Unlock()
	if strikes {
		y.killAgent(k)
	}
}

// killAgent carries a planned kill out. An agent that a phone's trouble has killed just before dies as soon as it lives again.
func (y *day) killAgent(k *kill) {
	k.struck.Store(true)
	for until := time.Now().Add(startLimit); !y.agent.kill() && time.Now().Before(until); {
		time.Sleep(probeEvery)
	}
}

// commitTime is how long the platform may take to commit a record of a till that is online; a restart of either may come between.
const commitTime = 45 * time.Second

// killPlatform waits until the platform's mark covers the payment, whose acknowledgement is held back on the wire, and kills it
// there. The caller holds trouble.
func (y *day) killPlatform(ctx context.Context, k *kill, p api.Payment) error {
	for until := time.Now().Add(commitTime); ; time.Sleep(retryPause) {
		covered, err := y.marked(ctx, p)
		if err != nil {
			return err
		}
		if covered {
			break
		}
		if time.Now().After(until) {
			y.violate(fmt.Sprintf("law 6: the platform did not commit payment %s within %s", p.ID, commitTime))
			return nil
		}
		if err := y.raise(ctx); err != nil {
			return err
		}
	}
	k.struck.Store(true)
	y.platform.kill()
	y.centre.Cut() // what the dead one had handed to its network is lost too
	y.centre.Release(network.Up)
	y.centre.Restore()
	if again, err := y.client.payment(ctx, p.ID.String()); err == nil && again.Acknowledged {
		y.violate(fmt.Sprintf("payment %s was acknowledged although the acknowledgement was held back", p.ID))
	}
	return y.raisePlatform(ctx)
}

// missedKills says which planned kills did not happen: a day without them proves less than it says.
func (y *day) missedKills() {
	if len(y.result.Violations) > 0 {
		return // the day was ended early
	}
	for i := range y.plan.sales {
		if s := &y.plan.sales[i]; s.kill != nil && !s.kill.struck.Load() {
			y.violate(fmt.Sprintf("plan: a kill did not strike at sale %s: %s", s.order, s.kill))
		}
	}
	for _, k := range y.armedBack {
		y.violate(fmt.Sprintf("plan: a kill did not strike while money was given back: %s", k))
	}
}
