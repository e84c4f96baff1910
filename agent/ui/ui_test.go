package ui_test

import (
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/agent/ui"
)

func ask(method, address string) *http.Response {
	w := httptest.NewRecorder()
	ui.Handler().ServeHTTP(w, httptest.NewRequest(method, address, nil))
	return w.Result()
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(path.Join("static", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// files lists the embedded files below static.
func files(t *testing.T) (names []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS("static"), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil || len(names) == 0 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	return names
}

func TestPagesAndAssetsAreServedWithTheirTypes(t *testing.T) {
	for address, kind := range map[string]string{
		"/till": "text/html; charset=utf-8", "/display": "text/html; charset=utf-8", "/ui/js/till.js": "text/javascript; charset=utf-8",
		"/ui/css/base.css": "text/css; charset=utf-8", "/ui/icons.svg": "image/svg+xml",
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			r := ask(method, address)
			body, _ := io.ReadAll(r.Body)
			if r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != kind || len(body) == 0 {
				t.Errorf("%s %s: %d %s, %d bytes", method, address, r.StatusCode, r.Header.Get("Content-Type"), len(body))
			}
		}
	}
	if r := ask(http.MethodGet, "/"); r.StatusCode != http.StatusFound || r.Header.Get("Location") != "/till" {
		t.Errorf("/ leads to %d %q", r.StatusCode, r.Header.Get("Location"))
	}
}

func TestNothingElseIsServed(t *testing.T) {
	for _, address := range []string{"/ui/", "/ui/js", "/ui/js/", "/ui/none.js",
		"/ui/js/%2e%2e/till.html/x", "/ui/..%2f..%2fui.go", "/ui/%2e%2e/ui.go", "/till/x", "/display/", "/v1/status"} {
		moved := []int{http.StatusMovedPermanently, http.StatusTemporaryRedirect} // to the path without its dots
		if r := ask(http.MethodGet, address); r.StatusCode != http.StatusNotFound && !slices.Contains(moved, r.StatusCode) {
			t.Errorf("%s: %d", address, r.StatusCode)
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodPatch} {
		for _, address := range []string{"/till", "/display", "/ui/js/till.js"} {
			if r := ask(method, address); r.StatusCode != http.StatusMethodNotAllowed || r.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %d, allowed %q", method, address, r.StatusCode, r.Header.Get("Allow"))
			}
		}
	}
}

func TestEveryAnswerIsLockedDown(t *testing.T) {
	for _, address := range []string{"/till", "/display", "/ui/js/till.js", "/ui/none", "/"} {
		h := ask(http.MethodGet, address).Header
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", address, h)
		}
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'",
			"base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"} {
			if !slices.Contains(strings.Split(h.Get("Content-Security-Policy"), "; "), part) {
				t.Errorf("%s: the policy lacks %s", address, part)
			}
		}
	}
}

// The policy would stop inline code and styles without a word, so they must not be written in the first place.
func TestPagesHoldNothingInline(t *testing.T) {
	inline := regexp.MustCompile(`(?i)\sstyle=|<style|\son[a-z]+=|javascript:|<script[^>]*>[^<]|https?://`)
	for _, page := range []string{"till.html", "display.html"} {
		if found := inline.FindString(read(t, page)); found != "" {
			t.Errorf("%s: %s", page, found)
		}
	}
}

func TestEverythingThatIsReferredToExists(t *testing.T) {
	names := files(t)
	imported := regexp.MustCompile(`from '\./([^']+)'`)
	address := regexp.MustCompile(`"/ui/([^"#]+)`)
	for _, name := range names {
		text := read(t, name)
		for _, found := range imported.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(names, path.Join(path.Dir(name), found[1])) {
				t.Errorf("%s imports %s", name, found[1])
			}
		}
		for _, found := range address.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(names, found[1]) {
				t.Errorf("%s refers to %s", name, found[1])
			}
		}
		if path.Ext(name) == ".js" && !strings.HasPrefix(text, "// ") {
			t.Errorf("%s does not begin with what it is for", name)
		}
	}
}

// dictionary reads a language's words.
func dictionary(t *testing.T, name string) map[string]string {
	t.Helper()
	words := map[string]string{}
	for _, found := range regexp.MustCompile(`'([a-z_.-]+)':\s+'([^']*)'`).FindAllStringSubmatch(read(t, name), -1) {
		if words[found[1]] != "" {
			t.Errorf("%s has %s twice", name, found[1])
		}
		words[found[1]] = found[2]
	}
	if len(words) < 100 {
		t.Fatalf("%s: only %d words", name, len(words))
	}
	return words
}

func TestBothLanguagesSayTheSame(t *testing.T) {
	en, zh := dictionary(t, "js/en.js"), dictionary(t, "js/zh.js")
	place := regexp.MustCompile(`\{\w+\}`)
	sorted := func(text string) string {
		return strings.Join(slices.Sorted(slices.Values(place.FindAllString(text, -1))), " ")
	}
	for key, text := range en {
		if other, known := zh[key]; !known || sorted(other) != sorted(text) {
			t.Errorf("%s: %q and %q", key, text, other)
		}
	}
	for key := range zh {
		if _, known := en[key]; !known {
			t.Errorf("%s is only Chinese", key)
		}
	}
}

func TestEveryWordThatIsUsedExists(t *testing.T) {
	words := dictionary(t, "js/en.js")
	used := regexp.MustCompile(`\bt\('([^']+)'|data-t(?:-label)?="([^"]+)"|'((?:display|money|state|confirm)\.[a-z_.]+)'`)
	for _, name := range files(t) {
		if name == "js/en.js" || name == "js/zh.js" {
			continue
		}
		for _, found := range used.FindAllStringSubmatch(read(t, name), -1) {
			key := found[1] + found[2] + found[3]
			if _, known := words[key]; !known {
				t.Errorf("%s uses %s", name, key)
			}
		}
	}
}

// Every state, tender, mode and disk state of the contract has a word, since these keys are put together while the page runs.
func TestEveryStateHasItsWord(t *testing.T) {
	words := dictionary(t, "js/en.js")
	for prefix, list := range map[string]string{
		"state":        "sending refused pending presented unknown approved captured approved_offline declined forward_declined cancelled expired voided refunded partly_refunded written_off refund_due reserved released booking releasing not_booking not_releasing",
		"next":         "scan_code wait_customer customer_pays not_confirmed wait wait_terminal wait_platform retry refund resolve given_up cancel_too_late refund_refused collect write_off book release",
		"tender":       "cash card code qr none",
		"mode":         "online degraded offline unclear toast.online toast.degraded toast.offline",
		"refusal.card": "", "money": "none_moved moved unknown reserved hold_unknown hold_unwanted", "held": "booking releasing booking_unknown releasing_unknown given_up still released", "truth": "disk_low disk_stopped", "display": "declined cancelled expired held released",
		"decide.kind":   "slip terminal_journal host evidence_abandoned",
		"decide.status": "approved declined cancelled voided done refused written_off hold_reserved hold_voided booking_done booking_refused releasing_done releasing_refused",
		"decide.means":  "approved declined cancelled voided unknown written_off",
		"decide":        "means.operation_done means.operation_refused means.operation_unknown means.hold_reserved means.hold_voided means.hold_unknown means.booking_done means.booking_refused means.booking_unknown means.releasing_done means.releasing_refused means.releasing_unknown",
		"giving":        "done_void done_card done_code done_qr refused unknown requested hand_out not_begun",
		"report":        "tips rounding approved_offline lost presented unknown_sums exact over short x z",
		"settle.state":  "begun told done unknown abandoned",
		"difference":    "missing_at_terminal outside_batch offline_not_counted unknown_payment unwanted_payment counted_at_terminal tip amount other_brand other_currency refund_not_counted void_not_counted refund_counted void_counted not_told unexplained totals_lost not_settled reserved capture_not_counted capture_counted",
		"rule":          "require_online code_online_only qr_online_only refund_online_only capture_online_only ask amount total count age away ended currency card hotlist",
		"action":        "cancel next again ask void refund decide rest dismiss capture sell-offline override print aside give-up back blocker leave close asking book release hold",
		"problem":       "order_open order_conflict order_expired code_used code_invalid device_unresolved device_unavailable amount_invalid not_supported offline_refused disk_low journal_stopped",
	} {
		for _, word := range strings.Fields(list) {
			if words[prefix+"."+word] == "" {
				t.Errorf("%s.%s has no word", prefix, word)
			}
		}
	}
	for _, state := range []string{"busy", "opening", "failed", "absent"} {
		if words["refusal.card_"+state] == "" {
			t.Errorf("a card terminal that is %s has no word", state)
		}
	}
}

// FuzzNames asks for any name below /ui/: what comes is an embedded file or nothing.
func FuzzNames(f *testing.F) {
	for _, seed := range []string{"js/till.js", "../ui.go", "js/../till.html", "", ".", "js", "\x00", "css/base.css/", "//etc/passwd", `..\ui.go`, "icons.svg?x=1"} {
		f.Add(seed)
	}
	embedded := map[string]bool{}
	err := fs.WalkDir(os.DirFS("static"), ".", func(name string, d fs.DirEntry, err error) error {
		embedded[name] = err == nil && !d.IsDir()
		return err
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name string) {
		r := httptest.NewRequest(http.MethodGet, "/ui/", nil)
		r.URL.Path = "/ui/" + name
		w := httptest.NewRecorder()
		ui.Handler().ServeHTTP(w, r)
		if w.Code == http.StatusOK && !embedded[name] {
			t.Errorf("%q is served", name)
		}
		if w.Code >= http.StatusInternalServerError {
			t.Errorf("%q: %d", name, w.Code)
		}
	})
}
