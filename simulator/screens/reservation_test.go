package screens_test

import "testing"

// hold has an amount held on a card, found where the page keeps it: in the list of payments.
func (p *tab) hold(digits ...string) {
	p.t.Helper()
	p.keys("p")
	p.click("history-held")
	p.click("hold")
	p.keys(digits...)
	p.picture("asks")
	p.click("amount-confirm")
	p.becomes("reserved")
	p.until(`one('state').dataset.tone === 'held' && text('state-charged') === 'Nothing is paid yet.' && visible('book') && visible('release') && !visible('void')`)
}

func TestAnAmountIsHeldAndBookedWithoutThePlatform(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	p := s.cashier(1024, 600)
	d := s.display(p, 1024, 600)
	p.hold("1", "0", "0", "0", "0")
	d.until(`one('display-state').dataset.tone === 'held' && text('display-word') === 'Held on your card'`)
	id := p.running()
	if held := s.held(); held != 0 {
		t.Errorf("the card terminal counts %d of an amount that is only held", held)
	}
	p.next()

	p.keys("d") // the terminal settles nothing while it holds an amount, and the page leads to it
	p.until(`visible('day-none')`)
	p.click("settle")
	p.click("settle-start")
	p.until(`one('settle-result')?.dataset.ok === 'false' && document.querySelector('[data-code="reserved"]')`)
	p.picture("settlement refused")
	p.click("difference-payment")
	p.becomes("reserved")

	s.play("/network", `{"up":false}`)
	p.until(`text('mode') === 'Offline'`)
	s.play("/card", `{"next":"approve","after_ms":1500}`)
	p.keys("b")
	p.until(`text('amount-value') === '€100.00'`)
	p.keys("6", "2", "5", "0", "\r")
	p.click("confirm-yes")
	p.until(`one('state').dataset.operation === 'requested' && text('state-word') === 'Booking'`)
	p.reload()
	p.becomes("captured")
	p.until(`text('state-word') === 'Approved' && text('state-amount') === '€62.50' && text('state-detail').includes('€100.00 was held') && !visible('rest')`)
	s.wait("the card terminal has booked it", func() bool { return s.held() == 6250 })
	s.play("/network", `{"up":true}`)
	p.until(`text('mode') === 'Online'`)
	s.wait("the platform has it", func() bool { return s.payment(id).Acknowledged })
}

func TestAnAmountIsHeldAndReleased(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	p := s.cashier(390, 844)
	p.hold("5", "0", "0", "0")
	p.value(`localStorage.setItem('tillproof.language', 'zh-CN')`)
	p.reload()
	p.until(`status() === 'reserved' && text('state-charged') === '尚未付款。'`)
	p.chinese("held")
	p.click("book")
	p.until(`visible('amount-value')`)
	p.chinese("book")
	p.keys("\x1b")
	p.until(`!one('sheet').open`)
	p.click("release")
	p.until(`one('confirm').open && ['€50.00', '1111'].every((part) => document.getElementById('confirm-text').textContent.includes(part))`)
	p.chinese("release?")
	p.click("confirm-yes")
	p.becomes("voided")
	p.until(`text('state-word') === '预授权已撤销' && visible('try-again')`)
	p.chinese("released")
	p.whole()
	if held := s.held(); held != 0 {
		t.Errorf("the card terminal holds %d", held)
	}
	p.next()
	p.keys("p")
	p.click("history-held")
	p.until(`text('history-empty') === '没有未完成的预授权。'`)
	p.chinese("nothing held")
}
