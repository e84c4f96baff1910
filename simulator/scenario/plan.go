package scenario

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// payments is the number of planned sales at the counter. Those that phones pay, and declined ones that are tried again in cash, come on top.
const payments = 230

// sale is one planned sale.
type sale struct {
	order  pos.OrderRef
	amount pos.Minor // no two sales of a day have the same, so that money can be traced without asking the till
	tender pos.Tender
	card   zvtsim.Do
	retry  bool // tried again in cash when the card is refused
	kill   *kill
}

// kill is a planned power cut.
type kill struct {
	who   victim
	at    zvtsim.Moment // of a card payment, for killedByTerminal
	of    string        // the message concerned, such as "06 01"
	byte  int           // of that message, for ByteReceived
	after time.Duration // since the request, for killedInCommit
	bytes int64         // sent since the network is back, for killedInDrain

	struck atomic.Bool
}

// String tells a kill in the words of a report.
func (k *kill) String() string {
	switch k.who {
	case killedByTerminal:
		return fmt.Sprintf("the agent, by the terminal at %s %s byte %d", k.at, k.of, k.byte)
	case killedInCommit:
		return fmt.Sprintf("the agent, %s after a cash sale was asked for", k.after)
	case killedInDrain:
		return fmt.Sprintf("the agent, after %d bytes of a drain", k.bytes)
	}
	return "the platform, between commit and acknowledgement"
}

// victim says who is killed, and by what.
type victim int

const (
	killedByTerminal  victim = iota + 1 // the agent, by the card terminal at a moment of the payment
	killedInCommit                      // the agent, a moment after a cash sale was asked for
	killedInDrain                       // the agent, in the middle of sending what it had saved
	killedBeforeReply                   // the platform, between its commit and its acknowledgement
)

// plan is a day as a seed makes it.
type plan struct {
	sales []sale // at the counter, one after the other
	phone []phoneSale
	cut   []int // sales before which the network is cut
	mend  []int // sales before which it is mended

	backs  map[int][]backAt // what is given back before a sale
	backed map[int]bool     // sales of which something is given back
}

// agentMoments are the moments of a card payment at which the agent is killed: before, between and after all three marks.
func agentMoments(r *rand.Rand) []*kill {
	return []*kill{
		{at: zvtsim.ByteReceived, of: "06 01", byte: 3},             // the command's first byte that names it
		{at: zvtsim.ByteReceived, of: "06 01", byte: 4 + r.IntN(8)}, // in the middle of the command
		{at: zvtsim.Received, of: "06 01"},                          // the whole command
		{at: zvtsim.Sending, of: "04 0f"},                           // before the result
		{at: zvtsim.Delivered, of: "04 0f"},                         // the result has arrived, the commit is under way
		{at: zvtsim.Accepted},                                       // our 80 00 has arrived: mark 2 must be on disk
		{at: zvtsim.Sending, of: "06 d3"},                           // in the middle of the receipt
		{at: zvtsim.Sending, of: "06 0f"},                           // before the completion
	}
}

// makePlan makes the day of a seed. The same seed gives the same plan.
func makePlan(seed uint64) plan {
	r := rand.New(rand.NewPCG(seed, 0x7111_900f))
	p := plan{sales: make([]sale, payments), backed: map[int]bool{}}
	for i := range p.sales {
		p.sales[i] = planSale(r, i)
	}
	// Two cuts, with sales in them, and what was saved is sent after each.
	first, second := 30+r.IntN(20), 130+r.IntN(20)
	p.cut, p.mend = []int{first, second}, []int{first + 35 + r.IntN(10), second + 35 + r.IntN(10)}
	for _, do := range []zvtsim.Do{zvtsim.LoseResult, zvtsim.LoseResult, zvtsim.LoseResult, zvtsim.LoseBeforeAck, zvtsim.LoseBeforeAck} {
		s := p.free(r, 5, payments)
		s.tender, s.card = pos.Card, do
	}
	for _, k := range agentMoments(r) {
		k.who = killedByTerminal
		s := p.free(r, 5, payments-20) // a kill that a dead wire prevents strikes at a later card
		s.tender, s.card, s.kill = pos.Card, zvtsim.Approve, k
	}
	for range 3 {
		s := p.free(r, 5, payments)
		s.tender, s.kill = pos.Cash, &kill{who: killedInCommit, after: time.Duration(r.IntN(3000)) * time.Microsecond}
	}
	for _, at := range p.mend {
		s := &p.sales[at]
		s.tender, s.kill = pos.Cash, &kill{who: killedInDrain, bytes: int64(50 + r.IntN(1500))}
	}
	for _, online := range [][2]int{{p.mend[0] + 5, p.cut[1]}, {p.mend[1] + 5, payments}} {
		s := p.free(r, online[0], online[1])
		s.tender, s.kill = pos.Cash, &kill{who: killedBeforeReply}
	}
	p.planPhones(r)
	p.planBacks(r)
	p.planPhoneBacks()
	return p
}

func planSale(r *rand.Rand, i int) sale {
	s := sale{order: pos.OrderRef(fmt.Sprintf("day/%04d", i)), amount: pos.Minor(1000*(1+r.IntN(90)) + i), tender: pos.Cash, retry: r.IntN(2) == 0}
	if r.IntN(100) < 60 || i == 0 {
		s.tender, s.card = pos.Card, zvtsim.Approve
	}
	if s.tender == pos.Card && i > 0 {
		switch n := r.IntN(100); {
		case n < 10:
			s.card = zvtsim.Decline
		case n < 15:
			s.card = zvtsim.CustomerAbort
		case n < 20:
			s.card = zvtsim.OfflineApprove
		}
	}
	return s
}

// free picks a sale without a kill that is not the first one after a cut or a mending.
func (p *plan) free(r *rand.Rand, from, to int) *sale {
	for {
		i := from + r.IntN(to-from)
		if p.sales[i].kill == nil && !slices.Contains(p.cut, i) && !slices.Contains(p.mend, i) {
			return &p.sales[i]
		}
	}
}
