package scenario_test

import (
	"encoding/json"
	"html"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// button is a button of the panel: what it posts, and where.
type button struct{ path, body string }

// buttons reads the panel as a browser would: those of the templates too, for a payment and an article.
func buttons(page, payment string) (list []button) {
	for _, m := range regexp.MustCompile(`data-post="([^"]*)" data-body=(?:'([^']*)'|"([^"]*)")`).FindAllStringSubmatch(page, -1) {
		body := html.UnescapeString(m[2] + m[3])
		list = append(list, button{m[1], strings.NewReplacer("$payment", payment, "$code", "2000000001012").Replace(body)})
	}
	return list
}

func get(t *testing.T, url string) (text string, header http.Header, status int) {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw), r.Header, r.StatusCode
}

func TestThePanelIsServedAndHoldsNoSecret(t *testing.T) {
	s := openShop(t, t.TempDir())
	for path, kind := range map[string]string{"/": "text/html; charset=utf-8", "/panel/panel.css": "text/css; charset=utf-8",
		"/panel/panel.js": "text/javascript; charset=utf-8", "/state": "application/json"} {
		text, header, status := get(t, s.ready.Control+path)
		if status != http.StatusOK || header.Get("Content-Type") != kind {
			t.Errorf("%s: %d %s", path, status, header.Get("Content-Type"))
		}
		if policy := header.Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self'") || strings.Contains(policy, "unsafe") ||
			header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: headers %v", path, header)
		}
		if strings.Contains(text, s.ready.Token) {
			t.Errorf("%s holds the till's token", path)
		}
		if strings.Contains(text, "style=") || strings.Contains(text, "<script>") || strings.Contains(text, "onclick") {
			t.Errorf("%s holds inline style or script", path)
		}
	}
	for path, want := range map[string]int{"/panel/nothing.js": 404, "/panel/goods.csv": 404, "/else": 404} {
		if _, _, status := get(t, s.ready.Control+path); status != want {
			t.Errorf("%s: %d", path, status)
		}
	}
	r, err := http.NewRequest("GET", s.ready.Control+"/state", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "evil.example"
	if response, err := http.DefaultClient.Do(r); err != nil || response.StatusCode != http.StatusForbidden {
		t.Errorf("another host: %v, %v", response, err)
	}
	s.leave()
}

func TestEveryButtonOfThePanelWorks(t *testing.T) {
	s := openShop(t, t.TempDir())
	page, _, _ := get(t, s.ready.Control+"/")
	own := s.begin(`{"order":"qr-1","amount":360,"currency":"EUR","tender":"qr","scheme":"epc"}`)
	s.shown(own)
	pressed := 0
	for _, b := range buttons(page, own.ID) {
		if b.path == "/customer" && strings.Contains(b.body, `"pays":false`) && strings.Contains(b.body, own.ID) {
			continue // a transfer cannot be refused; the button is hidden then
		}
		var answer map[string]any
		status := 0
		for until := time.Now().Add(20 * time.Second); status != http.StatusOK && time.Now().Before(until); <-time.After(100 * time.Millisecond) {
			status = s.call("POST", s.ready.Control+b.path, b.body, &answer) // what was unplugged or killed just before needs its time
		}
		if status != http.StatusOK {
			t.Errorf("%s %s: %d %v", b.path, b.body, status, answer)
		}
		if code, _ := answer["code"].(string); b.path == "/pair" && len(code) != 6 {
			t.Errorf("no pairing code: %v", answer)
		}
		pressed++
	}
	if pressed < 25 {
		t.Errorf("only %d buttons were found", pressed)
	}
	s.pay("cash-1", "cash")
	var state struct {
		Till *struct {
			Mode string `json:"mode"`
		} `json:"till"`
		Network bool              `json:"network"`
		Goods   []json.RawMessage `json:"goods"`
	}
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); <-time.After(50 * time.Millisecond) {
		if s.call("GET", s.ready.Control+"/state", "", &state); state.Till != nil && state.Till.Mode == "online" {
			break
		}
	}
	if state.Till == nil || state.Till.Mode != "online" || !state.Network || len(state.Goods) != 24 {
		t.Errorf("%+v", state)
	}
	s.leave()
}
