package screens_test

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// refusedConnections is what a browser's console says of requests to a program that is not there.
var refusedConnections = []string{"net::ERR_CONNECTION_REFUSED", "net::ERR_CONNECTION_RESET", "net::ERR_INCOMPLETE_CHUNKED_ENCODING",
	"net::ERR_EMPTY_RESPONSE", "net::ERR_SOCKET_NOT_CONNECTED"}

func TestAReloadInMidSaleShowsTheSamePayment(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	p := s.cashier(1024, 600)
	p.click("goods-2000000021218") // Coffee beans, 9.50
	p.value(`location.reload()`)
	p.until(`visible('line-0') && text('total') === '€9.50' && text('mode') === 'Online'`)
	order := p.order()
	s.play("/card", `{"next":"slow_pin","after_ms":3000}`)
	p.pay("card")
	p.becomes("pending")
	id := p.running()
	p.value(`location.reload()`)
	p.until(fmt.Sprintf(`status() === 'pending' && one('state').dataset.payment === %q`, id))
	p.becomes("approved")
	if sold := s.only(order, "approved"); sold.ID != id || sold.Amount != 950 {
		t.Errorf("%+v", sold)
	}
}

// killed takes the till's power away in the middle of a sale, measures how long the page needs to say so, and gives it back.
func (s *shop) killed(p *tab, meanwhile func()) {
	s.t.Helper()
	p.expect(refusedConnections...)
	s.child("run").kill()
	took := p.until(`visible('agent-gone') && text('agent-gone').includes('Nothing was lost')`)
	bench.figures.note(s.t, "till's program killed -> page says it is gone", took, 2*time.Second)
	p.picture("gone")
	meanwhile()
	s.play("/kill", `{"what":"agent"}`) // which starts it again
	took = p.until(`!visible('agent-gone') && text('mode') !== 'No answer'`)
	bench.figures.note(s.t, "till's program answers again -> page goes on", took, 2*time.Second)
}

func TestTheTillsProgramIsKilledInMidSale(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	p := s.cashier(1024, 600)
	p.value(`globalThis.neverReloaded = true`)

	p.amount("620") // a QR that the customer is about to pay
	order := p.order()
	p.pay("qr")
	p.showsQR()
	id := p.running()
	s.killed(p, func() {
		if got := p.value(`status() + ' ' + one('state').dataset.payment`); got != "pending "+id {
			t.Errorf("the payment has changed its face: %s", got)
		}
		p.until(`text('mode') === 'No answer'`)
	})
	p.until(fmt.Sprintf(`status() === 'pending' && one('state').dataset.payment === %q && visible('qr')`, id))
	s.wait("the till is online again", func() bool { return s.mode() == "online" })
	s.play("/customer", fmt.Sprintf(`{"payment":%q,"pays":true}`, id))
	p.becomes("approved")
	if sold := s.only(order, "approved"); sold.ID != id {
		t.Errorf("%+v", sold)
	}
	p.next()

	p.amount("1250") // a card that is in the terminal
	order = p.order()
	s.play("/card", `{"next":"slow_pin","after_ms":2000}`)
	p.pay("card")
	p.becomes("pending")
	id = p.running()
	s.killed(p, func() {})
	p.until(`status() !== 'pending' && status() !== 'unknown'`)
	t.Logf("the card payment over which the till died: %s", p.value(`status()`))
	if sold := s.payments(order); len(sold) != 1 || sold[0].ID != id {
		t.Errorf("the order: %s", describe(sold))
	}

	if p.value(`visible('next-customer')`) == "true" {
		p.next()
	}
	p.amount("999") // pressed while the program is gone: asked for until it is answered, and sold once
	order = p.order()
	s.killed(p, func() {
		p.pay("cash")
		p.click("cash-exact")
		p.becomes("sending")
	})
	p.becomes("approved")
	s.only(order, "approved")
	if p.value(`neverReloaded`) != "true" {
		t.Error("the page was loaded anew")
	}
}

// TestTheTillsProgramHangs has it stop without a word: its connections stay open, so that only the missing heartbeat tells.
func TestTheTillsProgramHangs(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	p := s.cashier(1024, 600)
	p.expect("net::ERR_ABORTED", "net::ERR_FAILED")
	s.play("/card", `{"next":"slow_pin","after_ms":4000}`)
	p.amount("1250")
	order := p.order()
	p.pay("card")
	p.becomes("pending")
	id := p.running()
	program := s.child("run")
	program.freeze()
	bench.figures.note(t, "till's program hangs -> page says it is gone", p.until(`visible('agent-gone')`), 2*time.Second)
	if got := p.value(`status() + ' ' + one('state').dataset.payment`); got != "pending "+id {
		t.Errorf("the payment has changed its face: %s", got)
	}
	program.thaw()
	bench.figures.note(t, "till's program goes on -> page goes on", p.until(`!visible('agent-gone')`), 2*time.Second)
	p.becomes("approved")
	s.only(order, "approved")
}

func TestTwoTabsShareOneSale(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	p := s.cashier(1024, 600)
	other := p.tab(s.Till+"/till", 390, 844)
	other.until(`visible('tender-cash') && text('mode') === 'Online'`)
	p.click("goods-2000000001012")
	other.until(`text('total') === '€2.40'`)
	order := p.order()
	s.play("/card", `{"next":"slow_pin","after_ms":1500}`)
	together(func() { p.value(`one('tender-card').click()`) }, func() { other.value(`one('tender-card').click()`) })
	p.becomes("pending")
	other.becomes("pending")
	if a, b := p.running(), other.running(); a != b {
		t.Errorf("the tabs show the payments %s and %s", a, b)
	}
	p.becomes("approved")
	other.becomes("approved")
	s.only(order, "approved")
	other.next()
	p.until(`!visible('state') && text('total') === '€0.00'`)
	if n := len(s.payments("")); n != 1 {
		t.Errorf("%d payments", n)
	}

	p.expect("status of 409") // two amounts handed over for one sale: the second is told of the first
	other.expect("status of 409")
	for range 5 { // cash is answered at once: whoever presses second must not begin another
		p.amount("250")
		other.until(`text('total') === '€2.50'`)
		order = p.order()
		for _, x := range []*tab{p, other} {
			x.click("tender-cash")
			x.until(`one('cash-dialog').open`)
		}
		together(func() { p.value(`one('cash-exact').click()`) }, func() { other.value(`one('cash-note-500').click()`) })
		p.becomes("approved")
		other.becomes("approved")
		s.only(order, "approved")
		p.next()
		other.until(`!visible('state') && text('total') === '€0.00'`)
	}
}

// together does two things at the same moment.
func together(a, b func()) {
	var both sync.WaitGroup
	both.Go(a)
	both.Go(b)
	both.Wait()
}
