package scenario

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// giveBack is money that the cashier is to give back of an approved payment.
type giveBack struct {
	key    pos.OperationKey
	void   bool
	amount pos.Minor  // of a refund; 0 for all that is left
	tender pos.Tender // cash, or "" for the way the money came
	kill   *kill      // of the agent, at a moment of the card terminal's command
	dies   trouble    // who is killed while the platform has the refund: agentDies, platformDies or nobody
}

// backAt is a give-back at the counter: before one sale, of the payment of an earlier one.
type backAt struct {
	giveBack
	of int // place of the earlier sale
}

// backMoments are the moments of a void and of a refund by card at which the agent is killed: up to where the terminal has the command. A till that dies
// later must wait for three quarters of a minute, since the terminal may still take it back; the crash suite does that, a day has no time for it.
func backMoments() []*kill {
	return []*kill{
		{who: killedByTerminal, at: zvtsim.ByteReceived, of: "06 30", byte: 4}, {who: killedByTerminal, at: zvtsim.Received, of: "06 31"},
		{who: killedByTerminal, at: zvtsim.ByteReceived, of: "06 31", byte: 6},
	}
}

// planBacks gives back some of what was sold. Parts of a card payment end on its sale's number, so that the terminal's own refunds can be traced to
// their orders; parts of all others are whole thousands, so that what is left ends on it.
func (p *plan) planBacks(r *rand.Rand) {
	p.backs = map[int][]backAt{}
	for _, k := range backMoments() {
		p.planBack(r, pos.Card, giveBack{void: k.of == "06 30", kill: k}, false)
	}
	for i := range 7 {
		p.planBack(r, pos.Card, giveBack{void: i < 2, amount: pos.Minor(1000 * (i % 3))}, false)
	}
	p.planBack(r, pos.Card, giveBack{tender: pos.Cash, amount: 1000}, false)
	for i := range 4 {
		p.planBack(r, pos.Cash, giveBack{void: i == 0, amount: pos.Minor(1000 * (i % 3))}, false)
		p.planBack(r, pos.Cash, giveBack{void: i == 1, amount: pos.Minor(1000 * (i % 2))}, true)
	}
	for i := range 2 {
		k := &kill{who: killedInCommit, after: time.Duration(r.IntN(3000)) * time.Microsecond}
		p.planBack(r, pos.Cash, giveBack{void: i == 0, kill: k}, i == 1)
	}
}

// planBack picks a plain sale and a later moment, inside or outside the times without a network.
func (p *plan) planBack(r *rand.Rand, tender pos.Tender, b giveBack, offline bool) {
	for {
		of := r.IntN(payments - 40)
		at := of + 1 + r.IntN(30)
		s := &p.sales[of]
		plain := s.tender == tender && s.kill == nil && (tender == pos.Cash || s.card == zvtsim.Approve) && s.amount > 4000
		if !plain || p.backed[of] || p.offlineAt(at) != offline {
			continue
		}
		p.backed[of] = true
		if tender == pos.Card && b.tender == "" && b.amount > 0 {
			b.amount += pos.Minor(of) // it ends on the sale's number, see planSale
		}
		b.key = pos.OperationKey(fmt.Sprintf("back/%04d", of))
		p.backs[at] = append(p.backs[at], backAt{b, of})
		return
	}
}

// offlineAt says whether the network is cut before a sale of the counter.
func (p *plan) offlineAt(i int) bool {
	for n := range p.cut {
		if i > p.cut[n] && i <= p.mend[n] {
			return true
		}
	}
	return false
}

// phoneBacks is how many phone sales money is given back of.
const phoneBacks = 14

// planPhoneBacks gives back parts of what phones pay without trouble: through the acquirer, in one or two parts or all, over kills and lost answers.
func (p *plan) planPhoneBacks() {
	ways := [][]giveBack{
		{{amount: 1000}}, {{}}, {{amount: 1000}, {amount: 2000}}, {{amount: 2000, dies: platformDies}}, {{dies: agentDies}}, {{amount: 1000, tender: pos.Cash}},
		{{amount: 1000}, {amount: 1000}, {}},
	}
	n := 0
	for i := range p.phone {
		s := &p.phone[i]
		if s.how.trouble != noTrouble || s.how.offline || s.how.odd || s.how.retry || s.how.moneyComesLate() || s.amount <= 4000 || n >= phoneBacks {
			continue
		}
		for part, b := range ways[n%len(ways)] {
			b.key = pos.OperationKey(fmt.Sprintf("back/%04d/%d", payments+i, part))
			s.backs = append(s.backs, b)
		}
		s.how.customer.LoseRefunds = n % 2
		n++
	}
}
