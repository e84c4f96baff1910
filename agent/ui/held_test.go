package ui_test

import (
	"fmt"
	"strings"
	"testing"
)

// holding is a till whose card terminal can hold amounts on cards.
func holding(t *testing.T) *fakeTill {
	t.Helper()
	f := newFake(t)
	f.set(func() {
		f.status["devices"] = []object{{"name": "front", "driver": "zvt", "kind": "card", "state": "ready", "text": "", "lacks": []string{}}}
	})
	return f
}

// reserved is an amount that is held on a card.
func reserved(sum int) object {
	return object{"status": "reserved", "device": "front", "reserved_amount": sum, "brand": "Visa", "last4": "1111", "next": object{"code": "book",
		"text": "The amount is held on the card; nothing is paid yet. Book what the customer owes, or release it."}}
}

// operation is one that was begun on a payment, by the words of the API.
func operation(kind, status string, amount int) []object {
	return []object{{"id": "B-1", "kind": kind, "tender": "card", "amount": amount, "status": status, "reason": object{"code": "6c", "text": "Stopped at the terminal."}}}
}

// held holds an amount through the list of payments and returns its id.
func (p *page) held(f *fakeTill, digits ...string) string {
	p.t.Helper()
	p.keys("p")
	p.click("history-held")
	p.click("hold")
	p.until(`one('sheet').dataset.sheet === 'hold' && one('amount-confirm').disabled`)
	p.keys(digits...)
	p.keys("\r")
	p.until(`status() === 'pending' && text('state-detail').includes('not charged')`)
	id := p.running()
	f.change(id, reserved(10000))
	p.until(`status() === 'reserved'`)
	return id
}

func TestAnAmountIsHeldAndNeverLooksPaid(t *testing.T) {
	t.Parallel()
	f := holding(t)
	p := ready(t, f)
	display := p.tab(f.URL+"/display", 1024, 600)
	id := p.held(f, "1", "0", "0", "0", "0")
	if sent := f.sent(); len(sent) != 1 || sent[0]["reserve"] != true || sent[0]["amount"] != 10000.0 || sent[0]["tender"] != "card" || sent[0]["order_amount"] != nil {
		t.Errorf("sent %v", sent)
	}
	p.until(`one('state').dataset.tone === 'held' && text('state-word') === 'Held on the card' && text('state-charged') === 'Nothing is paid yet.' && text('state-amount') === '€100.00'`)
	p.until(`visible('book') && visible('release') && !visible('void') && !visible('refund') && !visible('rest')`)
	display.until(`one('display-state').dataset.tone === 'held' && text('display-word') === 'Held on your card' && text('display-text') === 'Nothing is paid yet.'`)
	if shown := display.value(`document.body.innerText`); strings.Contains(shown, "Thank") {
		t.Errorf("the customer is thanked for an amount that is only held: %s", shown)
	}
	p.reload()
	p.until(`status() === 'reserved'`)
	p.keys("\r")
	p.until(`!visible('state') && text('total') === '€0.00' && document.querySelector('[data-testid="recent"].tone-held').textContent.includes('Held')`)
	p.keys("p")
	p.click("history-held")
	p.until(fmt.Sprintf(`one('history-row').dataset.id === '%s' && document.querySelectorAll('[data-testid="history-row"]').length === 1`, id))
	p.click("history-row")
	p.until(`visible('book') && visible('decide')`)
}

func TestSomeOfWhatIsHeldIsBooked(t *testing.T) {
	t.Parallel()
	f := holding(t)
	f.mode("offline", object{"records": 1, "payments": 0, "amounts": object{}}) // the card terminal books by itself
	p := ready(t, f)
	id := p.held(f, "1", "0", "0", "0", "0")
	p.keys("b")
	p.until(`text('amount-value') === '€100.00' && text('amount-note') === 'All that is held is booked'`)
	p.keys("1", "0", "0", "0", "1")
	p.until(`one('amount-confirm').disabled && text('amount-note').includes('no more is held')`)
	p.keys("\r", "\x7f")
	p.keys("6", "2", "5", "0", "\r")
	p.until(`one('confirm').open && one('confirm').textContent.includes('Visa') && one('confirm').textContent.includes('€37.50')`)
	p.click("confirm-yes")
	f.wait(func() bool { return len(f.asked) > 0 }, "nothing was booked")
	if asked := f.requests("POST capture"); len(asked) != 1 || asked[0]["amount"] != 6250.0 || asked[0]["operation"] == "" {
		t.Errorf("asked %v", asked)
	}
	f.change(id, object{"operations": operation("capture", "requested", 6250), "next": object{"code": "wait", "text": "Please wait"}})
	p.until(`text('state-word') === 'Booking' && text('state-amount') === '€62.50' && text('state-detail').includes('of €100.00 held') && !visible('book')`)
	p.reload()
	p.until(`text('state-word') === 'Booking'`)
	p.click("set-aside")
	p.until(`document.querySelector('[data-testid="recent"]').textContent.includes('Booking')`)
	p.click("recent")
	p.until(`text('state-word') === 'Booking'`)
	p.reload() // also where the payment was found in the list
	p.until(`text('state-word') === 'Booking' && visible('close')`)
	f.change(id, object{"operations": operation("capture", "unknown", 6250), "next": object{"code": "wait_terminal", "text": "Do not book it again. The card terminal is asked."}})
	p.until(`one('state').dataset.tone === 'unknown' && text('state-charged').includes('Do not book it again') && visible('ask-again') && !visible('book') && !visible('release')`)
	f.change(id, object{"operations": operation("capture", "refused", 6250), "next": object{"code": "book", "text": "That was refused; the amount is still held."}})
	p.until(`text('state-word') === 'Not booked' && text('state-reason') === 'Stopped at the terminal.' && text('state-charged').includes('still held') && visible('book') && visible('release')`)
	f.change(id, object{"status": "captured", "approved_amount": 6250, "returnable": 6250, "operations": operation("capture", "done", 6250)})
	p.until(`status() === 'captured' && text('state-word') === 'Approved' && text('state-amount') === '€62.50' && text('state-detail').includes('€100.00 was held') && !text('state-detail').includes('asked')`)
	p.until(`!visible('rest') && visible('close') && visible('void')`)
	p.keys("\x1b")
	p.until(`!visible('state')`)
	p.reload()
	p.until(`visible('tender-cash') && !visible('state')`)
}

func TestWhatIsHeldIsReleased(t *testing.T) {
	t.Parallel()
	f := holding(t)
	p := ready(t, f)
	display := p.tab(f.URL+"/display", 1024, 600)
	id := p.held(f, "1", "0", "0", "0", "0")
	f.set(func() {
		f.script["POST void"] = object{"status": 409, "code": "device_unresolved", "money": "none_moved", "title": "Conflict", "detail": "The card terminal owes an answer.", "next": "Wait."}
	})
	p.keys("v")
	p.until(`one('confirm').open && one('confirm').textContent.includes('Release €100.00')`)
	p.keys("\r") // the first answer is no
	p.keys("v")
	p.click("confirm-yes")
	p.until(`status() === 'refused' && text('state-charged').includes('still held')`)
	p.keys("\r")
	p.until(`status() === 'reserved'`)
	f.set(func() { delete(f.script, "POST void") })
	p.keys("v")
	p.click("confirm-yes")
	f.wait(func() bool { return len(f.asked) == 2 }, "it was not released")
	f.change(id, object{"operations": operation("void", "requested", 10000), "next": object{"code": "wait", "text": "Please wait"}})
	p.until(`text('state-word') === 'Releasing'`)
	display.until(`text('display-word') === 'One moment, please'`)
	f.change(id, object{"status": "voided", "operations": operation("void", "done", 10000)})
	p.until(`text('state-word') === 'Released' && text('state-charged').includes('Nothing was charged') && visible('try-again')`)
	display.until(`text('display-word') === 'The amount is free again'`)
}

// A terminal that cannot hold amounts leaves no trace of it on the screen, and of an order that was freed nothing is booked.
func TestHoldingIsThereOnlyWhereItCanBe(t *testing.T) {
	t.Parallel()
	f := holding(t)
	f.set(func() { f.status["devices"].([]object)[0]["lacks"] = []string{"reservation"} })
	p := ready(t, f)
	p.keys("p")
	p.until(`visible('history-search') && !one('history-held') && !one('hold')`)
	p.keys("\x1b", "\x1b")
	p.keys("9", "0", "0", "k")
	p.until(`status() === 'pending'`)
	more := reserved(900)
	more["unwanted"], more["next"] = true, object{"code": "release", "text": "The order was freed: release it."}
	f.change(p.running(), more)
	p.until(`status() === 'reserved' && visible('release') && !visible('book') && text('next-step').includes('release it')`)
	p.keys("\r", "p")
	p.click("history-held") // what is held stays to be found
	p.until(`visible('history-row') && !one('hold')`)
}

func TestTwoTabsBookOnce(t *testing.T) {
	t.Parallel()
	f := holding(t)
	p := ready(t, f)
	id := p.held(f, "1", "0", "0", "0", "0")
	other := p.tab(f.URL+"/till", 390, 844)
	other.until(`status() === 'reserved'`)
	f.set(func() {
		f.script["POST capture"] = object{"status": 500, "code": "internal", "money": "unknown", "title": "x", "detail": "x", "next": "x"}
	})
	p.keys("b", "\r")
	p.click("confirm-yes")
	p.until(`status() === 'sending'`)
	other.until(`status() === 'sending'`)
	f.wait(func() bool { return len(f.asked) >= 4 }, "the pages do not ask again")
	for _, body := range f.requests("POST capture") {
		if body["operation"] != f.requests("POST capture")[0]["operation"] || body["amount"] != 10000.0 {
			t.Errorf("another booking: %v", body)
		}
	}
	f.set(func() { f.script["POST capture"] = object{} })
	f.change(id, object{"status": "captured", "approved_amount": 6000, "operations": operation("capture", "done", 6000)})
	p.until(`status() === 'captured' && visible('next-customer') && !visible('rest')`) // what was booked is all that the customer owes
	other.until(`status() === 'captured' && text('state-detail').includes('€100.00 was held')`)
	f.change(id, object{"reserved_amount": 6000})
	p.until(`status() === 'captured' && !text('state-detail').includes('held')`)
}

func TestASettlementLeadsToWhatIsStillHeld(t *testing.T) {
	t.Parallel()
	f := holding(t)
	p := ready(t, f)
	id := p.held(f, "1", "0", "0", "0", "0")
	p.keys("\r")
	p.until(`!visible('state')`)
	f.set(func() {
		f.script["POST settlements"] = object{"id": epoch, "ok": false, "business_date": "2026-03-02", "differences": []object{{"device": "front", "code": "reserved", "payment": id,
			"cause": "Order T-1 still holds 100.00 EUR on a card.", "next": "Book it by a capture, or release it by a void; then settle."}},
			"parts": []object{{"device": "front", "state": "abandoned", "terminal": []object{}, "journal": []object{}, "receipts": []object{}}}}
	})
	p.keys("d")
	p.click("settle")
	p.keys("\r")
	p.until(`one('difference').dataset.code === 'reserved' && text('difference').includes('still holds 100.00') && text('difference').includes('then settle')`)
	p.picture("settlement with something held")
	p.click("difference-payment")
	p.until(`!one('sheet').open && status() === 'reserved' && visible('book')`)
}

// A supervisor decides about what is held in words of its own.
func TestASupervisorDecidesAboutWhatIsHeld(t *testing.T) {
	t.Parallel()
	f := holding(t)
	f.set(func() {
		f.script["GET people"] = object{"items": []object{{"id": "anna", "name": "Anna", "role": "supervisor"}}}
	})
	p := ready(t, f)
	id := p.held(f, "1", "0", "0", "0", "0")
	decide := func(outcome, means, status string) {
		t.Helper()
		p.click("decide")
		if outcome != "" {
			p.click("decide-" + outcome)
		}
		p.until(fmt.Sprintf(`text('decide-means').includes('%s')`, means))
		p.value(`one('decide-text').value = '0042', one('decide-text').dispatchEvent(new Event('input'))`)
		p.click("decide-next")
		f.set(func() { f.script["POST resolve"] = f.payments[0] })
		p.keys("1", "2", "3", "4", "5", "6", "\r")
		f.wait(func() bool { return len(f.asked) > 0 }, "nothing was decided")
		if asked := f.requests("POST resolve"); len(asked) != 1 || asked[0]["status"] != status {
			t.Errorf("asked %v", asked)
		}
		f.set(func() { f.asked = nil })
		p.until(`!one('sheet').open`)
	}
	p.keys("\r")
	p.click("recent")
	decide("voided", "is not held any more", "voided")
	f.change(id, object{"operations": operation("capture", "unknown", 10000), "next": object{"code": "given_up", "text": "It may have been carried out."}})
	p.until(`text('state-charged').includes('may have been booked') && !visible('book')`)
	decide("refused", "still held", "refused")
	f.change(id, object{"status": "unknown", "operations": []object{}, "next": object{"code": "resolve", "text": "The card terminal cannot tell."}})
	p.until(`status() === 'unknown' && text('state-charged').includes('may be held')`)
	decide("reserved", "Nothing is paid yet", "reserved")
}
