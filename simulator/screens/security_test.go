package screens_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

func TestTheSessionsCookieIsOutOfReach(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	p := s.cashier(1024, 600)
	list := cookies(p)
	if len(list) != 1 {
		t.Fatalf("%d cookies", len(list))
	}
	c := list[0]
	if c.Name != "tillproof_session" || !c.HTTPOnly || c.SameSite != network.CookieSameSiteStrict || c.Path != "/" {
		t.Errorf("the cookie %s: HttpOnly %t, SameSite %s, path %s", c.Name, c.HTTPOnly, c.SameSite, c.Path)
	}
	if got := p.value(`document.cookie`); got != "" {
		t.Error("scripts can read the cookie")
	}
	for _, address := range []string{"/till", "/display", "/ui/js/till.js", "/v1/session", "/v1/status", "/nothing"} {
		r, err := http.Get(s.Till + address)
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Body.Close()
		csp := r.Header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") ||
			strings.Contains(csp, "unsafe") || r.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", address, r.Header)
		}
	}
}

// TestThePolicyStopsForeignScript shows that a violation would be seen by the tests: without it no silence of theirs would mean
// anything.
func TestThePolicyStopsForeignScript(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	p := s.cashier(1024, 600)
	p.expect("inline", "script-src")
	p.value(`document.body.append(Object.assign(document.createElement('script'), { textContent: 'globalThis.stolen = true' }))`)
	if p.value(`globalThis.stolen`) == "true" {
		t.Error("an inline script ran")
	}
	s.wait("the violation is told", func() bool {
		return strings.Contains(strings.Join(p.heard(), "\n"), "policy: script-src-elem inline")
	})
}

// foreign is a page of somebody else's that knows the till's address. By the name localhost it is another site, by its number another port
// of the same.
func foreign(t *testing.T, till string) (addresses []string) {
	t.Helper()
	const text = `<!doctype html><title>prizes</title><iframe id="frame" src="%[1]s/till"></iframe>
		<form id="form" method="post" action="%[1]s/v1/payments" enctype="text/plain" target="sink">
		<input name='{"order":"foreign-form","amount":100,"currency":"EUR","tender":"cash","x":"' value='"}'></form><iframe name="sink"></iframe>`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if r.URL.Path == "/" {
			fmt.Fprintf(w, text, till)
		}
	}))
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	return []string{server.URL + "/", "http://localhost:" + port + "/"}
}

func TestAForeignPageCanNeitherFrameNorUseTheTill(t *testing.T) {
	t.Parallel()
	s := openShop(t, false)
	p := s.cashier(1024, 600)
	for _, address := range foreign(t, s.Till) {
		evil := p.tab(address, 800, 600)
		evil.expect("frame", "CORS", "status of 403", "status of 401", "net::ERR_FAILED", "net::ERR_BLOCKED_BY_RESPONSE", "ERR_ABORTED")
		evil.until(`document.title === 'prizes' && document.readyState === 'complete'`)
		if framed := evil.frames(); strings.Contains(framed, s.Till) {
			t.Errorf("%s frames the till: %s", address, framed)
		}
		body := `{"order":"foreign-fetch","amount":100,"currency":"EUR","tender":"cash"}`
		for _, mode := range []string{"cors", "no-cors"} {
			for _, kind := range []string{"application/json", "text/plain"} {
				evil.value(fmt.Sprintf(`fetch('%s/v1/payments', { method: 'POST', mode: '%s', credentials: 'include',
					headers: { 'Content-Type': '%s' }, body: '%s' }).catch(() => {})`, s.Till, mode, kind, body))
			}
		}
		evil.value(fmt.Sprintf(`fetch('%s/v1/session', { method: 'DELETE', mode: 'no-cors', credentials: 'include' }).catch(() => {})`, s.Till))
		look := fmt.Sprintf(`fetch('%s/v1/status', { credentials: 'include' }).then((r) => r.text()).catch(() => 'refused')`, s.Till)
		if read := evil.value(look); read != "refused" {
			t.Errorf("%s reads the till's state", address)
		}
		evil.value(`new Promise((done) => {
			document.querySelector('[name="sink"]').onload = done;
			setTimeout(done, 2000);
			document.getElementById('form').submit();
		})`)
	}
	if list := s.payments(""); len(list) != 0 {
		t.Errorf("foreign pages have begun payments: %s", describe(list))
	}
	p.amount("100") // the till's own page still can
	p.pay("cash")
	p.click("cash-exact")
	p.becomes("approved")
}

// frames lists the addresses that the page's frames show.
func (p *tab) frames() (addresses string) {
	p.t.Helper()
	p.run(chromedp.ActionFunc(func(ctx context.Context) error {
		tree, err := page.GetFrameTree().Do(ctx)
		if err != nil {
			return err
		}
		for _, f := range tree.ChildFrames {
			addresses += f.Frame.URL + " "
		}
		return nil
	}))
	return addresses
}
