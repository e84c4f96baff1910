package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tillproof/tillproof/web"
)

func TestEveryAnswerIsGuarded(t *testing.T) {
	w := httptest.NewRecorder()
	web.Guard(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	h := w.Header()
	for _, part := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
		if !strings.Contains(h.Get("Content-Security-Policy"), part) {
			t.Errorf("no %s in %q", part, h.Get("Content-Security-Policy"))
		}
	}
	if strings.Contains(h.Get("Content-Security-Policy"), "unsafe") || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" ||
		h.Get("Cache-Control") != "no-store" || w.Code != http.StatusNotFound {
		t.Errorf("%d %v", w.Code, h)
	}
}

func TestFilesHaveTheirTypesAndNothingElseIsServed(t *testing.T) {
	files := fstest.MapFS{"a.html": {Data: []byte("h")}, "js/b.js": {Data: []byte("j")}, "c.css": {Data: []byte("c")}, "d.svg": {Data: []byte("s")}, "e.txt": {Data: []byte("t")}}
	for name, kind := range map[string]string{"a.html": "text/html; charset=utf-8", "js/b.js": "text/javascript; charset=utf-8", "c.css": "text/css; charset=utf-8",
		"d.svg": "image/svg+xml", "e.txt": "", "js": "", "": "", "../a.html": "", "/a.html": "", "js/../a.html": "", "none.js": ""} {
		w := httptest.NewRecorder()
		served := web.File(w, files, name)
		if served != (kind != "") || served && (w.Header().Get("Content-Type") != kind || w.Header().Get("Content-Length") != "1") || !served && w.Body.Len() > 0 {
			t.Errorf("%q: %v, %v", name, served, w.Header())
		}
	}
}

func TestHosts(t *testing.T) {
	for asked, want := range map[string]struct {
		host     string
		loopback bool
	}{
		"localhost": {"localhost", true}, "127.0.0.1:80": {"127.0.0.1", true}, "[::1]:80": {"::1", true}, "[::1]": {"::1", true}, "127.9.9.9": {"127.9.9.9", true},
		"192.0.2.1:80": {"192.0.2.1", false}, "till.example:80": {"till.example", false}, "localhost.example": {"localhost.example", false}, "": {"", false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = asked
		if host := web.Host(r); host != want.host || web.Loopback(host) != want.loopback {
			t.Errorf("%q is %q, loopback %v", asked, host, web.Loopback(host))
		}
	}
}
