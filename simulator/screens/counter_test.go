package screens_test

import (
	"testing"
)

func TestACardSaleByMouse(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	p := s.cashier(1024, 600)
	s.play("/card", `{"next":"approve","after_ms":800}`)
	p.amount("1250")
	p.until(`text('total') === '€12.50'`)
	order := p.order()
	p.pay("card")
	p.becomes("pending")
	p.until(`next() === 'wait' && text('next-step') !== '' && visible('cancel')`)
	p.becomes("approved")
	p.until(`text('state-amount') === '€12.50' && /visa.*1111/i.test(text('state-detail'))`)
	s.only(order, "approved")
	p.next()

	s.play("/card", `{"next":"decline"}`)
	p.amount("700")
	order = p.order()
	p.pay("card")
	p.becomes("declined")
	p.until(`text('state-reason') !== '' && text('state-charged') === 'Nothing was charged.'`)
	t.Logf("reason of the refusal: %s", p.value(`text('state-reason')`))
	s.only(order, "declined")
	p.click("try-again") // the same goods, the same order, another tender
	p.until(`!visible('state') && text('total') === '€7.00' && text('attempt').includes('2')`)
	p.pay("cash")
	p.click("cash-exact")
	p.becomes("approved")
	if list := s.payments(order); len(list) != 2 || list[0].Attempt != 2 || list[0].Tender != "cash" || list[0].Status != "approved" {
		t.Errorf("after the second try: %s", describe(list))
	}

	p.next()
	p.amount("800")
	s.play("/card", `{"next":"slow_pin","after_ms":60000}`)
	p.pay("card")
	p.becomes("pending")
	p.click("cancel") // asks the card terminal to stop
	p.becomes("cancelled")
	p.until(`text('state-charged') === 'Nothing was charged.'`)
}

func TestACardSaleByKeyboardAlone(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	p := s.cashier(1024, 600)
	s.play("/card", `{"next":"approve","after_ms":800}`)
	p.keys("1", "2", "5", "0")
	p.until(`text('total') === '€12.50'`)
	order := p.order()
	p.keys("k")
	p.becomes("pending")
	p.keys("\r") // Enter stops nothing
	p.becomes("approved")
	s.only(order, "approved")
	p.keys("\r")
	p.until(`!visible('state') && text('total') === '€0.00'`)
	s.play("/card", `{"next":"slow_pin","after_ms":60000}`)
	p.keys("5", "5", "0", "k")
	p.becomes("pending")
	order = p.order()
	p.keys("\x1b")
	p.becomes("cancelled")
	s.only(order, "cancelled")
	p.keys("n")
	p.until(`!visible('state') && text('total') === '€0.00'`)
}

func TestCashWithChangeByMouse(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	p := s.cashier(1024, 600)
	p.click("goods-2000000001012") // Espresso, 2.40
	p.click("goods-2000000001012")
	p.click("goods-2000000009094") // Butter croissant, 2.10
	p.amount("40")
	p.until(`text('total') === '€7.30' && one('line-0').dataset.quantity === '2'`)
	p.click("more-1")
	p.click("less-0")
	p.until(`text('total') === '€7.00'`)
	order := p.order()
	p.pay("cash")
	p.until(`text('cash-total') === '€7.00' && visible('cash-note-1000')`)
	p.picture("dialog")
	for _, key := range []string{"5", "00"} {
		p.click("cash-" + key)
	}
	p.until(`text('cash-change').includes('€2.00') && one('cash-confirm').disabled`) // still missing
	p.click("cash-clear")
	p.click("cash-note-1000")
	p.becomes("approved")
	p.until(`text('change') === '€3.00' && text('state-amount') === '€7.00'`)
	if paid := s.only(order, "approved"); paid.Amount != 700 || paid.Tender != "cash" {
		t.Errorf("%+v", paid)
	}
	p.next()
	p.until(`visible('recent')`)
}

func TestCashByKeyboardAlone(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	p := s.cashier(1024, 600)
	p.keys("1", "0", "0", "\r", "2", "5", "5", "\b", "c") // 1.00 and 0.25, one digit taken back
	p.until(`one('cash-dialog').open && text('cash-total') === '€1.25'`)
	order := p.order()
	p.keys("5", "0", "0", "\r")
	p.becomes("approved")
	p.until(`text('change') === '€3.75'`)
	s.only(order, "approved")
	p.keys("\r")
	p.until(`!visible('state') && text('total') === '€0.00'`)
	p.keys("5", "0", "c", "\r") // nothing keyed is the exact amount
	p.becomes("approved")
	p.until(`!visible('change')`)
}
