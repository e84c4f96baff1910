package screens_test

import "testing"

// held is what the card terminal itself holds of card payments.
func (s *shop) held() (amount int) {
	s.t.Helper()
	var totals map[string]map[string]map[string]sum
	s.call("GET", s.Control+"/totals", "", &totals)
	return totals["terminal"]["card"]["EUR"].Amount
}

func TestACardSaleIsVoidedAndAnotherRefundedInParts(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	p := s.cashier(1024, 600)
	p.amount("1250")
	p.pay("card")
	p.becomes("approved")
	p.until(`visible('void') && visible('refund')`)
	p.click("void")
	p.until(`one('confirm').open && ['€12.50', '1111'].every((part) => document.getElementById('confirm-text').textContent.includes(part))`)
	p.picture("asks")
	p.keys("\x1b")
	p.until(`!one('confirm').open && status() === 'approved'`)
	s.play("/card", `{"next":"approve","after_ms":1200}`)
	p.click("void")
	p.click("confirm-yes")
	p.until(`one('state').dataset.operation === 'requested' && text('state-amount') === '€12.50'`)
	p.picture("giving")
	p.becomes("voided")
	p.until(`text('state-charged').includes('not charged') && !visible('void') && !visible('refund')`)
	s.wait("the card terminal holds nothing", func() bool { return s.held() == 0 })
	p.next()

	p.amount("2000")
	order := p.order()
	p.pay("card")
	p.becomes("approved")
	p.next()
	p.keys("p") // found again by its order
	p.until(`one('sheet').open && document.querySelectorAll('[data-testid="history-row"]').length === 2`)
	p.picture("list")
	p.run(typed("history-search", order))
	p.until(`document.querySelectorAll('[data-testid="history-row"]').length === 1`)
	p.keys("\r")
	p.until(`status() === 'approved' && !one('sheet').open`)
	p.keys("r")
	p.until(`text('amount-value') === '€20.00'`)
	p.keys("9", "9", "9", "9")
	p.until(`one('amount-confirm').disabled && text('amount-note').includes('€20.00')`) // never more than was paid
	p.keys("\b", "\b", "\b", "\b", "5", "0", "0")
	p.until(`text('amount-value') === '€5.00' && text('amount-note').includes('€15.00')`)
	p.picture("refund")
	p.keys("\r")
	p.until(`one('confirm').open && ['€5.00', '1111'].every((part) => document.getElementById('confirm-text').textContent.includes(part))`)
	p.click("confirm-yes")
	p.becomes("partly_refunded")
	p.until(`text('state-amount') === '€5.00' && text('state-detail').includes('€15.00 left')`)
	s.wait("the card terminal has given it back", func() bool { return s.held() == 1500 })
	p.whole()

	p.click("refund")
	p.click("way-cash")
	p.click("amount-confirm")
	p.click("confirm-yes")
	p.becomes("refunded")
	p.until(`text('change') === '€15.00' && text('change-word') === 'Hand out'`)
	p.keys("\x1b", "p")
	p.until(`document.querySelector('[data-testid="history-row"] .history-back').textContent === '−€20.00'`)
	p.keys("\x1b")
	p.until(`!one('sheet').open`)
}

func TestTheTerminalIsKilledInMidVoid(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	p := s.cashier(1024, 600)
	p.amount("900")
	p.pay("card")
	p.becomes("approved")
	id := p.running()
	s.play("/card", `{"next":"approve","after_ms":60000}`)
	p.click("void")
	p.click("confirm-yes")
	p.until(`one('state').dataset.operation === 'requested'`)
	s.play("/unplug", `{"device":"terminal","for_ms":4000}`)
	p.until(`one('state').dataset.operation === 'unknown' && one('state').dataset.tone === 'unknown'`)
	p.until(`text('state-charged').includes('Do not give it back again') && text('next-step') !== '' && visible('ask-again') && visible('decide')`)
	p.picture("unknown")
	p.reload()
	p.until(`one('state').dataset.operation === 'unknown' || status() === 'voided' || one('state').dataset.operation === 'refused'`)
	p.until(`['voided', 'refused'].some((end) => [status(), one('state').dataset.operation].includes(end))`)
	p.picture("decided")
	var after struct{ Status string }
	s.get("/v1/payments/"+id, &after)
	if held := s.held(); (after.Status == "voided") != (held == 0) {
		t.Errorf("the page says %s, the card terminal holds %d", after.Status, held)
	}
	t.Logf("in the end: %s", after.Status)
}

func TestCashGoesBackAndTheRequestOutlivesTheTill(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	p := s.cashier(1024, 600)
	p.amount("700")
	p.pay("cash")
	p.click("cash-exact")
	p.becomes("approved")
	id := p.running()
	s.killed(p, func() {
		p.click("void")
		p.click("confirm-yes")
		p.until(`status() === 'sending' && text('state-amount') === '€7.00'`)
	})
	p.becomes("voided")
	p.until(`text('change') === '€7.00' && text('change-word') === 'Hand out'`)
	p.value(`localStorage.setItem('tillproof.language', 'zh-CN')`)
	p.reload()
	p.until(`text('change') === '€7.00' && text('change-word') === '请付给顾客' && text('state-word') === '已撤销'`)
	p.picture("chinese")
	var after struct {
		Operations []struct{ Status string }
	}
	if s.get("/v1/payments/"+id, &after); len(after.Operations) != 1 || after.Operations[0].Status != "done" {
		t.Errorf("%+v", after)
	}
	if kept := p.value(`localStorage.getItem('tillproof.operation')`); kept != "null" {
		t.Errorf("still kept: %s", kept)
	}
}
