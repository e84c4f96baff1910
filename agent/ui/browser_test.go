package ui_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// shots is a folder for pictures of every state, for people to look at: go test ./agent/ui -run Pictures -shots DIR.
var shots = flag.String("shots", "", "write pictures of the screens to this folder")

const browserName = "chromium-headless-shell"

// browserProgram finds the browser itself: what Debian puts on the path is a script that stays its parent, and ending that would leave the browser.
func browserProgram() (string, error) {
	if program := "/usr/lib/chromium/" + browserName; isFile(program) {
		return program, nil
	}
	return exec.LookPath(browserName)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// browser starts one browser for a test and its subtests; every page has a profile of its own.
func browser(t *testing.T) context.Context {
	t.Helper()
	program, err := browserProgram()
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is not installed; these tests need it", browserName)
		}
		t.Skipf("%s is not installed", browserName)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("lang", "en-US"))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator, chromedp.WithErrorf(t.Logf))
	t.Cleanup(func() { cancel(); stop() })
	if err := chromedp.Run(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// page is one tab.
type page struct {
	t   *testing.T
	ctx context.Context
}

// open opens an address in a profile of its own, in a window of the given size.
func open(browser context.Context, t *testing.T, address string, width, height int64) *page {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	ctx, stop := context.WithTimeout(ctx, 60*time.Second)
	t.Cleanup(func() { stop(); cancel() })
	p := &page{t, ctx}
	p.run(emulation.SetDeviceMetricsOverride(width, height, 1, false), chromedp.Navigate(address))
	return p
}

// tab opens another tab of the same profile.
func (p *page) tab(address string, width, height int64) *page {
	p.t.Helper()
	ctx, cancel := chromedp.NewContext(p.ctx)
	p.t.Cleanup(cancel)
	other := &page{p.t, ctx}
	other.run(emulation.SetDeviceMetricsOverride(width, height, 1, false), chromedp.Navigate(address))
	return other
}

func (p *page) run(actions ...chromedp.Action) {
	p.t.Helper()
	if err := chromedp.Run(p.ctx, actions...); err != nil {
		p.t.Fatal(err)
	}
}

// at is the selector of a test id.
func at(testid string) string { return fmt.Sprintf(`[data-testid="%s"]`, testid) }

func (p *page) click(testid string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`visible('%s')`, testid))
	p.run(chromedp.Click(at(testid), chromedp.ByQuery))
}

// keys types as fingers do: one key after another, with a pause that no scanner makes.
func (p *page) keys(keys ...string) {
	p.t.Helper()
	for _, key := range keys {
		p.run(chromedp.KeyEvent(key), chromedp.Sleep(70*time.Millisecond))
	}
}

// helpers are functions that the conditions below are written with.
const helpers = `
	const one = (id) => document.querySelector('[data-testid="' + id + '"]');
	const visible = (id) => { const e = one(id); return Boolean(e) && e.checkVisibility(); };
	const text = (id) => one(id).textContent;
	const status = () => (visible('state') ? one('state').dataset.status : '');
`

// until waits until a condition holds on the page.
func (p *page) until(condition string) {
	p.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		var holds bool
		if err := chromedp.Run(p.ctx, chromedp.Evaluate(fmt.Sprintf("(() => {%s return Boolean(%s);})()", helpers, condition), &holds)); err == nil && holds {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	p.t.Fatalf("never came: %s; the page shows: %s", condition, p.value("document.body.innerText"))
}

// value evaluates an expression to text.
func (p *page) value(expression string) string {
	p.t.Helper()
	var out string
	p.run(chromedp.Evaluate(fmt.Sprintf("(() => {%s return String(%s);})()", helpers, expression), &out))
	return out
}

// reload loads the page anew and returns when the old one has gone.
func (p *page) reload() {
	p.t.Helper()
	p.run(chromedp.Reload())
}

// picture takes a picture if somebody wants to look.
func (p *page) picture(name string) {
	p.t.Helper()
	if *shots == "" {
		return
	}
	var png []byte
	p.run(chromedp.Sleep(250*time.Millisecond), chromedp.CaptureScreenshot(&png))
	if err := os.WriteFile(filepath.Join(*shots, strings.ReplaceAll(name, " ", "-")+".png"), png, 0o600); err != nil {
		p.t.Fatal(err)
	}
}
