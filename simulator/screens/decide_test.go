package screens_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// typed types into a field.
func typed(testid, text string) chromedp.Action {
	return chromedp.SendKeys(at(testid), text, chromedp.ByQuery)
}

func TestASupervisorDecidesAndAWrongPINIsLocked(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	s.staff("anna", "Anna", "supervisor", "83940271")
	s.staff("ben", "Ben", "supervisor", "59140382")
	s.staff("cara", "Cara", "cashier", "70415528")
	p := s.cashier(1024, 600)
	p.expect("status of 403")
	s.play("/card", `{"next":"slow_pin","after_ms":60000}`)
	p.amount("1900")
	p.pay("card")
	p.becomes("pending")
	id := p.running()
	s.play("/unplug", `{"device":"terminal","for_ms":600000}`)
	p.becomes("unknown")
	p.keys("d")
	p.until(`one('sheet').open && one('decide-next').disabled && text('decide-means').includes('Choose')`)
	p.click("evidence-evidence_abandoned")
	p.until(`text('decide-means').includes('must be given back') && !one('decide-next').disabled`)
	p.click("evidence-slip")
	p.click("decide-approved")
	p.run(typed("decide-text", "Slip 0042, approved"))
	p.until(`text('decide-means').includes('€19.00 counts as paid') && !one('decide-next').disabled`)
	p.picture("evidence")
	p.whole()
	p.click("decide-next")
	p.until(`visible('person-anna') && visible('person-ben') && !visible('person-cara') && text('pin-text').includes('counts as paid')`)
	p.click("person-anna")
	for range 5 {
		p.pin("11112222")
		p.keys("\r")
		p.until(`/Wrong PIN|Locked/.test(text('pin-error')) && text('pin-dots') === 'Key the PIN'`)
	}
	p.pin("83940271") // the right one, one too late
	p.keys("\r")
	p.until(`text('pin-error').includes('Locked until')`)
	p.picture("locked")
	if was := s.payment(id).Status; was != "unknown" {
		t.Fatalf("decided without a PIN: %s", was)
	}
	p.click("person-ben")
	p.pin("59140382")
	p.keys("\r")
	p.becomes("approved")
	p.until(`!one('sheet').open`)
	if now := s.payment(id); now.Status != "approved" {
		t.Errorf("%+v", now)
	}
	p.next()
	for _, secret := range []string{"83940271", "59140382", "11112222"} {
		s.hidden(p, secret)
	}
}
