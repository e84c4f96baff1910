package screens_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

func TestABrowserIsPairedByTypingTheCode(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	code := s.pairingCode()
	wrong := fmt.Sprintf("%06d", (number(code)+1)%1_000_000)
	p := profile(t, s.Till+"/", 1024, 600)
	p.expect("status of 403") // the wrong code
	p.until(`location.pathname === '/till' && visible('pairing') && !visible('agent-gone')`)
	p.until(`text('pairing').includes('tillproof pair') && one('pair-submit').disabled`)
	p.picture("asks")
	p.click("pair-code")
	p.keys(strings.Split(wrong, "")...)
	p.click("pair-submit")
	p.until(`text('pair-error') !== '' && one('pair-code').value === ''`)
	p.picture("wrong")
	if got := p.value(`(await fetch('/v1/status')).status`); got != "401" {
		t.Errorf("an unpaired browser is answered %s", got)
	}
	p.expect("status of 401")                                // the question just now
	p.value(`new Promise((done) => setTimeout(done, 1100))`) // one try a second
	p.pair(code)
	p.until(`document.querySelector('[data-testid="till-name"]').textContent === 'demo-till'`)
	secrets := append([]string{s.Token, code}, cookieValues(p)...)
	if len(secrets) != 3 {
		t.Fatalf("the session is not one cookie: %d", len(secrets)-2)
	}
	p.nowhere(secrets)
	p.value(`location.reload()`)
	p.until(`visible('tender-cash') && text('mode') === 'Online'`) // paired for good
	other := profile(t, s.Till+"/till", 1024, 600)
	other.expect("status of 403")
	other.until(`visible('pair-code')`)
	other.click("pair-code")
	other.keys(strings.Split(code, "")...)
	other.click("pair-submit")
	other.until(`text('pair-error') !== ''`) // one code, one browser
}

func number(text string) (n int) {
	for _, c := range text {
		n = 10*n + int(c-'0')
	}
	return n
}

// cookies lists the cookies of a profile, those that scripts cannot see too.
func cookies(p *tab) (list []*network.Cookie) {
	p.t.Helper()
	p.run(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		list, err = network.GetCookies().Do(ctx)
		return err
	}))
	return list
}

func cookieValues(p *tab) (values []string) {
	for _, c := range cookies(p) {
		values = append(values, c.Value)
	}
	return values
}

// nowhere checks that no secret stands where a page, a person behind the cashier or a log could see it.
func (p *tab) nowhere(secrets []string) {
	p.t.Helper()
	visible := p.value(`JSON.stringify([document.documentElement.outerHTML, location.href, document.cookie, {...localStorage},
		{...sessionStorage}])`)
	for _, secret := range secrets {
		for _, place := range append(p.heard(), visible) {
			if strings.Contains(place, secret) {
				p.t.Errorf("a secret is in %.200s", place)
			}
		}
	}
	if !slices.ContainsFunc(p.heard(), func(place string) bool { return strings.HasSuffix(place, "/v1/events") }) {
		p.t.Error("the page's requests were not seen")
	}
}
