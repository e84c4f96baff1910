package ui_test

import (
	"fmt"
	"testing"
	"time"
)

// sizes are a phone, a till and a large screen.
var sizes = [][2]int64{{360, 640}, {390, 844}, {800, 480}, {1024, 600}, {1920, 1080}}

// states are scripted ends and waits of a card payment.
var states = map[string]object{
	"approved":         {"status": "approved", "approved_amount": 1250, "brand": "girocard", "last4": "4242", "receipt_no": "0043", "trace": "000187"},
	"approved_offline": {"status": "approved_offline", "approved_amount": 1250, "brand": "Visa", "last4": "1111"},
	"declined":         {"status": "declined", "reason": object{"code": "declined", "text": "Insufficient funds"}, "next": object{"code": "retry", "text": "Try again."}},
	"expired":          {"status": "expired", "next": object{"code": "retry", "text": "Try again."}},
	"unknown":          {"status": "unknown", "next": object{"code": "wait_terminal", "text": "Do not charge again. The card terminal is asked what became of the payment."}},
	"refund_due":       {"status": "refund_due", "next": object{"code": "refund", "text": "Give the money back."}},
	"reserved":         {"status": "reserved", "reserved_amount": 1250, "brand": "Visa", "last4": "1111", "next": object{"code": "book", "text": "Book it."}},
	"forward_declined": {"status": "forward_declined", "reason": object{"code": "05", "text": "Do not honour"}},
}

// combinations are what is walked through: everything when somebody wants to look, else the narrowest and the usual screen.
func combinations() (names map[string][2]int64) {
	if *shots == "" {
		return map[string][2]int64{"360x640 en": {360, 640}, "1024x600 zh": {1024, 600}}
	}
	names = map[string][2]int64{}
	for _, size := range sizes {
		names[fmt.Sprintf("%dx%d en", size[0], size[1])], names[fmt.Sprintf("%dx%d zh", size[0], size[1])] = size, size
	}
	return names
}

// TestPictures walks through all states. Nothing may need scrolling sideways, no button may be cut off or too small for a finger.
func TestPictures(t *testing.T) {
	chrome := browser(t)
	for name, size := range combinations() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			p := open(chrome, t, f.URL+"/till", size[0], size[1])
			p.click("lang-" + name[len(name)-2:])
			p.until(`visible('tender-cash')`)
			p.show(f, name)
		})
	}
}

// show walks through the states.
func (p *page) show(f *fakeTill, name string) {
	p.t.Helper()
	p.picture(name + " 01 desk empty")
	if p.value(`visible('panel-goods')`) == "true" {
		p.click("panel-goods")
		p.picture(name + " 02 goods")
	}
	p.click("goods-4012345000001")
	p.click("goods-4012345000001")
	p.click("goods-4012345000007")
	if p.value(`visible('panel-cart')`) == "true" {
		p.click("panel-cart")
		p.picture(name + " 03 basket")
		p.click("panel-pad")
	}
	p.keys("1", "2", "5")
	p.picture(name + " 04 desk full")
	p.whole("desk full")
	p.click("tender-cash")
	p.keys("2", "0", "0", "0")
	p.picture(name + " 05 cash")
	p.click("cash-confirm")
	p.until(`status() === 'approved'`)
	p.picture(name + " 06 cash approved")
	p.whole("approved")
	p.click("next-customer")
	for state, members := range states {
		p.until(`!visible('state')`)
		p.keys("1", "2", "5", "0")
		p.click("tender-card")
		p.until(`status() === 'pending'`)
		f.change(p.value(`one('state').dataset.payment`), members)
		p.until(fmt.Sprintf(`status() === '%s'`, state))
		p.picture(name + " 07 card " + state)
		p.whole(state)
		if state == "unknown" {
			p.click("set-aside")
			continue
		}
		p.click("next-customer")
	}
	p.keys("1", "2", "5", "0")
	p.click("tender-card")
	p.until(`status() === 'pending'`)
	p.picture(name + " 08 card pending")
	p.whole("pending")
	p.click("cancel")
	p.click("try-again")
	p.click("tender-code")
	p.until(`visible('code-text')`)
	p.picture(name + " 09 code")
	p.click("cancel")
	p.click("try-again")
	p.click("tender-qr")
	p.until(`visible('qr') && one('qr').complete && one('qr').dataset.pixels`)
	p.picture(name + " 10 qr")
	p.whole("qr")
	f.mode("offline", object{"records": 9, "payments": 7, "amounts": object{"EUR": 31240}, "oldest_at": stamp(time.Now().Add(-130 * time.Minute).UTC())})
	f.change(p.value(`one('state').dataset.payment`), object{"next": object{"code": "not_confirmed", "text": "Presented, not confirmed."}})
	p.until(`one('state').dataset.next === 'not_confirmed'`)
	p.picture(name + " 11 qr not confirmed")
	p.whole("not confirmed")
	p.click("set-aside")
	p.until(`!visible('state')`)
	p.keys("9", "9", "0")
	p.picture(name + " 12 desk offline")
	f.set(func() {
		f.refuse = object{"status": 403, "code": "offline_refused", "rule": "code_online_only", "money": "none_moved", "title": "Forbidden",
			"detail": "The platform cannot be reached.", "next": "Take another tender."}
	})
	p.click("tender-card")
	p.until(`status() === 'refused'`)
	p.picture(name + " 13 refused")
	p.click("back")
	f.set(func() { f.down = true })
	p.until(`visible('agent-gone')`)
	p.picture(name + " 14 gone")
}

// whole checks that nothing sticks out of the window, and that every button can be seen and is large enough for a finger.
func (p *page) whole(what string) {
	p.t.Helper()
	got := p.value(`(() => {
		const wrong = [];
		if (document.documentElement.scrollWidth > innerWidth) wrong.push('scrolls sideways by ' + (document.documentElement.scrollWidth - innerWidth));
		if (document.documentElement.scrollHeight > innerHeight) wrong.push('scrolls down by ' + (document.documentElement.scrollHeight - innerHeight));
		for (const b of document.querySelectorAll('button')) {
			if (!b.checkVisibility() || b.closest('[inert]') || b.closest('#goods, #cart, .recents, .groups')) continue;
			const r = b.getBoundingClientRect();
			const id = b.dataset.testid;
			if (r.height < 47.5 || r.width < 47.5) wrong.push(id + ' is ' + r.width + 'x' + r.height);
			if (r.left < -1 || r.top < -1 || r.right > innerWidth + 1 || r.bottom > innerHeight + 1) wrong.push(id + ' sticks out');
		}
		return wrong.join('; ');
	})()`)
	if got != "" {
		p.t.Errorf("%s: %s", what, got)
	}
}
