package platform

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/presence"
	"github.com/tillproof/tillproof/sync/platform/work"
	"github.com/tillproof/tillproof/web"
)

// officeOf is a platform with a ledger and its back office, and without a broker.
func officeOf(t *testing.T, b *bench) *Service {
	t.Helper()
	s := &Service{tills: b.tills, custody: b.custody, ledger: openLedger(t, b.path), opts: Options{Log: slog.New(slog.DiscardHandler)}, db: b.custody.db,
		config: Config{Listen: "127.0.0.1:0"}, codec: b.tills.wire}
	var err error
	if s.work, err = work.Open(t.Context(), s.db); err != nil {
		t.Fatal(err)
	}
	s.parts = append(s.parts, s.work)
	for _, open := range []func(context.Context) error{s.openOffice, s.openOperate} {
		if err := open(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s.intake = newIntake(s)
	return s
}

// pagesOf serves the pages of a ledger.
func pagesOf(t *testing.T, b *bench) http.Handler {
	t.Helper()
	return officeOf(t, b).pages()
}

func visit(h http.Handler, method, target string) *httptest.ResponseRecorder {
	w, r := httptest.NewRecorder(), httptest.NewRequest(method, target, nil)
	if r.Host == "example.com" {
		r.Host = "127.0.0.1:8080"
	}
	h.ServeHTTP(w, r)
	return w
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	h := pagesOf(t, newBench(t))
	for target, want := range map[string]int{
		"/": 200, "/ui/ledger.js": 200, "/ui/ledger.css": 200, "/ui/icon.svg": 200, "/v1/payments": 200, "/v1/totals": 200, "/v1/marks": 200, "/healthz": 200, "/readyz": 503,
		"/ui/": 404, "/ui/none.js": 404, "/ui/../pages.go": 307, "/ui/%2e%2e/pages.go": 404, "/ui/x%2f..%2fledger.js": 404, "/x": 404,
		"http://evil.example/v1/payments": 421, "http://localhost/v1/payments": 200, "http://[::1]:80/v1/payments": 200,
	} {
		w := visit(h, http.MethodGet, target)
		if w.Code != want {
			t.Errorf("%s: %d, want %d", target, w.Code, want)
		}
		if !strings.HasPrefix(w.Header().Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'; ") || w.Header().Get("X-Content-Type-Options") != "nosniff" ||
			w.Header().Get("Referrer-Policy") != "no-referrer" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", target, w.Header())
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch} {
		for _, target := range []string{"/", "/ui/ledger.js", "/v1/payments", "/v1/totals", "/v1/marks", "/healthz", "/readyz", "/metrics"} {
			if w := visit(h, method, target); w.Code != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d", method, target, w.Code)
			}
		}
	}
}

// paymentLine is a payment as /v1/payments shows it.
type paymentLine struct {
	ID        string     `json:"id"`
	Till      pos.TillID `json:"till"`
	Order     string     `json:"order"`
	Attempt   int        `json:"attempt"`
	Tender    pos.Tender `json:"tender"`
	Scheme    string     `json:"scheme"`
	Status    pos.Status `json:"status"`
	Amount    int64      `json:"amount"`
	Currency  string     `json:"currency"`
	Refunded  int64      `json:"refunded_amount"`
	Unwanted  bool       `json:"unwanted"`
	Fork      bool       `json:"fork"`
	CreatedAt string     `json:"created_at"`
	UpdatedAt string     `json:"updated_at"`
}

type paymentPage struct {
	Items []paymentLine
	Next  string
}

func pageOf(t *testing.T, h http.Handler, query string) (page paymentPage) {
	t.Helper()
	w := visit(h, http.MethodGet, "/v1/payments"+query)
	if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %v: %s", w.Code, err, w.Body)
	}
	return page
}

func TestPaymentsNewestFirst(t *testing.T) {
	j := outboxtest.New("till-1")
	for n := 1; n <= 120; n++ {
		sale(j, n)
	}
	j.Commit(&record.Intent{Payment: paymentID(200), Order: "o-200", Attempt: 3, Amount: 200, Currency: "JPY", Tender: pos.Code, Mode: pos.Online},
		&record.Presented{Payment: paymentID(200), Scheme: "wechat", CodeHash: make([]byte, 16)},
		&record.PlatformResult{Payment: paymentID(200), N: 1, Decision: &record.Decision{Status: pos.Approved, Amount: 200, Currency: "JPY"}},
		&record.PlatformResult{Payment: paymentID(200), N: 2, Decision: &record.Decision{Status: pos.Refunded, Amount: 200, Currency: "JPY"}})
	b := newBench(t, j)
	b.send(j, 1, 364)
	h := pagesOf(t, b)
	first := pageOf(t, h, "")
	want := paymentLine{ID: paymentID(200).String(), Till: "till-1", Order: "o-200", Attempt: 3, Tender: pos.Code, Scheme: "wechat", Status: pos.Refunded,
		Amount: 200, Currency: "JPY", Refunded: 200, CreatedAt: first.Items[0].CreatedAt, UpdatedAt: first.Items[0].UpdatedAt}
	if first.Items[0] != want || !strings.HasSuffix(want.CreatedAt, "Z") || len(want.UpdatedAt) != len("2006-01-02T15:04:05.000Z") || len(first.Items) != 50 {
		t.Errorf("%+v", first.Items[0])
	}
	var ids []string
	for page := first; ; page = pageOf(t, h, "?before="+page.Next) {
		for _, p := range page.Items {
			ids = append(ids, p.ID)
		}
		if page.Next == "" {
			break
		}
	}
	if len(ids) != 121 || !slices.IsSortedFunc(ids, func(a, b string) int { return strings.Compare(b, a) }) {
		t.Errorf("%d payments", len(ids))
	}
	if page := pageOf(t, h, "?limit=121"); len(page.Items) != 121 || page.Next != "" {
		t.Errorf("%d, next %q", len(page.Items), page.Next)
	}
	for _, query := range []string{"?limit=0", "?limit=201", "?limit=x", "?before=x", "?before=~"} {
		if w := visit(h, http.MethodGet, "/v1/payments"+query); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", query, w.Code)
		}
	}
}

func TestTotalsCountWhatIsOurs(t *testing.T) {
	j := outboxtest.New("till-1")
	sale(j, 100)
	sale(j, 200)
	j.Commit(intent(300))
	b := newBench(t, j)
	b.send(j, 1, 7)
	h := pagesOf(t, b)
	var got sums
	ask := func() {
		t.Helper()
		w := visit(h, http.MethodGet, "/v1/totals")
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%d %v", w.Code, err)
		}
	}
	ask()
	if want := (pos.Totals{pos.Card: {"EUR": {Count: 2, Amount: 310}}}); !got.Totals.Equal(want) || got.Exponent["EUR"] != 2 ||
		*got.ByStatus[pos.Approved]["EUR"] != (pos.Sum{Count: 2, Amount: 310}) || *got.ByStatus[pos.Pending]["EUR"] != (pos.Sum{Count: 1, Amount: 300}) {
		t.Errorf("%+v", got)
	}
	first := got.AsOf
	if ask(); got.AsOf != first {
		t.Error("added up again at once")
	}
}

func TestPagesOfAnUnreadableLedger(t *testing.T) {
	for damage, targets := range map[string][]string{
		"DROP TABLE payments":               {"/v1/payments", "/v1/totals"},
		"UPDATE payments SET state = x'ff'": {"/v1/payments"},
	} {
		j := threeSales("till-1")
		b := newBench(t, j)
		b.send(j, 1, 9)
		h := pagesOf(t, b)
		if err := b.custody.script(t.Context(), damage); err != nil {
			t.Fatal(err)
		}
		for _, target := range targets {
			if w := visit(h, http.MethodGet, target); w.Code != http.StatusInternalServerError {
				t.Errorf("%s after %s: %d", target, damage, w.Code)
			}
		}
	}
}

// TestThePageSaysEverythingInBothLanguages: same keys, no key without words, and words for every status, tender and count.
func TestThePageSaysEverythingInBothLanguages(t *testing.T) {
	keys := func(name string) []string {
		var list []string
		for _, m := range regexp.MustCompile(`'([a-z_.]+)': '`).FindAllStringSubmatch(file(t, name), -1) {
			list = append(list, m[1])
		}
		slices.Sort(list)
		return list
	}
	en, zh := keys("en.js"), keys("zh.js")
	if len(en) == 0 || !slices.Equal(en, zh) || len(slices.Compact(slices.Clone(en))) != len(en) {
		t.Errorf("en %v\nzh %v", en, zh)
	}
	wanted := []string{"status.refund_due"}
	for _, m := range regexp.MustCompile(`data-text="([a-z]+)"`).FindAllStringSubmatch(file(t, "index.html"), -1) {
		wanted = append(wanted, m[1])
	}
	for _, tender := range []pos.Tender{pos.Card, pos.Code, pos.QR, pos.Cash, pos.None} {
		wanted = append(wanted, "tender."+string(tender))
	}
	for _, status := range []pos.Status{pos.Pending, pos.Approved, pos.ApprovedOffline, pos.Declined, pos.Cancelled, pos.Expired, pos.Unknown, pos.Captured,
		pos.ForwardDeclined, pos.WrittenOff, pos.Voided, pos.PartlyRefunded, pos.Refunded, pos.RefundDue, pos.Reserved} {
		wanted = append(wanted, "status."+string(status))
		if !strings.Contains(file(t, "rows.js"), string(status)+": [") {
			t.Errorf("%s has no tone", status)
		}
	}
	for _, kind := range []work.Kind{work.ForwardDeclined, work.OrderChargedTwice, work.RecordHeld, work.Fork, work.Forged, work.RefundFailed, work.StatementDifference} {
		wanted = append(wanted, "work."+string(kind))
	}
	for _, role := range []access.Role{access.Viewer, access.Operator, access.Admin} {
		wanted = append(wanted, "role."+string(role))
	}
	for _, state := range []string{presence.Online, presence.Offline, presence.Silent} {
		wanted = append(wanted, "presence."+state)
	}
	var counts map[string]uint64
	raw, err := json.Marshal(Counts{})
	if err != nil || json.Unmarshal(raw, &counts) != nil {
		t.Fatal(err)
	}
	for name := range counts {
		wanted = append(wanted, "intake."+name)
	}
	for _, key := range wanted {
		if !slices.Contains(en, key) {
			t.Errorf("no words for %s", key)
		}
	}
}

// TestThePageKeepsToItsPolicy: nothing inline, nothing from elsewhere, and every file that is named is there.
func TestThePageKeepsToItsPolicy(t *testing.T) {
	page := file(t, "index.html")
	for _, bad := range []string{" style=", "<style", "onclick", "javascript:", "http://", "https://"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	for _, m := range regexp.MustCompile(`(?:src|href)="/ui/([^"]+)"`).FindAllStringSubmatch(page, -1) {
		file(t, m[1])
	}
	entries, err := fs.ReadDir(static, "static")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text := file(t, e.Name())
		if strings.Contains(text, "innerHTML") || !web.File(httptest.NewRecorder(), static, "static/"+e.Name()) {
			t.Errorf("%s: markup from data, or a type that is not served", e.Name())
		}
		for _, m := range regexp.MustCompile(`from '\./([^']+)'`).FindAllStringSubmatch(text, -1) {
			file(t, m[1])
		}
	}
}

func file(t *testing.T, name string) string {
	t.Helper()
	text, err := static.ReadFile(path.Join("static", name))
	if err != nil {
		t.Fatal(fmt.Errorf("the page names %s: %w", name, err))
	}
	return string(text)
}
