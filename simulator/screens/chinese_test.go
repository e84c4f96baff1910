package screens_test

import (
	"fmt"
	"strings"
	"testing"
)

// latin finds the words in Latin letters that a person can see. Left out are names that are data (goods, groups, till, orders, brands), the
// keys of the keyboard, the switch of languages, commands, and what is marked as a quotation in English. Each line begins with the test id of
// its place.
const latin = `(() => {
	const data = 'kbd, [lang="en"]:not(html), .languages, .tile-name, .line[data-code] .line-name, .groups, .till-name, code, .spoken, ' +
		'.display-lines span:first-child';
	const names = /T-[0-9A-Z]+-[0-9A-Z]+|\b(visa|wechat|alipay|epc)\b|\bID\b/gi;
	const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		const e = walk.currentNode.parentElement, words = walk.currentNode.textContent.replace(names, '');
		if (!/[A-Za-z]{2,}/.test(words) || !e.checkVisibility() || e.closest(data)) continue;
		found.push((e.dataset.testid ?? e.closest('[data-testid]')?.dataset.testid ?? e.id) + ': ' + walk.currentNode.textContent.trim());
	}
	return found.join('\n');
})()`

// quoting says whether a line of latin stands where the page repeats the sentence of a device or of the card's bank for which it has no words of its own.
// What it means for the money and what to do next stands beside it in Chinese.
func quoting(line string) bool {
	place, _, _ := strings.Cut(line, ":")
	return place == "state-reason"
}

// chinese checks that a screen is in Chinese: it has some, and no English of the page's own is left.
func (p *tab) chinese(state string) {
	p.t.Helper()
	p.picture(state)
	for line := range strings.Lines(p.value(latin)) {
		if !quoting(line) {
			p.t.Errorf("%s: English is left in %s", state, line)
		} else {
			p.t.Logf("%s: quoted in %s", state, strings.TrimSpace(line))
		}
	}
	if p.value(`document.documentElement.lang + ' ' + /[\u4e00-\u9fff]/.test(document.body.innerText)`) != "zh-CN true" {
		p.t.Errorf("%s: no Chinese is shown", state)
	}
}

func TestEverythingIsSaidInChinese(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	p := s.cashier(1024, 600)
	if p.value(latin) == "" {
		t.Fatal("the search for English finds none on an English page")
	}
	d := s.display(p, 1024, 600)
	p.click("lang-zh")
	p.until(`document.documentElement.lang === 'zh-CN' && text('mode') === '在线'`)
	d.until(`document.documentElement.lang === 'zh-CN'`)
	p.chinese("desk")
	d.chinese("welcome")
	p.value(`location.reload()`)
	p.until(`visible('tender-cash') && text('mode') === '在线'`) // it stays

	p.click("goods-2000000001012")
	p.amount("60")
	p.chinese("cart")
	d.chinese("cart")
	p.pay("cash")
	p.until(`one('cash-dialog').open`)
	p.chinese("cash")
	p.click("cash-note-500")
	p.becomes("approved")
	p.until(`text('state-word') === '收款成功' && visible('change')`)
	p.chinese("approved")
	d.chinese("thanks")
	p.click("next-customer")

	s.play("/card", `{"next":"decline","after_ms":700}`)
	p.amount("700")
	p.pay("card")
	p.becomes("pending")
	p.chinese("card pending")
	d.chinese("card pending")
	p.becomes("declined")
	p.chinese("card declined")
	d.chinese("card declined")
	p.click("try-again")
	p.pay("code")
	p.until(`next() === 'scan_code'`)
	p.chinese("code awaited")
	d.chinese("code awaited")
	s.play("/scan", `{"text":"https://example.com/menu"}`)
	p.until(`visible('code-note')`)
	p.chinese("web address scanned")
	p.click("cancel")
	p.becomes("cancelled")
	p.chinese("cancelled")
	p.click("try-again")
	p.pay("qr")
	p.until(`next() === 'customer_pays'`)
	d.showsQR()
	p.chinese("qr")
	d.chinese("qr")
	p.click("cancel")
	p.until(`status() !== 'pending'`)
	p.click("next-customer")

	s.play("/card", `{"next":"slow_pin","after_ms":60000}`)
	p.amount("900")
	p.pay("card")
	p.becomes("pending")
	s.play("/unplug", `{"device":"terminal","for_ms":4000}`)
	p.becomes("unknown")
	p.chinese("unknown")
	d.chinese("unknown")
	p.click("give-up")
	p.chinese("give up?")
	p.click("confirm-yes")
	p.until(`visible('try-again')`)
	p.chinese("given up")
	p.click("next-customer")

	s.play("/network", `{"up":false}`)
	p.until(`text('mode') === '离线'`)
	p.amount("500")
	p.chinese("offline")
	p.pay("qr")
	p.until(`next() === 'not_confirmed'`)
	d.showsQR()
	p.chinese("presented, not confirmed")
	d.chinese("presented, not confirmed")
	s.play("/network", `{"up":true}`)
}

// TestChineseHasItsGlyphs draws the same words in the page's own type: a font without them draws one box for all.
func TestChineseHasItsGlyphs(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	p := s.cashier(1024, 600)
	p.click("lang-zh")
	p.until(`document.documentElement.lang === 'zh-CN'`)
	const draw = `
		const board = Object.assign(document.createElement('canvas'), { width: 80, height: 80 });
		const pen = board.getContext('2d', { willReadFrequently: true });
		const drawn = (glyph) => {
			pen.clearRect(0, 0, 80, 80);
			pen.font = '48px ' + getComputedStyle(document.body).fontFamily;
			pen.fillText(glyph, 8, 60);
			return [...pen.getImageData(0, 0, 80, 80).data].join('');
		};
		const width = (word) => { pen.font = '48px ' + getComputedStyle(document.body).fontFamily; return pen.measureText(word).width; };`
	words := p.value(`[...new Set([...document.body.innerText].filter((c) => /[\u4e00-\u9fff]/.test(c)))].join('')`)
	if n := len([]rune(words)); n < 30 {
		t.Fatalf("the page has %d different characters", n)
	}
	got := p.value(fmt.Sprintf(`(() => {%s
		const missing = '\u{10fffd}', glyphs = [...'%s'];
		const alike = glyphs.filter((c) => drawn(c) === drawn(missing));
		const blank = glyphs.filter((c) => drawn(c) === drawn(' '));
		return JSON.stringify([new Set(glyphs.map(drawn)).size === glyphs.length, alike.join(''), blank.join('')]);
	})()`, draw, words))
	if got != `[true,"",""]` {
		t.Errorf("all different, like a missing glyph, blank: %s", got)
	}
	widths := p.value(fmt.Sprintf(`(() => {%s return [width('收款成功'), width('\u{10fffd}'.repeat(4))].join(' and ');})()`, draw))
	t.Logf("%d characters; 收款成功 and as many missing glyphs are %s px wide", len([]rune(words)), widths)
	if strings.Contains(words, "\ufffd") {
		t.Error("a text is broken")
	}
}
