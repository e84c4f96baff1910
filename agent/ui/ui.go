package ui

import (
	"embed"
	"io/fs"
	"net/http"

	"github.com/tillproof/tillproof/web"
)

//go:embed static
var static embed.FS

// pages is the folder of the screens.
func pages() fs.FS {
	folder, err := fs.Sub(static, "static")
	if err != nil {
		panic("ui: the program was built without its screens: " + err.Error())
	}
	return folder
}

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

// guard guards the pages and refuses what is no reading.
func guard(next http.Handler) http.Handler {
	return web.Guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "The screens can only be read.", http.StatusMethodNotAllowed)
			return
		}
		next.ServeHTTP(w, r)
	}))
}

// serve writes one embedded file.
func serve(w http.ResponseWriter, name string) {
	if !web.File(w, pages(), name) {
		http.Error(w, "There is nothing at this path.", http.StatusNotFound)
	}
}
