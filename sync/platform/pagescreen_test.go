package platform

import (
	"context"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/presence"
	"github.com/tillproof/tillproof/sync/platform/registry"
	"github.com/tillproof/tillproof/sync/platform/work"
	"github.com/tillproof/tillproof/sync/wire"
)

// shots is a folder for pictures of the page, for people to look at: go test ./sync/platform -run Screen -shots DIR.
var shots = flag.String("shots", "", "write pictures of the page to this folder")

// screen is the page in a browser.
type screen struct {
	t   *testing.T
	ctx context.Context
}

// openScreen starts a browser on an address; the test is skipped by name without one.
func openScreen(t *testing.T, address string, width, height int64) *screen {
	t.Helper()
	const name = "chromium-headless-shell"
	program := "/usr/lib/chromium/" + name // what Debian puts on the path is a script that stays its parent
	if _, err := os.Stat(program); err != nil {
		if program, err = exec.LookPath(name); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatalf("%s is not installed; this test needs it", name)
			}
			t.Skipf("%s is not installed", name)
		}
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(profile(t)),
		chromedp.Flag("lang", "en-US"))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	bounded, end := context.WithTimeout(allocator, 60*time.Second)
	ctx, cancel := chromedp.NewContext(bounded, chromedp.WithErrorf(t.Logf))
	t.Cleanup(func() { cancel(); end(); stop() })
	s := &screen{t, ctx}
	s.run(emulation.SetDeviceMetricsOverride(width, height, 1, false), chromedp.Navigate(address))
	return s
}

func (s *screen) run(actions ...chromedp.Action) {
	s.t.Helper()
	if err := chromedp.Run(s.ctx, actions...); err != nil {
		s.t.Fatal(err)
	}
}

// until waits until a condition holds on the page.
func (s *screen) until(condition string) {
	s.t.Helper()
	const helpers = `const all = (id) => [...document.querySelectorAll('[data-testid="' + id + '"]')].filter((e) => e.checkVisibility());
		const text = (id) => all(id).map((e) => e.innerText).join('|');`
	var shown string
	for began := time.Now(); time.Since(began) < 10*time.Second; time.Sleep(25 * time.Millisecond) {
		var holds bool
		if err := chromedp.Run(s.ctx, chromedp.Evaluate(fmt.Sprintf("(() => {%s return Boolean(%s);})()", helpers, condition), &holds)); err == nil && holds {
			return
		}
	}
	s.run(chromedp.Evaluate("document.body.innerText", &shown))
	s.t.Fatalf("never came: %s; the page shows: %s", condition, shown)
}

func (s *screen) click(testid string) {
	s.t.Helper()
	s.run(chromedp.Click(`[data-testid="`+testid+`"]`, chromedp.ByQuery))
}

func (s *screen) keys(testid, text string) {
	s.t.Helper()
	s.run(chromedp.SendKeys(`[data-testid="`+testid+`"]`, text, chromedp.ByQuery))
}

// picture takes a picture if somebody wants to look.
func (s *screen) picture(name string) {
	s.t.Helper()
	if *shots == "" {
		return
	}
	var png []byte
	s.run(chromedp.FullScreenshot(&png, 100))
	if err := os.WriteFile(filepath.Join(*shots, name+".png"), png, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// shownOffice is an office with something of everything.
func shownOffice(t *testing.T) *Service {
	a, b := outboxtest.New("till-1"), outboxtest.New("till-2")
	for n := 1; n <= 4; n++ {
		sale(a, 1000*n)
	}
	sale(b, 250)
	b.Commit(intent(999))
	operation := &record.Operation{Payment: paymentID(2000), Key: "back-1", What: pos.Refund, Amount: 500, Currency: "EUR", Tender: pos.Cash, Mode: pos.Online,
		Of: &record.Foreign{Till: "till-1", Order: "order-2000", Attempt: 1, Tender: pos.Card, Currency: "EUR", Amount: 2005}}
	b.Commit(operation, &record.OperationEnd{Payment: paymentID(2000), Key: "back-1", State: pos.OperationDone})
	ledger := newBench(t, a, b)
	ledger.send(a, 1, 12)
	ledger.send(b, 1, 6)
	s := officeOf(t, ledger)
	if err := s.db.Transact(t.Context(), func(tx *database.Tx) error {
		_, err := s.work.Add(t.Context(), tx, work.Item{Kind: work.OrderChargedTwice, Merchant: "shop", Till: "till-2", Order: "order-17",
			Money: pos.Money{Amount: 1250, Currency: "EUR"}, Text: "Two tills have taken the money of order-17. Give one of them back."})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	said := wire.Birth{Till: "till-1", Online: true, At: clock(), Epoch: a.Head().Epoch, Seq: 12, Versions: wire.Versions{Software: "1.4.0", Policy: 3, Config: 2},
		Devices: []wire.BirthDevice{{Name: "counter", State: "ready"}, {Name: "scanner", State: "absent"}}}
	hear(t, s, said)
	return s
}

// hear takes what a till says of itself, and returns when it is kept.
func hear(t *testing.T, s *Service, b wire.Birth) {
	t.Helper()
	message, err := s.codec.EncodeBirth(&b)
	if err == nil {
		err = s.presence.Receive(wire.Topic{Merchant: "shop", Till: b.Till}, message)
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var keeper sync.WaitGroup
	keeper.Go(func() { s.presence.Run(ctx, func(err error) { t.Error(err) }) })
	defer keeper.Wait()
	defer stop()
	for kept := false; !kept && !t.Failed(); runtime.Gosched() {
		rows, err := s.presence.All(ctx)
		if err != nil {
			t.Fatal(err)
		}
		kept = slices.ContainsFunc(rows, func(r presence.Row) bool { return r.Till == b.Till })
	}
}

func TestTheScreenShowsTheOfficeToThoseWhoLogIn(t *testing.T) {
	s := shownOffice(t)
	token, err := s.registry.AddPerson(t.Context(), registry.Person{Name: "ann", Role: access.Operator})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.pages())
	defer server.Close()
	p := openScreen(t, server.URL, 1280, 800)
	p.until(`all('login').length === 1 && all('payments').length === 0 && document.activeElement.id === 'token'`)
	p.picture("login")
	p.keys("token", "tpo_WRONG"+kb.Enter)
	p.until(`all('wrong').length === 1`)
	p.keys("token", strings.Repeat(kb.Backspace, 9)+token+kb.Enter)
	p.until(`all('payment').length === 6 && text('person') === 'ann · Operator' && all('login').length === 0`)
	p.until(`text('chore').includes('Order charged twice') && text('chore').includes('€12.50')`)
	p.until(`text('returned').includes('till-1') && text('returned').includes('till-2')`)
	p.until(`text('till').includes('Online') && text('till').includes('1.4.0') && text('till').includes('policy 3') && text('till').includes('not ready: scanner')`)
	p.picture("office-en")
	p.keys("search-till", "till-2"+kb.Enter)
	p.until(`all('payment').length === 2`)
	p.run(chromedp.SetValue(`[data-testid="search-status"]`, "pending", chromedp.ByQuery))
	p.click("find")
	p.until(`all('payment').length === 1`)
	p.keys("search-order", "none"+kb.Enter)
	p.until(`document.getElementById('none').checkVisibility() && document.getElementById('none').innerText === 'No payment is like this.'`)
	p.keys("search-order", strings.Repeat(kb.Backspace, 4)+kb.Enter)
	p.until(`all('payment').length === 1`)
	p.click("lang-zh")
	p.until(`text('person') === 'ann · 操作' && text('chore').includes('订单重复收款')`)
	p.picture("office-zh")
	p.run(emulation.SetDeviceMetricsOverride(360, 740, 1, false))
	p.until(`document.documentElement.scrollWidth <= 360`)
	p.picture("office-phone")
	p.click("logout")
	p.until(`all('login').length === 1 && all('payments').length === 0`)
}

func TestTheScreenAsksForNothingWhereNobodyIsSetUp(t *testing.T) {
	server := httptest.NewServer(shownOffice(t).pages())
	defer server.Close()
	p := openScreen(t, server.URL, 1280, 800)
	p.until(`all('payment').length === 6 && all('login').length === 0 && all('person').length === 0 && all('logout').length === 0`)
}

// profile is a folder for a browser, which may still write into it when the test is over.
func profile(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "profile")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for tries := 0; os.RemoveAll(dir) != nil && tries < 100; tries++ {
			time.Sleep(20 * time.Millisecond)
		}
	})
	return dir
}
