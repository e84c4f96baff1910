package ui_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// ready opens the till and waits until it can sell.
func ready(t *testing.T, f *fakeTill) *page {
	t.Helper()
	p := open(browser(t), t, f.URL+"/till", 1024, 600)
	p.until(`visible('tender-cash') && text('total') === '€0.00'`)
	return p
}

// sent reads the bodies of all requests that could have moved money.
func (f *fakeTill) sent() (bodies []object) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, post := range f.posts {
		var body object
		if err := json.Unmarshal([]byte(post), &body); err != nil {
			f.t.Error(err)
		}
		bodies = append(bodies, body)
	}
	return bodies
}

func TestACashSaleByKeyboardAlone(t *testing.T) {
	f := newFake(t)
	p := ready(t, f)
	p.keys("1", "0", "0", "\r", "2", "5", "5", "\b", "c")
	p.until(`one('cash-dialog').open && text('cash-total') === '€1.25'`)
	p.keys("1")
	p.until(`text('cash-change').includes('€1.24') && one('cash-confirm').disabled`)
	p.keys("\r", "0", "0", "0", "\r")
	p.until(`status() === 'approved' && text('change') === '€8.75'`)
	sent := f.sent()
	if len(sent) != 1 || sent[0]["amount"] != 125.0 || sent[0]["tendered"] != 1000.0 || sent[0]["tender"] != "cash" || sent[0]["attempt"] != 1.0 || sent[0]["currency"] != "EUR" {
		t.Errorf("sent %v", sent)
	}
	p.keys("\r")
	p.until(`!visible('state') && text('total') === '€0.00'`)
	p.keys("5", "0", "c", "\r") // nothing keyed in the dialog is the exact amount
	p.until(`status() === 'approved'`)
	if sent = f.sent(); len(sent) != 2 || sent[1]["tendered"] != 50.0 || sent[1]["order"] == sent[0]["order"] {
		t.Errorf("sent %v", sent)
	}
}

func TestACardSaleByKeyboardAlone(t *testing.T) {
	f := newFake(t)
	p := ready(t, f)
	p.keys("7", "5", "0", "k")
	p.until(`status() === 'pending' && text('next-step').includes('Insert or tap')`)
	p.keys("\r") // Enter cancels nothing
	f.change(p.value(`one('state').dataset.payment`), states["declined"])
	p.until(`status() === 'declined' && text('state-charged') === 'Nothing was charged.' && text('state-reason') === 'Insufficient funds'`)
	p.keys("\r")
	p.until(`!visible('state') && text('total') === '€7.50' && visible('attempt')`)
	p.keys("k")
	p.until(`status() === 'pending'`)
	p.keys("\x1b")
	p.until(`status() === 'cancelled'`)
	p.keys("n")
	p.until(`!visible('state') && text('total') === '€0.00'`)
	sent := f.sent()
	if len(sent) != 2 || sent[0]["attempt"] != 1.0 || sent[1]["attempt"] != 2.0 || sent[0]["order"] != sent[1]["order"] {
		t.Errorf("sent %v", sent)
	}
}

func TestUnknownIsUnlikeEverythingElse(t *testing.T) {
	f := newFake(t)
	p := ready(t, f)
	p.keys("9", "0", "0", "k")
	p.until(`status() === 'pending'`)
	id := p.value(`one('state').dataset.payment`)
	f.change(id, states["unknown"])
	p.until(`status() === 'unknown' && text('next-step').includes('card terminal is asked') && text('state-charged').includes('may have paid')`)
	p.keys("g")
	p.until(`one('confirm').open`)
	p.keys("\r") // the first answer is no
	p.until(`!one('confirm').open`)
	if f.payment(id)["unwanted"] != false {
		t.Fatal("Enter gave the payment up")
	}
	p.click("give-up")
	p.click("confirm-yes")
	p.until(`visible('try-again') && text('state-charged').includes('Given up')`)
	p.click("next-customer")
	p.until(`!visible('state') && document.querySelector('[data-testid="recent"]').dataset.status === 'unknown'`)
	f.change(id, object{"status": "approved", "approved_amount": 900, "next": object{"code": "refund", "text": "Refund it."}})
	p.until(`document.querySelector('[data-testid="recent"]').dataset.status === 'approved'`)
	p.click("recent")
	p.until(`one('state').dataset.tone === 'refund'`)
	p.keys("\x1b")
	p.until(`!visible('state')`)
}

func TestALostAnswerIsAskedAgainInTheSameWords(t *testing.T) {
	f := newFake(t)
	p := ready(t, f)
	f.set(func() { f.mute = true })
	p.keys("3", "0", "0", "k")
	p.until(`status() === 'sending'`)
	p.reload()
	p.until(`status() === 'sending'`)
	before := len(f.sent())
	f.wait(func() bool { return len(f.posts) > before }, "the page does not ask again after a reload")
	f.set(func() { f.mute = false })
	p.until(`status() === 'pending'`)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, post := range f.posts {
		if post != f.posts[0] {
			t.Errorf("sent %s, then %s", f.posts[0], post)
		}
	}
	if len(f.posts) < 2 || len(f.payments) != 1 {
		t.Errorf("%d requests, %d payments", len(f.posts), len(f.payments))
	}
}

func TestAReloadAndASecondTabShowTheSamePayment(t *testing.T) {
	f := newFake(t)
	p := ready(t, f)
	p.click("goods-4012345000003")
	p.until(`text('total') === '€2.95'`)
	p.reload()
	p.until(`visible('cart') && text('total') === '€2.95' && visible('line-0')`)
	other := p.tab(f.URL+"/till", 390, 844)
	other.until(`text('total') === '€2.95'`)
	p.click("tender-card")
	p.until(`status() === 'pending'`)
	other.until(`status() === 'pending'`)
	p.reload()
	p.until(`status() === 'pending'`)
	f.change(p.value(`one('state').dataset.payment`), states["approved"])
	p.until(`status() === 'approved'`)
	other.until(`status() === 'approved'`)
	other.click("next-customer")
	p.until(`!visible('state') && text('total') === '€0.00'`)
	if n := len(f.sent()); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestTheAgentsAbsenceIsSaidWithinTwoSeconds(t *testing.T) {
	f := newFake(t)
	p := ready(t, f)
	p.keys("4", "0", "0", "k")
	p.until(`status() === 'pending'`)
	id := p.value(`one('state').dataset.payment`)
	for _, how := range []*bool{&f.frozen, &f.down} {
		f.set(func() { *how = true })
		began := time.Now()
		p.until(`visible('agent-gone')`)
		took := time.Since(began)
		t.Logf("said after %s (goal 2 s)", took.Round(time.Millisecond))
		if took > 20*time.Second {
			t.Errorf("said after %s, ten times its goal", took)
		}
		if p.value(`status()`) != "pending" {
			t.Error("the running payment changed its face")
		}
		f.set(func() { *how = false })
		p.until(`!visible('agent-gone')`)
	}
	f.set(func() { f.down = true })
	p.until(`visible('agent-gone')`)
	f.change(id, states["approved"]) // while nobody listens
	f.set(func() { f.down = false })
	p.until(`status() === 'approved'`)
}

func TestAWedgeScannerIsNoCashier(t *testing.T) {
	f := newFake(t)
	p := ready(t, f)
	scan := func(text string) {
		p.value(fmt.Sprintf(`[...%q, 'Enter'].forEach((key) => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true})))`, text))
	}
	p.keys("1", "5")
	scan("4012345000001")
	p.until(`text('typed') === '€0.15'`)
	scan("ck-sqg-4711") // full of shortcuts
	p.keys("0")
	p.until(`text('typed') === '€1.50' && !visible('state') && !one('cash-dialog').open`)
	p.keys("s")
	p.until(`visible('code-text')`)
	scan("134567890123456789")
	p.keys("1", "2", "9", "\r") // by hand
	f.wait(func() bool { return strings.Join(f.scans, " ") == "4012345000001 ck-sqg-4711 134567890123456789 129" }, "not every scan arrived")
	for _, body := range f.sent() {
		if body["code"] != nil {
			t.Error("a code stands in a kept request")
		}
	}
}

func TestScannedGoodsCountOnceOverTwoTabs(t *testing.T) {
	f := newFake(t)
	p := ready(t, f)
	other := p.tab(f.URL+"/till", 390, 844)
	other.until(`visible('tender-cash') && text('total') === '€0.00'`)
	for n := range 3 {
		f.send("scan", object{"device": "gun", "kind": "goods", "text": "4711", "at": fmt.Sprint(n), "item": object{"code": "4711", "name": "Tea", "price": 100, "currency": "EUR"}})
	}
	f.mode("degraded", object{"records": 0, "payments": 0, "amounts": object{}}) // events come in order: who knows this has heard all scans
	p.until(`text('mode') === 'No answer'`)
	other.until(`text('mode') === 'No answer'`)
	p.until(`text('total') === '€3.00'`)
	other.until(`text('total') === '€3.00'`)
}

func TestAnOpenOrderShowsThePaymentThatBlocksIt(t *testing.T) {
	f := newFake(t)
	p := ready(t, f)
	p.keys("9", "0", "0", "k")
	p.until(`status() === 'pending'`)
	id := p.value(`one('state').dataset.payment`)
	f.change(id, states["unknown"])
	p.until(`status() === 'unknown'`)
	p.value(`localStorage.setItem('tillproof.sale', JSON.stringify({...JSON.parse(localStorage.getItem('tillproof.sale')), payment: null, seen: null, attempt: 2}))`)
	p.reload()
	p.until(`visible('attempt')`)
	f.set(func() {
		f.refuse = object{"status": 409, "code": "order_open", "money": "none_moved", "title": "Conflict", "detail": "Attempt 1 is unknown.", "next": "Wait."}
	})
	p.keys("k")
	p.until(fmt.Sprintf(`status() === 'unknown' && one('state').dataset.payment === '%s'`, id))
}

func TestRefusalsSayWhatTheyMeanForTheMoney(t *testing.T) {
	f := newFake(t)
	p := ready(t, f)
	f.set(func() {
		f.refuse = object{"status": 503, "code": "device_unavailable", "money": "none_moved", "title": "Service Unavailable", "detail": "Device front is off.", "next": "Switch it on."}
	})
	p.keys("5", "5", "k")
	p.until(`status() === 'refused' && text('state-explain').includes('front is off') && text('state-charged') === 'Nothing was charged.' && text('next-step').includes('Switch it on')`)
	f.set(func() { f.refuse = nil })
	p.keys("\r")
	p.until(`!visible('state') && text('total') === '€0.55'`)
	p.keys("k")
	p.until(`status() === 'pending'`)
	if sent := f.sent(); len(sent) != 2 || sent[1]["attempt"] != 1.0 {
		t.Errorf("an attempt that never began was counted: %v", sent)
	}
}

func TestAnUnclearRefusalIsNoEnd(t *testing.T) {
	f := newFake(t)
	p := ready(t, f)
	f.set(func() {
		f.refuse = object{"status": 500, "code": "internal", "money": "unknown", "title": "Internal Server Error", "detail": "Something unforeseen.", "next": "Ask."}
	})
	p.keys("5", "5", "k")
	p.until(`status() === 'sending' && text('state-reason').includes('unforeseen')`)
	f.set(func() { f.refuse = nil })
	p.until(`status() === 'pending'`)
}

func TestTendersThatCannotBeSoldSayWhy(t *testing.T) {
	f := newFake(t)
	f.mode("offline", object{"records": 1, "payments": 0, "amounts": object{}})
	f.set(func() {
		f.status["devices"] = []object{{"name": "front", "driver": "zvt", "kind": "card", "state": "absent", "text": "No such port."}}
	})
	p := ready(t, f)
	p.keys("1", "0", "0")
	p.until(`text('tender-code-reason').includes('needs the platform') && text('tender-card-reason').includes('No such port') && text('tender-qr-reason').includes('cannot be confirmed')`)
	p.keys("k", "s")
	p.until(`visible('toast')`)
	if n := len(f.sent()); n != 0 {
		t.Errorf("%d requests", n)
	}
	f.send("device", object{"name": "front", "driver": "zvt", "kind": "card", "state": "ready", "text": ""})
	p.until(`one('tender-card').getAttribute('aria-disabled') === 'false'`)
	f.mode("online", object{"records": 0, "payments": 0, "amounts": object{}})
	p.until(`one('tender-code').getAttribute('aria-disabled') === 'false' && text('toast').includes('Online again')`)
}

func TestTheTruthLine(t *testing.T) {
	f := newFake(t)
	p := ready(t, f)
	p.until(`text('truth-line').includes('All 12 records delivered') && !visible('send-now')`)
	f.mode("offline", object{"records": 9, "payments": 7, "amounts": object{"EUR": 31240}, "oldest_at": stamp(time.Now().Add(-130 * time.Minute).UTC())})
	p.until(`text('mode') === 'Offline' && text('backlog').includes('7 saved · €312.40 · oldest 2 h · sends by itself')`)
	p.click("send-now")
	p.until(`text('toast').includes('by itself')`)
	f.send("ack", object{"acked_seq": 21, "backlog": object{"records": 0, "payments": 0, "amounts": object{}}})
	p.until(`text('truth-line').includes('All 21 records delivered')`)
	p.click("lang-zh")
	p.until(`text('truth-line').includes('21 条全部送达') && document.documentElement.lang === 'zh-CN'`)
}

func TestPairing(t *testing.T) {
	f := newFake(t)
	f.set(func() { f.paired = false })
	p := open(browser(t), t, f.URL+"/till", 1024, 600)
	p.until(`visible('pairing') && document.activeElement === one('pair-code') && one('pair-submit').disabled`)
	p.picture("pairing")
	p.keys("1", "1", "1", "1", "1", "1", "\r")
	p.until(`text('pair-error').includes('not right')`)
	p.keys(strings.Split(pairCode, "")...)
	p.click("pair-submit")
	p.until(`!visible('pairing') && visible('tender-cash') && visible('goods-4012345000000')`) // the goods are asked for last
	f.set(func() { f.paired = false })                                                         // somebody ended the session
	p.keys("1", "k")
	p.until(`visible('pairing')`)
	p.keys(strings.Split(pairCode, "")...)
	p.click("pair-submit")
	p.until(`status() === 'pending'`) // and the sale goes on where it was
}

func TestNothingToPayNeedsNoTender(t *testing.T) {
	f := newFake(t)
	p := ready(t, f)
	f.send("scan", object{"device": "gun", "kind": "goods", "at": "1", "item": object{"code": "1", "name": "Sample", "price": 0, "currency": "EUR"}})
	p.click("tender-none")
	p.until(`visible('state')`)
	if sent := f.sent(); len(sent) != 1 || sent[0]["tender"] != "none" || sent[0]["amount"] != 0.0 {
		t.Errorf("sent %v", sent)
	}
}

func TestAFingerOnGoodsLeavesNothingForEnter(t *testing.T) {
	f := newFake(t)
	p := ready(t, f)
	p.click("goods-4012345000003")
	p.until(`text('total') === '€2.95'`)
	p.keys("5", "\r")
	p.until(`text('total') === '€3.00' && visible('line-1') && text('typed') === '€0.00'`)
	p.click("more-0")
	p.until(`text('total') === '€5.95'`)
	p.click("less-0")
	p.click("remove-0")
	p.until(`text('total') === '€0.05'`)
}
