package ui_test

import (
	"testing"
)

// sums is a total of one tender.
func sums(tender string, count, amount int) object {
	return object{tender: object{"EUR": object{"count": count, "amount": amount}}}
}

// shifted is an open shift in the middle of its day.
func shifted() object {
	report := object{"totals": object{}, "refunds": sums("card", 1, 500), "voids": sums("cash", 2, 1290), "tips": sums("card", 3, 410), "rounding": sums("cash", 9, -3),
		"approved_offline": sums("card", 1, 2200), "lost": object{}, "presented": object{}, "unknown_sums": sums("card", 1, 900), "unknown": []string{}, "duration_s": 16200,
		"records": object{"through": object{"epoch": epoch, "seq": 412}, "count": 412}}
	report["sales"] = object{"cash": sums("cash", 41, 38210)["cash"], "card": sums("card", 87, 214590)["card"], "code": sums("code", 12, 5120)["code"], "qr": sums("qr", 3, 990)["qr"]}
	return object{"id": epoch, "number": 12, "state": "open", "cashier": "cara", "business_date": "2026-03-02", "opened_at": "2026-03-02T07:00:00.000Z",
		"drawer": object{"currency": "EUR", "float": 15000, "expected": 51920}, "report": report}
}

// TestSheetPictures walks through the tasks beside selling, as TestPictures does through a sale.
func TestSheetPictures(t *testing.T) {
	chrome := browser(t)
	for name, size := range combinations() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.script["GET people"] = object{"items": []object{{"id": "anna", "name": "Anna", "role": "supervisor"}, {"id": "cara", "name": "Cara", "role": "cashier"}}}
			f.script["GET current"] = shifted()
			p := open(chrome, t, f.URL+"/till", size[0], size[1])
			p.click("lang-" + name[len(name)-2:])
			p.until(`visible('tender-cash')`)
			p.tasks(f, name)
		})
	}
}

func (p *page) tasks(f *fakeTill, name string) {
	p.t.Helper()
	step := func(what string) {
		p.picture(name + " " + what)
		p.whole(what)
	}
	p.keys("1", "2", "5", "0", "t")
	p.until(`visible('amount-value')`)
	step("20 split")
	p.keys("5", "0", "0", "\r")
	p.until(`!one('sheet').open`)
	step("21 desk split")
	p.click("tender-card")
	p.until(`status() === 'pending'`)
	f.change(p.running(), object{"status": "approved", "approved_amount": 500, "returnable": 500, "brand": "girocard", "last4": "4242"})
	p.until(`visible('rest')`)
	step("22 rest")
	p.click("refund")
	step("23 refund")
	p.keys("\x1b")
	f.change(p.running(), object{"status": "partly_refunded", "refunded_amount": 200, "returnable": 300, "operations": []object{{"id": "a", "kind": "refund", "tender": "cash",
		"amount": 200, "handed_amount": 200, "status": "done"}}})
	p.until(`visible('change')`)
	step("24 refunded")
	f.change(p.running(), object{"operations": []object{{"id": "b", "kind": "refund", "tender": "card", "amount": 300, "status": "unknown"}},
		"next": object{"code": "resolve", "text": "Do not give it back again. The card terminal cannot tell. A supervisor decides by its slip or journal, or ask it once more."}})
	p.until(`one('state').dataset.operation === 'unknown'`)
	step("25 unknown")
	p.click("decide")
	p.click("decide-done")
	p.value(`one('decide-text').value = '0042', one('decide-text').dispatchEvent(new Event('input'))`)
	step("26 decide")
	p.click("decide-next")
	p.keys("1", "2", "3", "4")
	step("27 pin")
	p.keys("\x1b", "\x1b")
	p.until(`!one('sheet').open`)
	p.click("set-aside")
	p.until(`!visible('state')`)
	p.keys("p")
	p.until(`visible('history-row')`)
	step("28 payments")
	p.keys("\x1b", "d")
	p.until(`visible('day-none')`)
	step("29 no shift")
	p.keys("\x1b")
	f.send("shift", shifted())
	p.until(`text('open-day').includes('Cara')`)
	p.keys("d")
	p.until(`visible('report')`)
	step("30 report")
	p.click("shift-close")
	step("31 count")
	p.keys("\x1b")
	p.until(`visible('report')`)
	p.keys("\x1b")
	p.until(`!one('sheet').open`)
}
