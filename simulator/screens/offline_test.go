package screens_test

import (
	"testing"
	"time"
)

func TestSellingGoesOnWithoutTheNetwork(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	p := s.cashier(1024, 600)
	s.play("/network", `{"up":false}`)
	bench.figures.note(t, "cable pulled -> page says offline", p.until(`text('mode') === 'Offline'`), 2*time.Second)
	p.until(`visible('toast') && text('toast').includes('Offline since') && text('toast').includes('cash and card go on')`)
	p.picture("announced")

	p.amount("1250")
	p.until(`one('tender-code').getAttribute('aria-disabled') === 'true' && text('tender-code-reason').includes('needs the platform')`)
	p.pay("cash")
	p.click("cash-exact")
	p.becomes("approved")
	p.next()
	p.until(`/1 saved.*€12.50.*sends by itself/.test(text('backlog')) && visible('send-now')`)
	p.picture("one saved")
	s.play("/card", `{"next":"approve"}`) // the card terminal has a line of its own
	p.amount("700")
	p.pay("card")
	p.becomes("approved")
	p.next()
	p.until(`text('backlog').includes('2 saved') && text('backlog').includes('€19.50')`)

	s.play("/network", `{"up":true}`)
	p.click("send-now")
	took := p.until(`text('mode') === 'Online' && /^All \d+ records delivered$/.test(text('backlog'))`)
	bench.figures.note(t, "line back, send now pressed -> all delivered", took, 2*time.Second)
	p.until(`!visible('send-now')`)
	for _, sold := range s.payments("") {
		if !sold.Acknowledged {
			t.Errorf("the page says delivered, the till does not: %+v", sold)
		}
	}
	if n := len(s.payments("")); n != 2 {
		t.Errorf("%d payments", n)
	}
}

// TestASilentPlatformIsToldAtOnce has a platform that is connected and does not answer, which only the first request can find out.
func TestASilentPlatformIsToldAtOnce(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	p := s.cashier(1024, 600)
	platform := s.child("platform")
	p.amount("310")
	order := p.order()
	p.pay("code")
	p.until(`next() === 'scan_code'`)
	platform.freeze()
	began := time.Now()
	s.play("/show", `{"scheme":"alipay"}`)
	p.until(`text('mode') !== 'Online' && visible('toast')`)
	bench.figures.note(t, "first unanswered request -> mode change announced", time.Since(began), 2*time.Second)
	t.Logf("announced: %s: %s", p.value(`text('mode')`), p.value(`text('toast')`))
	p.becomes("unknown")
	p.until(`next() === 'wait_platform' && text('state-charged').includes('may have paid')`)
	p.click("set-aside")
	p.until(`!visible('state')`)

	p.amount("450") // the next customer
	p.until(`one('tender-code').getAttribute('aria-disabled') === 'true' && text('tender-code-reason').includes('needs the platform')`)
	p.picture("code refused")
	p.until(`text('total') === '€4.50' && one('tender-cash').getAttribute('aria-disabled') === 'false'`)
	var problem map[string]any
	status := s.call("POST", s.Till+"/v1/payments", `{"order":"refused-1","amount":450,"currency":"EUR","tender":"code","code":"134500000000000909"}`, &problem)
	if status != 403 || problem["rule"] != "code_online_only" || problem["money"] != "none_moved" {
		t.Errorf("by the API: %d %v", status, problem)
	}
	second := p.order()
	p.pay("cash")
	p.click("cash-exact")
	p.becomes("approved")
	s.only(second, "approved")
	p.next()

	platform.thaw()
	p.until(`text('mode') === 'Online'`)
	s.wait("the silent payment is decided", func() bool { return s.payments(order)[0].Status == "approved" })
	p.until(`[...document.querySelectorAll('[data-testid="recent"]')].every((e) => e.dataset.status === 'approved')`)
	s.only(order, "approved")
}
