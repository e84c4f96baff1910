// Package web is what the pages of the till, the platform and the demo have in common: the headers that guard them, and embedded files with the right
// types. It knows nothing of what they show.
package web

import (
	"io/fs"
	"net"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// policy lets a page use scripts, styles and pictures of its own address and nothing else: nothing inline, no frames (W3C Content Security Policy
// level 3).
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// Guard sets the headers that every answer carries, refusals included.
func Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// Host is the name or address that a request is made to, without port and brackets. A page of another site may give its name our address (DNS
// rebinding), so what is served checks it.
func Host(r *http.Request) string {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.Trim(host, "[]")
}

// Loopback says whether a host is this machine under a name that cannot be given to another.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// File writes a file of a folder of pages. It writes nothing and returns false for a name that is not there, or of a kind that pages have not.
func File(w http.ResponseWriter, folder fs.FS, name string) bool {
	kind := contentType(name)
	body, err := fs.ReadFile(folder, name)
	if err != nil || kind == "" {
		return false
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // the browser has gone if this fails
	return true
}

// contentType does not ask the machine's own table, which differs from till to till; a module of the wrong type would not run.
func contentType(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return ""
}
