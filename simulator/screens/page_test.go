package screens_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// tab is one page in a window of its own.
type tab struct {
	t   *testing.T
	ctx context.Context
	*watch
}

// early runs in every page before its own scripts: it reports what the content security policy stops, and keeps the states that a screen has
// shown, however short.
const early = `
	addEventListener('securitypolicyviolation', (e) => ` + tell + `([e.violatedDirective, e.blockedURI, e.sourceFile, e.lineNumber].join(' ')));
	globalThis.shownStates = [];
	addEventListener('DOMContentLoaded', () => {
		const look = () => {
			const e = document.querySelector('[data-testid="state"], [data-testid="display-state"]');
			if (!e || !e.checkVisibility()) return;
			const now = e.dataset.status + ' ' + (e.dataset.next ?? '');
			if (shownStates.at(-1) !== now) shownStates.push(now);
		};
		new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
	});
`

// helpers are functions that conditions are written with.
const helpers = `
	const one = (id) => document.querySelector('[data-testid="' + id + '"]');
	const visible = (id) => { const e = one(id); return Boolean(e) && e.checkVisibility(); };
	const text = (id) => one(id)?.textContent ?? '';
	const status = () => (visible('state') ? one('state').dataset.status : '');
	const next = () => (visible('state') ? one('state').dataset.next : '');
	const shown = () => one('display-state').dataset.status;
	const sale = () => JSON.parse(localStorage.getItem('tillproof.sale'));
`

// profile opens an address in a profile of its own.
func profile(t *testing.T, address string, width, height int64) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(bench.chrome.need(t), chromedp.WithNewBrowserContext())
	return (&tab{t, ctx, &watch{}}).begin(cancel, address, width, height)
}

// tab opens another window of the same profile.
func (p *tab) tab(address string, width, height int64) *tab {
	p.t.Helper()
	ctx, cancel := chromedp.NewContext(p.ctx)
	return (&tab{p.t, ctx, &watch{}}).begin(cancel, address, width, height)
}

func (p *tab) begin(cancel context.CancelFunc, address string, width, height int64) *tab {
	p.t.Helper()
	chromedp.ListenTarget(p.ctx, p.hear)
	p.t.Cleanup(func() {
		for _, fault := range p.unexpected() {
			p.t.Errorf("the page %s: %s", address, fault)
		}
		cancel()
	})
	if err := chromedp.Run(p.ctx); err != nil { // lives as long as the page, so that no deadline of an action ends it
		p.t.Fatal(err)
	}
	p.run(runtime.AddBinding(tell), chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(early).Do(ctx)
		return err
	}), emulation.SetDeviceMetricsOverride(width, height, 1, false), chromedp.Navigate(address))
	return p
}

func (p *tab) run(actions ...chromedp.Action) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		p.t.Fatal(err)
	}
}

// at is the selector of a test id.
func at(testid string) string { return fmt.Sprintf(`[data-testid="%s"]`, testid) }

// click presses with the mouse, once the button can be pressed.
func (p *tab) click(testid string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`visible('%s') && !one('%[1]s').disabled && !one('%[1]s').closest('[inert]')`, testid))
	p.run(press(at(testid)))
}

// press clicks once. A page may draw a button anew between the look at it and the click, which then has no place to go: the browser says so before anything
// is pressed.
func press(selector string) chromedp.Action {
	click := chromedp.Click(selector, chromedp.ByQuery)
	return chromedp.ActionFunc(func(ctx context.Context) (err error) {
		for range 3 {
			if err = click.Do(ctx); err == nil || !strings.Contains(err.Error(), "Could not find node") {
				return err
			}
		}
		return err
	})
}

// keys types as fingers do: each key after the page has had time to see that no scanner types on (it waits 50 ms for that).
func (p *tab) keys(keys ...string) {
	p.t.Helper()
	for _, key := range keys {
		p.run(chromedp.KeyEvent(key))
		p.value(`new Promise((done) => setTimeout(done, 70))`)
	}
}

// value evaluates an expression to text; promises are awaited.
func (p *tab) value(expression string) (out string) {
	p.t.Helper()
	script := fmt.Sprintf("(async () => {%s return String(await (%s)); })()", helpers, expression)
	p.run(chromedp.Evaluate(script, &out, awaited))
	return out
}

func awaited(e *runtime.EvaluateParams) *runtime.EvaluateParams { return e.WithAwaitPromise(true) }

// until waits until a condition holds on the page, also over a reload, and tells how long that took.
func (p *tab) until(condition string) time.Duration {
	p.t.Helper()
	began := time.Now()
	for time.Since(began) < patience {
		if p.holds(condition) {
			return time.Since(began)
		}
	}
	p.picture("never came")
	p.t.Fatalf("never came: %s\nthe page went through %s and shows:\n%s", condition, p.value(`shownStates.join(', ')`),
		p.value(`document.body.innerText`))
	return 0
}

// holds looks at a condition every few milliseconds for a second. A page that is being left answers with an error, which is no answer.
func (p *tab) holds(condition string) (yes bool) {
	script := fmt.Sprintf(`(async () => {%s
		const end = performance.now() + 1000;
		for (; performance.now() < end; await new Promise((done) => setTimeout(done, 8))) if (%s) return true;
		return false; })()`, helpers, condition)
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	if err := chromedp.Run(ctx, chromedp.Evaluate(script, &yes, awaited)); err != nil {
		<-time.After(5 * time.Millisecond)
		return false
	}
	return yes
}

// reload loads the page anew and waits until the old one has gone.
func (p *tab) reload() {
	p.t.Helper()
	p.value(`globalThis.old = true, location.reload()`)
	p.until(`!globalThis.old && document.readyState === 'complete'`)
}

// went checks that the page has shown a state with a next step since it was loaded, however short.
func (p *tab) went(state string) {
	p.t.Helper()
	if seen := p.value(`shownStates.join(', ')`); !strings.Contains(seen, state) {
		p.t.Errorf("the page never showed %q, but %s", state, seen)
	}
}

// size changes the window and its pixels per CSS pixel.
func (p *tab) size(width, height int64, scale float64) {
	p.t.Helper()
	p.run(emulation.SetDeviceMetricsOverride(width, height, scale, false))
	p.until(fmt.Sprintf(`innerWidth === %d && innerHeight === %d && devicePixelRatio === %g`, width, height, scale))
}

// screenshot is what the window shows, as PNG.
func (p *tab) screenshot() (png []byte) {
	p.t.Helper()
	p.value(`new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))`)
	p.run(chromedp.CaptureScreenshot(&png))
	return png
}

// picture keeps a picture if somebody wants to look.
func (p *tab) picture(name string) {
	p.t.Helper()
	if *shots == "" {
		return
	}
	file := strings.NewReplacer("/", "-", " ", "-").Replace(p.t.Name() + " " + name + p.value(`location.pathname`) + ".png")
	if err := os.WriteFile(filepath.Join(*shots, file), p.screenshot(), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// whole checks that no button is too small for what stands on it: nothing sticks out, and no line of text is cut through.
func (p *tab) whole() {
	p.t.Helper()
	if got := p.value(`[...document.querySelectorAll('button :not(svg, use)')].filter((e) => e.checkVisibility()).flatMap((e) => {
		const own = e.getBoundingClientRect(), button = e.closest('button').getBoundingClientRect();
		const lines = e.clientHeight / parseFloat(getComputedStyle(e).lineHeight);
		const out = own.right > button.right + 1 || own.bottom > button.bottom + 1 || own.left < button.left - 1 || own.top < button.top - 1;
		const cut = getComputedStyle(e).overflowY === 'hidden' && Math.abs(lines - Math.round(lines)) > 0.1;
		return out ? [e.textContent + ' sticks out'] : cut ? [e.textContent + ' is cut'] : [];
	}).join(', ')`); got != "" {
		p.t.Error(got)
	}
}

// quoted writes a text as a string of JavaScript.
func quoted(text string) string { return fmt.Sprintf("%q", text) }

// clickText presses the button below an element that has exactly this text.
func clickText(id, text string) chromedp.Action {
	return chromedp.Click(fmt.Sprintf(`//*[@id=%q]//button[normalize-space(.)=%q]`, id, text), chromedp.BySearch)
}

// away takes the mouse off everything that lights up under it.
func away() chromedp.Action { return chromedp.MouseEvent(input.MouseMoved, 1, 1) }
