package screens_test

import (
	"fmt"
	"testing"
	"time"
)

func TestThePlatformsLedgerShowsTheSales(t *testing.T) {
	t.Parallel()
	s := openShop(t, true)
	p := s.cashier(1024, 600)
	ledger := profile(t, s.Backoffice+"/", 1280, 800)
	ledger.until(`document.querySelector('[data-testid="payments"]') && text('live') !== ''`)
	p.amount("1250")
	order := p.order()
	p.pay("cash")
	p.click("cash-exact")
	p.becomes("approved")
	row := `[...document.querySelectorAll('[data-testid="payment"]')].find((e) => e.dataset.id === '` + p.running() + `')`
	bench.figures.note(t, "sold -> row on the platform's ledger page", ledger.until(row), 2*time.Second)
	ledger.until(fmt.Sprintf(`%s.dataset.status === 'approved' && ['€12.50', %q].every((part) => %[1]s.textContent.includes(part))`, row, order))
	p.next()
	p.amount("310")
	p.pay("code")
	p.until(`next() === 'scan_code'`)
	s.play("/show", `{"scheme":"alipay"}`)
	p.becomes("approved")
	p.next()
	s.play("/card", `{"next":"decline"}`)
	p.amount("700")
	p.pay("card")
	p.becomes("declined")
	ledger.until(`document.querySelectorAll('[data-testid="payment"]').length === 3 && document.querySelector('[data-status="declined"]')`)
	ledger.until(`text('total-cash-EUR').includes('€12.50') && text('total-code-EUR').includes('€3.10') && !one('total-card-EUR')`)
	ledger.until(`text('payments').includes('alipay') && text('marks').includes('demo-till')`)
	ledger.picture("ledger")
	ledger.click("lang-zh")
	ledger.until(`document.documentElement.lang === 'zh-CN' && text('payments').includes('现金')`)
}

func TestThePanelPlaysTheWorld(t *testing.T) {
	t.Parallel()
	s := openShop(t, true)
	p := profile(t, s.Till+"/till", 1024, 600)
	panel := profile(t, s.Control+"/", 1280, 900)
	panel.click("pair")
	panel.until(`/^\d{3} \d{3}$/.test(text('pair-code'))`)
	p.pair(panel.value(`text('pair-code').replace(' ', '')`))

	panel.run(clickText("goods", "Espresso")) // through the scanner
	p.until(`text('total') === '€2.40'`)
	panel.click("qr-pays")
	p.pay("qr")
	p.becomes("approved")
	p.next()

	p.amount("500") // who is on the list pays by its button
	p.pay("qr")
	p.until(`next() === 'customer_pays'`)
	panel.until(`text('open').includes('5.00 EUR')`)
	panel.run(clickText("open", "Pays"))
	p.becomes("approved")
	p.next()

	p.amount("310")
	p.pay("code")
	p.until(`next() === 'scan_code'`)
	panel.click("show-wechat")
	p.becomes("approved")
	p.next()
	panel.click("card-decline")
	p.amount("700")
	p.pay("card")
	p.becomes("declined")
	p.click("next-customer")

	panel.click("network-down")
	p.until(`text('mode') === 'Offline'`)
	panel.until(`text('mode') === 'offline' && text('cable') === 'pulled out'`)
	panel.picture("panel")
	panel.click("network-up")
	p.until(`text('mode') === 'Online'`)
	p.expect(refusedConnections...)
	panel.click("kill-agent")
	panel.until(`text('said') === "Done: The till's program"`)
	p.until(`!visible('agent-gone') && text('mode') === 'Online'`)
	panel.until(`text('acquirer').includes('in 3')`)
	if n := len(s.payments("")); n != 4 {
		t.Errorf("%d payments", n)
	}
}
