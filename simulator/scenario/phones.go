package scenario

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tillproof/tillproof/pos"
)

// phoneSale is a planned sale that a customer pays with a phone. It goes on beside the sales at the counter.
type phoneSale struct {
	sale
	how   manner
	at    int           // begins before this sale of the counter
	code  string        // of tender code
	asked chan struct{} // closed when the acquirer has the call that asks for the money
	first *sync.Once    // closes it

	came *atomic.Bool // its trouble has come
	next int          // the planned sale that repeats it when the trouble did not come; 0 for none

	reference string     // in the QR of the till's own, once it was shown
	backs     []giveBack // what the cashier gives back of it
}

// oddly is what an odd customer pays more than asked. Amounts of a day end on its sales' numbers, which are below it.
const oddly pos.Minor = 500

// paid is what the customer means to pay.
func (s *phoneSale) paid() pos.Minor {
	if s.how.odd {
		return s.amount + oddly
	}
	return s.amount
}

// request is what the shop's software asks the till for.
func (s *phoneSale) request(now time.Time) request {
	r := request{Order: string(s.order), Attempt: 1, Amount: int64(s.amount), Currency: string(currency), Tender: string(s.tender)}
	if s.tender == pos.QR {
		r.Scheme = s.how.scheme
	} else if !s.how.scanned {
		r.Code = s.code
	}
	if s.how.life > 0 {
		r.Ends = now.Add(s.how.life).UTC().Format("2006-01-02T15:04:05.000Z07:00")
	}
	return r
}

// planPhones spreads the phones over the day: those that need the network over the times that have it.
func (p *plan) planPhones(r *rand.Rand) {
	online := [][2]int{{2, p.cut[0] - 6}, {p.mend[0] + 2, p.cut[1] - 6}, {p.mend[1] + 2, payments}}
	offline := [][2]int{{p.cut[0] + 3, p.mend[0] - 8}, {p.cut[1] + 3, p.mend[1] - 8}}
	for _, m := range manners() {
		for range m.count {
			at := within(r, online)
			if m.offline {
				at = within(r, offline)
			}
			p.planPhone(r, m, at)
			if m.trouble.needsLuck() {
				p.phone[len(p.phone)-1].next = len(p.phone)
				p.planPhone(r, m, later)
			}
		}
	}
}

// count is how many sales are sure to take place.
func (p *plan) count() int {
	n := len(p.sales)
	for i := range p.phone {
		if p.phone[i].at != later {
			n++
		}
	}
	return n
}

// later marks a sale that begins only when the one that it repeats has missed its trouble.
const later = -1

func (p *plan) planPhone(r *rand.Rand, m manner, at int) {
	n := payments + len(p.phone)
	s := phoneSale{how: m, at: at, asked: make(chan struct{}), first: &sync.Once{}, came: &atomic.Bool{}}
	s.sale = sale{order: pos.OrderRef(fmt.Sprintf("day/%04d", n)), amount: pos.Minor(1000*(1+r.IntN(90)) + n), tender: m.tender, retry: m.retry}
	if m.odd && m.transfer == 0 {
		s.how.customer.Amount = s.paid()
	}
	if m.tender == pos.Code {
		s.code, _ = newCode(m.scheme, r.IntN) // all schemes of the manners are known
	}
	p.phone = append(p.phone, s)
}

// within picks a number out of ranges, each number equally often.
func within(r *rand.Rand, ranges [][2]int) int {
	all := 0
	for _, x := range ranges {
		all += x[1] - x[0]
	}
	n := r.IntN(all)
	for _, x := range ranges {
		if n < x[1]-x[0] {
			return x[0] + n
		}
		n -= x[1] - x[0]
	}
	return 0
}
