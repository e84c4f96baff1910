package ui_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestTheDisplayFollowsTheSale looks at the customer's screen beside the cashier's through one sale of every kind.
func TestTheDisplayFollowsTheSale(t *testing.T) {
	chrome := browser(t)
	for name, size := range combinations() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			till := open(chrome, t, f.URL+"/till", 1024, 600)
			till.click("lang-" + name[len(name)-2:])
			display := till.tab(f.URL+"/display", size[0], size[1])
			till.followed(f, display, "display "+name)
		})
	}
}

func (p *page) followed(f *fakeTill, display *page, name string) {
	p.t.Helper()
	display.shows("idle", name+" 1 idle")
	p.click("goods-4012345000001")
	p.click("goods-4012345000001")
	p.click("goods-4012345000007")
	p.until(`text('total') === '€8.85'`)
	display.until(`text('display-amount') === '€8.85' && one('display-lines').children.length === 2`)
	display.shows("cart", name+" 2 cart")
	p.click("tender-card")
	display.shows("pending", name+" 3 card")
	id := p.value(`one('state').dataset.payment`)
	f.change(id, states["unknown"])
	display.shows("unknown", name+" 4 unknown")
	f.change(id, states["declined"])
	display.shows("declined", name+" 5 declined")
	p.click("try-again")
	p.click("tender-qr")
	display.until(`visible('qr') && one('qr').complete && one('qr').dataset.pixels`)
	display.shows("pending", name+" 6 qr")
	display.crisp()
	id = p.value(`one('state').dataset.payment`)
	f.mode("offline", object{"records": 1, "payments": 0, "amounts": object{}})
	f.change(id, object{"next": object{"code": "not_confirmed", "text": "Presented."}})
	display.until(`one('display-state').dataset.tone === 'presented'`)
	p.until(`one('state').dataset.tone === 'presented' && visible('set-aside')`)
	display.shows("pending", name+" 7 not confirmed")
	if text := display.value(`document.body.innerText`); strings.Contains(text, "Thank") || strings.Contains(text, "谢谢") {
		p.t.Errorf("a payment that nobody has confirmed is shown as paid: %s", text)
	}
	f.change(id, object{"status": "approved", "approved_amount": 885})
	display.shows("approved", name+" 8 thanks")
	p.click("next-customer")
	display.shows("approved", "")
}

// shows waits for a state and checks that everything fits without scrolling.
func (p *page) shows(status, picture string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`one('display-state').dataset.status === '%s'`, status))
	if picture != "" {
		p.picture(picture)
	}
	if got := p.value(`(() => {
		const wrong = [];
		for (const e of document.querySelectorAll('h1, p, ol, img')) {
			if (!e.checkVisibility() || e.classList.contains('spoken')) continue;
			const r = e.getBoundingClientRect();
			if (r.left < -1 || r.top < -1 || r.right > innerWidth + 1 || r.bottom > innerHeight + 1) wrong.push((e.dataset.testid || e.id) + ' sticks out');
		}
		return wrong.join('; ');
	})()`); got != "" {
		p.t.Errorf("%s: %s", status, got)
	}
}

// crisp checks that the symbol's modules are whole pixels on whole pixels, and that no larger one would fit.
func (p *page) crisp() {
	p.t.Helper()
	if got := p.value(`(() => {
		const r = one('qr').getBoundingClientRect();
		const k = r.width * devicePixelRatio / Number(one('qr').dataset.modules);
		const room = one('qr').parentElement;
		const larger = (k + 1) * Number(one('qr').dataset.modules) / devicePixelRatio <= Math.min(room.clientWidth, room.clientHeight);
		const whole = (n) => Math.abs(n * devicePixelRatio - Math.round(n * devicePixelRatio)) < 0.01;
		return k >= 1 && Math.abs(k - Math.round(k)) < 0.001 && whole(r.left) && whole(r.top) && !larger ? '' : JSON.stringify([k, r, room.clientWidth, room.clientHeight]);
	})()`); got != "" {
		p.t.Errorf("the symbol is not crisp: %s", got)
	}
}
