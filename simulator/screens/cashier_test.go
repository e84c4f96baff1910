package screens_test

import (
	"fmt"
	"strings"
)

// cashier opens the till's page in a profile of its own and pairs it, as somebody does once for each screen.
func (s *shop) cashier(width, height int64) *tab {
	s.t.Helper()
	p := profile(s.t, s.Till+"/till", width, height)
	p.pair(s.pairingCode())
	return p
}

// pair types the six digits and waits until the till can be used.
func (p *tab) pair(code string) {
	p.t.Helper()
	p.until(`visible('pair-code')`)
	p.click("pair-code")
	p.keys(strings.Split(code, "")...)
	p.click("pair-submit")
	p.until(`!visible('pairing') && visible('tender-cash') && text('mode') === 'Online' && text('total') === '€0.00'`)
}

// amount keys an amount with the mouse.
func (p *tab) amount(digits string) {
	p.t.Helper()
	for _, digit := range digits {
		p.click("pad-" + string(digit))
	}
}

// pay presses a tender with the mouse.
func (p *tab) pay(tender string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`one('tender-%s').getAttribute('aria-disabled') === 'false'`, tender))
	p.click("tender-" + tender)
}

// becomes waits until the payment screen shows a status.
func (p *tab) becomes(status string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`status() === '%s'`, status))
	p.picture(status)
}

// next goes on to the next customer.
func (p *tab) next() {
	p.t.Helper()
	p.click("next-customer")
	p.until(`!visible('state') && text('total') === '€0.00'`)
}

// order is the order of the sale on the page.
func (p *tab) order() string {
	p.t.Helper()
	return p.value(`sale().order`)
}

// running is the id of the payment on the page.
func (p *tab) running() string {
	p.t.Helper()
	p.until(`one('state').dataset.payment !== ''`)
	return p.value(`one('state').dataset.payment`)
}
