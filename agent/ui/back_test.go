package ui_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

// running is the id of the payment on the screen.
func (p *page) running() string {
	p.t.Helper()
	p.until(`one('state').dataset.payment`)
	return p.value(`one('state').dataset.payment`)
}

// stored is all that the page keeps.
func (p *page) stored() string {
	p.t.Helper()
	return p.value(`JSON.stringify({...localStorage, ...sessionStorage}) + document.documentElement.outerHTML`)
}

func TestCashIsRoundedToCoins(t *testing.T) {
	f := newFake(t)
	shop := maps.Clone(f.status["shop"].(object))
	shop["currency"], shop["cash_step"] = "CHF", 5
	f.set(func() { f.status["shop"] = shop })
	p := open(browser(t), t, f.URL+"/till", 1024, 600)
	p.until(`visible('tender-cash') && text('total').includes('0.00')`)
	p.keys("1", "2", "3", "3", "c")
	p.until(`text('cash-total').includes('12.35') && text('cash-rounding').includes('12.33')`)
	p.click("cash-note-2000")
	p.until(`status() === 'approved'`)
	f.change(p.running(), object{"approved_amount": 1235, "rounding": 2, "change": 765})
	p.until(`text('change').includes('7.65') && text('state-amount').includes('12.35') && text('state-detail').includes('rounded by') && !visible('rest')`)
}

func TestAPartialApprovalAsksForTheRestAndATipDoesNot(t *testing.T) {
	f := newFake(t)
	p := ready(t, f)
	p.keys("2", "0", "0", "0", "k")
	p.until(`status() === 'pending'`)
	f.change(p.running(), object{"status": "approved", "approved_amount": 2300, "tip": 300, "brand": "Visa", "last4": "1111"})
	p.until(`text('state-detail').includes('tip of €3.00') && !text('state-detail').includes('asked for') && !visible('rest') && visible('next-customer')`)
	p.keys("\r")
	p.until(`!visible('state')`)
	p.keys("2", "0", "0", "0", "k")
	p.until(`status() === 'pending'`)
	f.change(p.running(), object{"status": "approved", "approved_amount": 1400, "tip": 200, "brand": "Visa", "last4": "1111"})
	p.until(`text('rest') === '€8.00' && !visible('next-customer')`)
	p.keys("\r")
	p.until(`text('total') === '€8.00' && text('split-text').includes('€12.00 paid')`)
	p.keys("c", "\r")
	p.until(`status() === 'approved' && !visible('rest')`)
	if sent := f.sent(); len(sent) != 3 || sent[2]["order_amount"] != 2000.0 || sent[2]["amount"] != 800.0 || sent[2]["attempt"] != 2.0 {
		t.Errorf("sent %v", sent)
	}
}

func TestAVoidIsAskedAgainInTheSameWordsUntilThereIsAnAnswer(t *testing.T) {
	f := newFake(t)
	p := ready(t, f)
	p.keys("9", "0", "0", "c", "\r")
	p.until(`status() === 'approved' && visible('void') && !visible('refund')`)
	f.set(func() {
		f.script["POST void"] = object{"status": 500, "code": "internal", "money": "unknown", "title": "x", "detail": "x", "next": "x"}
	})
	p.keys("v")
	p.click("confirm-yes")
	p.until(`status() === 'sending'`)
	f.wait(func() bool { return len(f.asked) >= 3 }, "the page does not ask again")
	p.reload()
	p.until(`status() === 'sending'`)
	f.set(func() {
		f.script["POST void"] = object{"status": 409, "code": "not_refundable", "money": "none_moved", "title": "Conflict", "detail": "It was settled.", "next": "Refund it."}
	})
	p.until(`status() === 'refused' && text('state-charged') === 'Nothing went back.' && text('next-step').includes('Refund it.')`)
	p.keys("\r")
	p.until(`status() === 'approved'`)
	for _, body := range f.requests("POST void") {
		if body["operation"] != f.requests("POST void")[0]["operation"] {
			t.Errorf("another key: %v", body)
		}
	}
}

func TestThePolicyAsksAndASupervisorOverrides(t *testing.T) {
	f := newFake(t)
	f.set(func() {
		f.script["GET people"] = object{"items": []object{{"id": "anna", "name": "Anna", "role": "supervisor"}, {"id": "ben", "name": "Ben", "role": "cashier"}}}
	})
	p := ready(t, f)
	refusal := func(rule string, more object) object {
		said := object{"status": 403, "code": "offline_refused", "rule": rule, "money": "none_moved", "title": "Forbidden", "detail": "Offline.", "next": "Ask."}
		maps.Copy(said, more)
		return said
	}
	f.set(func() { f.refuse = refusal("ask", nil) })
	p.keys("9", "0", "0", "k")
	p.until(`status() === 'refused' && visible('sell-offline') && !visible('override')`)
	f.set(func() { f.refuse = refusal("amount", object{"limit": 500, "used": 0, "headroom": 500}) })
	p.keys("o")
	p.click("confirm-yes")
	p.until(`visible('override') && text('state-explain').includes('Limit €5.00, used €0.00, left €5.00')`)
	p.keys("o")
	p.until(`visible('person-anna') && !visible('person-ben') && text('pin-text').includes('the shop loses the money')`)
	f.set(func() {
		f.script["POST verify"] = object{"status": 403, "code": "pin_wrong", "tries_left": 0, "money": "none_moved"}
	})
	p.keys("6", "1", "7", "3", "9", "4", "\r")
	p.until(`text('pin-error').includes('next wrong one brings a pause') && !one('pin-dots').textContent.includes('●')`)
	f.set(func() { f.script["POST verify"], f.refuse = object{"id": "anna"}, nil })
	p.keys("6", "1", "7", "3", "9", "4", "\r")
	p.until(`status() === 'pending'`)
	sent := f.sent()
	if len(sent) != 3 || sent[1]["offline"] != "allow" || sent[2]["offline"] != "allow" || fmt.Sprint(sent[2]["override"]) != "map[pin:617394 supervisor:anna]" || sent[2]["attempt"] != 1.0 {
		t.Errorf("sent %v", sent)
	}
	if strings.Contains(p.stored(), "617394") {
		t.Error("the PIN is kept")
	}
}

func TestASettlementSaysWhatItDoesAndWhereTheSidesDiffer(t *testing.T) {
	f := newFake(t)
	p := ready(t, f)
	p.keys("d")
	p.until(`visible('day-none')`)
	p.click("settle")
	p.until(`visible('settle-start')`)
	side := func(count, amount int) []object {
		return []object{{"tender": "card", "brand": "Visa", "currency": "EUR", "count": count, "amount": amount}}
	}
	f.set(func() {
		f.script["POST settlements"] = object{"id": "x", "ok": false, "business_date": "2026-03-02", "differences": []object{{"device": "front", "code": "unexplained",
			"cause": "No payment of this till explains it.", "next": "Look at the terminal's list."}}, "parts": []object{{"device": "front", "state": "done",
			"terminal": side(3, 4200), "journal": side(2, 3000), "receipts": []object{}}}}
	})
	p.keys("\r")
	p.until(`one('settle-result')?.dataset.ok === 'false' && text('difference').includes('explains it') && text('difference').includes("terminal's list")`)
	p.until(`text('side-Visa').includes('3 × €42.00') && text('side-Visa').includes('2 × €30.00') && one('side-Visa').className === 'is-off'`)
	p.click("settle-back")
	p.keys("\x1b")
	p.until(`!one('sheet').open`)
	f.send("device", object{"name": "front", "driver": "zvt", "kind": "card", "state": "busy", "text": "Kassenschnitt"})
	f.set(func() { f.frozenDesk = make(chan struct{}) })
	p.keys("d")
	p.click("settle")
	p.keys("\r")
	p.until(`text('settle-device').includes('Kassenschnitt')`)
	f.set(func() { close(f.frozenDesk) })
	p.until(`one('settle-result')`)
}
