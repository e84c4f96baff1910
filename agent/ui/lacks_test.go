package ui_test

import (
	"testing"
)

// What the card terminal of a payment cannot do has no button.
func TestThereIsNoButtonForWhatTheCardTerminalCannotDo(t *testing.T) {
	f := newFake(t)
	f.set(func() {
		f.status["devices"] = []object{{"name": "front", "driver": "zvt", "kind": "card", "state": "ready", "text": "", "lacks": []string{"void", "refund", "cancel"}}}
	})
	p := ready(t, f)
	p.keys("2", "0", "0", "0", "k")
	p.until(`status() === 'pending'`)
	f.change(p.running(), object{"device": "front", "next": object{"code": "wait", "text": "Insert the card"}})
	p.until(`text('next-step').includes('red key') && !visible('cancel')`)
	f.change(p.running(), object{"status": "approved", "approved_amount": 2000, "returnable": 2000})
	p.until(`status() === 'approved' && visible('refund') && !visible('void')`)
	p.click("refund")
	p.click("amount-confirm")
	p.click("confirm-yes")
	f.wait(func() bool { return len(f.asked) > 0 }, "no refund was asked for")
	if asked := f.requests("POST refunds"); len(asked) != 1 || asked[0]["tender"] != "cash" {
		t.Errorf("only cash can go back: %v", asked)
	}
}

// A card terminal that tells one sum and no brands is held against the journal's sum, and agrees.
func TestASettlementOfATerminalWithoutBrands(t *testing.T) {
	f := newFake(t)
	sum := func(brand string, amount int) object {
		return object{"tender": "card", "brand": brand, "currency": "EUR", "count": 1, "amount": amount}
	}
	f.set(func() {
		f.script["POST settlements"] = object{"id": epoch, "ok": true, "business_date": "2026-03-02", "totals": object{"terminal": object{}, "journal": object{}},
			"differences": []object{}, "parts": []object{{"device": "front", "state": "done", "terminal": []object{}, "terminal_amount": 2500,
				"journal": []object{sum("visa", 2000), sum("mastercard", 500)}, "receipts": []string{}}}}
	})
	p := ready(t, f)
	p.value(`(import('/ui/js/settle.js').then((m) => m.begin(() => {})), 1)`)
	p.until(`visible('settle-result') && !one('side-card').classList.contains('is-off') && one('side-card').textContent.split('25.00').length === 3`)
}

// The sums of a terminal that closes its day by itself stand alone, and look like no difference.
func TestASettlementByTheJournalLooksLikeNoDifference(t *testing.T) {
	f := newFake(t)
	f.set(func() {
		f.script["POST settlements"] = object{"id": epoch, "ok": true, "business_date": "2026-03-02", "totals": object{"terminal": object{}, "journal": object{}},
			"differences": []object{}, "parts": []object{{"device": "front", "state": "done", "journal_only": true, "text": "compare its slip", "terminal": []object{},
				"journal": []object{{"tender": "card", "brand": "visa", "currency": "EUR", "count": 2, "amount": 2500}}, "receipts": []string{}}}}
	})
	p := ready(t, f)
	p.value(`(import('/ui/js/settle.js').then((m) => m.begin(() => {})), 1)`)
	p.until(`visible('settle-result') && one('side-visa').textContent.includes('25.00') && !one('side-visa').classList.contains('is-off')`)
	if cells := p.value(`one('side-visa').querySelectorAll('td').length`); cells != "1" {
		t.Errorf("%s columns", cells)
	}
}
