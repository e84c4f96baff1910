package ui_test

import (
	"testing"
)

// TestHeldPictures walks through what becomes of an amount that is held on a card, as TestPictures does through a sale.
func TestHeldPictures(t *testing.T) {
	chrome := browser(t)
	for name, size := range combinations() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := holding(t)
			p := open(chrome, t, f.URL+"/till", size[0], size[1])
			p.click("lang-" + name[len(name)-2:])
			p.until(`visible('tender-cash')`)
			p.heldStates(f, name)
		})
	}
}

func (p *page) heldStates(f *fakeTill, name string) {
	p.t.Helper()
	step := func(what string) {
		p.t.Helper()
		p.picture(name + " " + what)
		p.whole(what)
	}
	display := p.tab(f.URL+"/display", 1024, 600)
	p.keys("p")
	p.click("history-held")
	p.until(`text('history-empty') !== ''`)
	step("40 nothing held")
	p.click("hold")
	step("41 hold")
	p.keys("1", "0", "0", "0", "0")
	step("42 hold keyed")
	p.keys("\r")
	p.until(`status() === 'pending'`)
	step("43 pending")
	id := p.running()
	f.change(id, reserved(10000))
	p.until(`status() === 'reserved'`)
	step("44 held")
	display.shows("reserved", name+" 45 display held")
	p.click("next-customer")
	p.until(`!visible('state')`)
	step("46 desk")
	p.keys("p")
	p.click("history-held")
	p.until(`visible('history-row')`)
	step("47 list")
	p.click("history-row")
	p.until(`visible('decide')`)
	step("48 viewed")
	p.until(`one('state').querySelector('.stage').scrollHeight <= one('state').querySelector('.stage').clientHeight`) // nothing is hidden below
	p.click("book")
	p.keys("6", "2", "5", "0")
	step("49 book")
	p.keys("0")
	step("50 book too much")
	p.keys("\b", "\r")
	p.until(`one('confirm').open`)
	step("51 confirm")
	p.keys("\x1b")
	for _, state := range []string{"requested", "unknown", "refused"} {
		code := map[string]string{"requested": "wait", "unknown": "resolve", "refused": "book"}[state]
		f.change(id, object{"operations": operation("capture", state, 6250), "next": object{"code": code, "text": "What the till says about it stands here, in a sentence or two."}})
		p.until(`one('state').dataset.operation === '` + state + `'`)
		step("52 booking " + state)
	}
	f.change(id, object{"status": "captured", "approved_amount": 6250, "returnable": 6250, "operations": operation("capture", "done", 6250)})
	p.until(`status() === 'captured'`)
	step("53 booked")
	f.change(id, object{"status": "voided", "operations": operation("void", "done", 10000), "approved_amount": nil})
	p.until(`status() === 'voided'`)
	step("54 released")
}
