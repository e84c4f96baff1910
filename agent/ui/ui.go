package ui

import (
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed static
var static embed.FS

// policy is the content security policy of every page (W3C CSP level 3): own scripts and styles only, nothing inline, no frames.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// Handler serves the screens: GET and HEAD of /till, /display and their assets below /ui/, and / leads to /till. Every other method
// is answered with 405, every other path with 404. It asks for no authorisation, since the pages hold no data; it keeps no state and
// may be used by many goroutines at once.
func Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/{$}", http.RedirectHandler("/till", http.StatusFound))
	mux.HandleFunc("/till", func(w http.ResponseWriter, _ *http.Request) { serve(w, "till.html") })
	mux.HandleFunc("/display", func(w http.ResponseWriter, _ *http.Request) { serve(w, "display.html") })
	mux.HandleFunc("/ui/{name...}", func(w http.ResponseWriter, r *http.Request) { serve(w, r.PathValue("name")) })
	return guard(mux)
}

// guard sets the headers that every answer carries and refuses what is no reading.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "The screens can only be read.", http.StatusMethodNotAllowed)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// serve writes one embedded file. A name that is not embedded, or of a kind that has no type, does not exist.
func serve(w http.ResponseWriter, name string) {
	body, err := fs.ReadFile(static, path.Join("static", name))
	kind := contentType(name)
	if err != nil || kind == "" || !fs.ValidPath(name) {
		http.Error(w, "There is nothing at this path.", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // the browser has gone if this fails
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
