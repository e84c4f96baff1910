package screens_test

import (
	"fmt"
	"strings"
	"testing"
)

// display opens the customer's screen beside the cashier's.
func (s *shop) display(p *tab, width, height int64) *tab {
	s.t.Helper()
	d := p.tab(s.Display, width, height)
	d.until(`shown() === 'idle' && text('display-word') === 'Welcome'`)
	return d
}

// showsQR waits until a screen has drawn a symbol.
func (p *tab) showsQR() {
	p.t.Helper()
	p.until(`visible('qr') && one('qr').complete && one('qr').naturalWidth > 0 && Number(one('qr').dataset.pixels) > 0`)
}

func TestAnIssuedQRIsPaidFromTheDisplay(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	p := s.cashier(1024, 600)
	d := s.display(p, 1024, 600)
	p.click("goods-2000000016160") // Tomato soup, 6.20
	d.until(`shown() === 'cart' && text('display-amount') === '€6.20' && text('display-lines').includes('Tomato soup')`)
	order := p.order()
	p.pay("qr")
	p.until(`next() === 'customer_pays' && visible('countdown')`)
	d.showsQR()
	d.until(`text('display-word') === 'Scan to pay' && text('display-amount') === '€6.20' && /[0-9]:[0-9]{2}/.test(text('countdown'))`)
	d.picture("to scan")
	running := s.only(order, "pending")
	if running.Scheme != "wechat" {
		t.Errorf("%+v", running)
	}
	s.play("/customer", fmt.Sprintf(`{"payment":%q,"pays":true}`, running.ID))
	p.becomes("approved")
	d.until(`shown() === 'approved' && text('display-word') === 'Thank you' && !visible('qr')`)
	d.picture("thanks")
	s.only(order, "approved")
	p.next()

	p.amount("500") // a customer who says no
	order = p.order()
	p.pay("qr")
	d.showsQR()
	s.play("/customer", fmt.Sprintf(`{"payment":%q,"pays":false}`, p.running()))
	p.becomes("declined")
	d.until(`shown() === 'declined' && !visible('qr')`)
	s.only(order, "declined")
}

func TestAQRThatNobodyPaysExpires(t *testing.T) {
	t.Parallel()
	s := openShop(t, true)
	p := s.cashier(1024, 600)
	d := s.display(p, 1024, 600)
	p.amount("620")
	order := p.order()
	p.pay("qr")
	p.until(`next() === 'customer_pays' && visible('countdown')`)
	d.showsQR()
	p.becomes("expired")
	p.until(`text('state-charged') === 'Nothing was charged.' && visible('try-again')`)
	d.until(`shown() === 'expired' && !visible('qr')`)
	d.picture("expired")
	s.only(order, "expired")
}

func TestAQRMadeOfflineIsPresentedAndNotConfirmed(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	p := s.cashier(1024, 600)
	d := s.display(p, 1024, 600)
	s.play("/network", `{"up":false}`)
	p.until(`text('mode') === 'Offline'`)
	p.amount("360")
	order := p.order()
	p.until(`text('tender-qr-reason').includes('cannot be confirmed')`)
	p.pay("qr")
	p.until(`next() === 'not_confirmed' && one('state').dataset.tone === 'presented' && /not confirmed/i.test(text('state-word'))`)
	d.showsQR()
	d.until(`one('display-state').dataset.tone === 'presented' && text('display-text').includes('cannot see your payment')`)
	p.picture("presented")
	d.picture("presented")
	running := s.only(order, "pending")
	if running.Scheme != "epc" {
		t.Errorf("%+v", running)
	}
	s.play("/customer", fmt.Sprintf(`{"payment":%q,"pays":true}`, running.ID))
	d.value(`location.reload()`) // paid, and nobody here can know
	d.showsQR()
	d.until(`one('display-state').dataset.tone === 'presented'`)
	if got := p.value(`status() + ' ' + next()`); got != "pending not_confirmed" {
		t.Errorf("offline the page shows %s", got)
	}
	if got := d.value(`document.body.innerText`); !strings.Contains(got, "Scan to pay") || strings.Contains(got, "Thank") {
		t.Errorf("the display thanks for what nobody has confirmed: %s", got)
	}
	s.play("/network", `{"up":true}`)
	p.becomes("approved")
	d.until(`shown() === 'approved' && text('display-word') === 'Thank you'`)
	s.only(order, "approved")
}
