package screens_test

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestACardsLostResultIsUnknownUntilTheTerminalTells(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	p := s.cashier(1024, 600)
	s.play("/card", `{"next":"lose_result","after_ms":300}`)
	p.amount("900")
	order := p.order()
	p.pay("card")
	p.becomes("approved") // the terminal has charged, and is asked
	p.went("unknown wait_terminal")
	s.only(order, "approved")
	p.next()
}

func TestAnUnknownCardPaymentSaysWhatToDoAndCanBeGivenUp(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	p := s.cashier(1024, 600)
	p.amount("900")
	order := p.order()
	s.play("/card", `{"next":"slow_pin","after_ms":60000}`)
	p.pay("card")
	p.becomes("pending")
	s.play("/unplug", `{"device":"terminal","for_ms":6000}`)
	p.becomes("unknown")
	unknown := p.value(`one('state').dataset.payment`)
	p.until(`next() === 'wait_terminal' && text('next-step').includes('Do not charge again')`)
	p.until(`text('state-charged').includes('may have paid')`)
	p.until(`visible('ask-again') && visible('give-up') && visible('set-aside') && !visible('cancel')`)
	p.click("give-up")
	p.until(`one('confirm').open && document.activeElement.dataset.testid === 'confirm-no'`)
	p.picture("asked")
	p.click("confirm-no")
	p.until(`!one('confirm').open && status() === 'unknown'`)
	if s.payment(unknown).Unwanted {
		t.Fatal("no was taken for yes")
	}
	p.click("give-up")
	p.click("confirm-yes")
	p.until(`visible('try-again') && text('state-charged').includes('order is free')`)
	p.picture("given up")
	p.click("try-again")
	p.until(`!visible('state') && text('total') === '€9.00' && text('attempt').includes('2')`)
	p.until(`one('tender-card').getAttribute('aria-disabled') === 'true' && text('tender-card-reason') !== ''`) // it still owes an answer
	p.pay("cash")
	p.click("cash-exact")
	p.becomes("approved")
	p.next()
	s.wait("the terminal has answered for the first payment", func() bool { return s.payment(unknown).Status != "unknown" })
	p.until(`document.querySelector('[data-testid="recent"][data-id="` + unknown + `"]').dataset.status !== 'unknown'`)
	list := s.payments(order)
	if len(list) != 2 || list[0].Status != "approved" || list[0].Tender != "cash" || list[0].Attempt != 2 || !list[1].Unwanted {
		t.Errorf("the order: %s", describe(list))
	}
	t.Logf("the card terminal says in the end: %s", list[1].Status)
}

func TestACodeWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	p := s.cashier(1024, 600)
	platform := s.child("platform")
	p.amount("320")
	order := p.order()
	p.pay("code")
	p.until(`next() === 'scan_code'`)
	platform.freeze()
	s.play("/show", `{"scheme":"wechat"}`)
	p.becomes("unknown")
	p.until(`next() === 'wait_platform' && text('next-step').includes('The platform is asked')`)
	p.until(`text('state-charged').includes('Do not charge again')`)
	p.picture("unknown code")
	platform.thaw()
	bench.figures.note(t, "platform is back -> unknown code is approved on the page", p.until(`status() === 'approved'`), 5*time.Second)
	s.only(order, "approved")
	p.next()

	p.amount("330") // the same again, and nobody wants to wait
	order = p.order()
	p.until(`text('mode') === 'Online'`)
	p.pay("code")
	p.until(`next() === 'scan_code'`)
	platform.freeze()
	s.play("/show", `{"scheme":"wechat"}`)
	p.becomes("unknown")
	first := p.running()
	p.click("give-up")
	p.click("confirm-yes")
	p.click("try-again")
	p.pay("cash")
	p.click("cash-exact")
	p.becomes("approved")
	p.next()
	platform.thaw()
	s.wait("the code is decided", func() bool { return s.payment(first).Status != "unknown" })
	s.wait("money that came after all is given back", func() bool { return s.acquired("code")["EUR"].Amount == 320 })
	list := s.payments(order)
	if len(list) != 2 || list[0].Status != "approved" || list[0].Tender != "cash" || !list[1].Unwanted {
		t.Errorf("the order: %s", describe(list))
	}
	// Which of the two it is depends on what the platform reads first: the call, or the record that nobody wants it any more.
	s.wait("the till knows that it was given back, or never taken", func() bool { return slices.Contains([]string{"refunded", "cancelled"}, s.payment(first).Status) })
	p.until(`['refunded', 'cancelled'].includes(document.querySelector('[data-testid="recent"][data-id="` + first + `"]').dataset.status)`)
}

// sum is a total of the acquirer's own books.
type sum struct{ Count, Amount int }

// acquired is what the acquirer holds of a tender, by currency.
func (s *shop) acquired(tender string) map[string]sum {
	s.t.Helper()
	var totals map[string]map[string]map[string]sum
	if status := s.call("GET", s.Control+"/totals", "", &totals); status != 200 {
		s.t.Fatal(fmt.Errorf("totals: %d", status))
	}
	return totals["acquirer"][tender]
}
