package screens_test

import "testing"

func TestAnOrderIsPaidInParts(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	p := s.cashier(1024, 600)
	p.amount("3000")
	order := p.order()
	p.click("split")
	p.until(`text('amount-value') === '€30.00'`)
	p.keys("1", "2", "0", "0")
	p.until(`text('amount-note').includes('€18.00 is still to pay')`)
	p.picture("part")
	p.keys("\r")
	p.until(`text('total') === '€12.00' && text('split-text').includes('€30.00')`)
	p.picture("desk")
	p.whole()
	p.pay("card")
	p.becomes("approved")
	p.until(`text('rest') === '€18.00' && !visible('next-customer')`)
	p.picture("rest")
	p.reload()
	p.until(`text('rest') === '€18.00'`)
	p.keys("\r")
	p.until(`!visible('state') && text('total') === '€18.00' && text('total-word') === 'Still to pay' && text('split-text').includes('€12.00 paid')`)
	p.pay("cash")
	p.until(`text('cash-total') === '€18.00'`)
	p.click("cash-note-2000")
	p.becomes("approved")
	p.until(`text('change') === '€2.00' && !visible('rest') && visible('next-customer')`)
	p.next()
	list := s.payments(order)
	if len(list) != 2 || list[0].Amount != 1800 || list[1].Amount != 1200 || list[0].Attempt != 2 {
		t.Errorf("the order: %s", describe(list))
	}
}
