package screens_test

import (
	"strings"
	"testing"
)

func TestASlowCustomersCode(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	p := s.cashier(1024, 600)
	p.amount("310")
	order := p.order()
	p.pay("code")
	p.until(`next() === 'scan_code' && visible('code-text')`)
	p.picture("scan")
	s.play("/scan", `{"text":"https://example.com/menu"}`) // a poster on the counter
	p.until(`visible('code-note') && next() === 'scan_code'`)
	t.Logf("told of the web address: %s", p.value(`text('code-note')`))
	p.picture("web address")
	s.play("/show", `{"scheme":"alipay","after_ms":3000}`)
	p.until(`next() === 'wait_customer' && visible('countdown') && /[0-9]:[0-9]{2}/.test(text('countdown'))`)
	p.picture("waits for the customer")
	before := p.value(`text('countdown')`)
	p.until(`text('countdown') !== ` + quoted(before))
	p.becomes("approved")
	if paid := s.only(order, "approved"); paid.Scheme != "alipay" || paid.Amount != 310 {
		t.Errorf("%+v", paid)
	}
	p.next()

	p.amount("320")
	order = p.order()
	p.pay("code")
	p.until(`next() === 'scan_code'`)
	s.play("/show", `{"again":true}`)
	p.until(`visible('code-note') && next() === 'scan_code'`)
	t.Logf("told of the used code: %s", p.value(`text('code-note')`))
	s.play("/show", `{"scheme":"wechat","pays":false,"after_ms":500}`)
	p.becomes("declined")
	p.until(`text('state-charged') === 'Nothing was charged.'`)
	s.only(order, "declined")
}

// TestACodeTypedByHandStaysASecret has the cashier type what the scanner cannot read. Whoever has the text within its minute can spend
// it.
func TestACodeTypedByHandStaysASecret(t *testing.T) {
	t.Parallel()
	s := openShop(t, true)
	p := s.cashier(1024, 600)
	const code = "281234567890123456"
	p.amount("310")
	order := p.order()
	p.pay("code")
	p.until(`next() === 'scan_code'`)
	p.keys(strings.Split(code, "")...)
	p.until(`one('code-text').value === ` + quoted(code))
	p.keys("\r")
	p.becomes("approved")
	s.only(order, "approved")
	p.nowhere([]string{code})
	if got := p.value(`one('code-text').value`); got != "" {
		t.Error("the code is still in its field")
	}
}

func TestScannedGoodsAppearInTheCart(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	p := s.cashier(1024, 600)
	s.play("/scan", `{"text":"2000000003030"}`)
	p.until(`visible('line-0') && text('line-0').includes('Flat White 澳白') && text('line-0').includes('€3.90')`)
	p.until(`text('total') === '€3.90'`)
	s.play("/scan", `{"text":"2000000021218"}`)
	s.play("/scan", `{"text":"2000000003030"}`)
	p.until(`one('line-0').dataset.quantity === '2' && text('line-1').includes('€9.50') && text('total') === '€17.30'`)
	p.picture("cart")
	p.whole()
	s.play("/scan", `{"text":"4006381333931"}`)
	p.until(`visible('toast') && text('total') === '€17.30'`)
	t.Logf("told of unknown goods: %s", p.value(`text('toast')`))
}
