package ui_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tillproof/tillproof/agent/ui"
)

// object is a JSON object; the fake scripts the shapes of the API and knows nothing of money.
type object = map[string]any

const pairCode = "482199"

// fakeTill answers as the local API does, from a script. It serves for what the pages draw and ask; the real API is tested elsewhere.
type fakeTill struct {
	*httptest.Server
	t *testing.T

	mu        sync.Mutex
	status    object
	payments  []object
	posts     []string // bodies of POST /v1/payments as they came
	scans     []string
	listeners map[chan string]bool
	seq       int
	paired    bool
	down      bool // connections are cut
	frozen    bool // connections stay and say nothing more
	mute      bool // a created payment is kept and its answer is lost
	refuse    object
	script    map[string]object // answers of deskRoutes, such as "POST void"
	asked     []string          // what was sent to them

	frozenDesk chan struct{} // a settlement waits until it is closed; nil for one that does not wait
}

func newFake(t *testing.T) *fakeTill {
	f := &fakeTill{t: t, paired: true, listeners: map[chan string]bool{}, script: map[string]object{}, status: object{
		"till": "till-7", "version": "test", "mode": "online", "mode_since_at": "2026-03-02T13:02:00.000Z", "epoch": epoch, "seq": 12, "acked_seq": 12,
		"backlog": object{"records": 0, "payments": 0, "amounts": object{}}, "disk": object{"free_bytes": 1 << 40, "state": "ok"}, "clock": object{"doubted": false},
		"devices": []object{{"name": "front", "driver": "zvt", "kind": "card", "state": "ready", "text": ""}}, "unknown": []string{},
		"shop": object{"currency": "EUR", "exponent": 2, "timezone": "Europe/Berlin", "tenders": []string{"card", "code", "qr", "cash"},
			"qr": []object{{"scheme": "epc", "source": "local"}}, "languages": []string{"en", "zh-CN"}, "goods": true},
	}}
	mux := http.NewServeMux()
	mux.Handle("/", ui.Handler())
	mux.HandleFunc("/v1/session", f.session)
	for pattern, handler := range map[string]http.HandlerFunc{
		"GET /v1/status": f.getStatus, "GET /v1/goods": f.getGoods, "GET /v1/events": f.events, "POST /v1/scan": f.scan, "POST /v1/sync": f.sync,
		"GET /v1/payments": f.list, "POST /v1/payments": f.create, "GET /v1/payments/{id}": f.get, "POST /v1/payments/{id}/cancel": f.cancel,
		"GET /v1/payments/{id}/qr": symbolOfModules,
	} {
		mux.HandleFunc(pattern, f.authorised(handler))
	}
	for pattern, handler := range f.deskRoutes() {
		mux.HandleFunc(pattern, f.authorised(handler))
	}
	f.Server = httptest.NewServer(f.breakable(mux))
	t.Cleanup(func() { f.CloseClientConnections(); f.Close() })
	return f
}

const epoch = "01950000-0000-7000-8000-000000000001"

// breakable cuts connections while the fake is down.
func (f *fakeTill) breakable(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.is(&f.down) {
			panic(http.ErrAbortHandler)
		}
		next.ServeHTTP(w, r)
	})
}

func (f *fakeTill) authorised(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !f.is(&f.paired) {
			answer(w, http.StatusUnauthorized, object{"code": "unauthorized", "money": "none_moved", "title": "Unauthorized", "detail": "", "next": ""})
			return
		}
		next(w, r)
	}
}

func (f *fakeTill) is(flag *bool) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return *flag
}

// set changes the fake's flags and state.
func (f *fakeTill) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// wait waits for something that the pages do.
func (f *fakeTill) wait(done func() bool, otherwise string) {
	f.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		f.mu.Lock()
		is := done()
		f.mu.Unlock()
		if is {
			return
		}
	}
	f.t.Fatalf("%s: %q, %q", otherwise, f.posts, f.scans)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func (f *fakeTill) session(w http.ResponseWriter, r *http.Request) {
	var given struct{ Code string }
	if r.Method == http.MethodPost && (json.NewDecoder(r.Body).Decode(&given) != nil || given.Code != pairCode) {
		answer(w, http.StatusForbidden, object{"code": "pairing_invalid", "money": "none_moved", "title": "Forbidden", "detail": "", "next": ""})
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.paired = f.paired || r.Method == http.MethodPost
	answer(w, http.StatusOK, object{"paired": f.paired, "till": "till-7"})
}

func (f *fakeTill) getStatus(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	answer(w, http.StatusOK, f.status)
}

func (f *fakeTill) getGoods(w http.ResponseWriter, _ *http.Request) {
	names := []string{"Espresso", "Cappuccino", "Flat white", "Filter coffee", "Green tea", "乌龙茶",
		"Croissant", "Apple cake with cinnamon", "Cheese sandwich", "Bagel", "Orange juice", "Water 0.5 l"}
	groups := []string{"Coffee", "Coffee", "Coffee", "Coffee", "Tea", "Tea", "Bakery", "Bakery", "Food", "Food", "Drinks", "Drinks"}
	items := []object{}
	for n, name := range names {
		items = append(items, object{"code": fmt.Sprintf("40123450%05d", n), "name": name, "price": 190 + n*35, "currency": "EUR", "group": groups[n]})
	}
	answer(w, http.StatusOK, object{"items": items})
}

func (f *fakeTill) sync(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	answer(w, http.StatusOK, object{"backlog": f.status["backlog"]})
}

func (f *fakeTill) scan(w http.ResponseWriter, r *http.Request) {
	var body struct{ Text string }
	_ = json.NewDecoder(r.Body).Decode(&body)
	f.set(func() { f.scans = append(f.scans, body.Text) })
	answer(w, http.StatusAccepted, object{"kind": "other"})
}

func (f *fakeTill) list(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	items := []object{}
	for _, p := range slices.Backward(f.payments) {
		if order := r.URL.Query().Get("order"); order != "" && p["order"] != order {
			continue
		}
		if status := r.URL.Query().Get("status"); status == "" || p["status"] == status {
			items = append(items, p)
		}
	}
	answer(w, http.StatusOK, object{"items": items})
}

func (f *fakeTill) get(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.payments {
		if p["id"] == r.PathValue("id") {
			answer(w, http.StatusOK, p)
			return
		}
	}
	answer(w, http.StatusNotFound, object{"code": "not_found", "money": "none_moved", "title": "Not Found", "detail": "There is no such payment.", "next": "Check the id."})
}

func (f *fakeTill) cancel(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if f.payment(id)["status"] == "unknown" {
		f.change(id, object{"unwanted": true, "next": object{"code": "wait_terminal", "text": "Given up. The card terminal is still asked."}})
	} else {
		f.change(id, object{"status": "cancelled", "next": object{"code": "retry", "text": "Nothing was charged."}})
	}
	f.get(w, r)
}

// payment copies a payment.
func (f *fakeTill) payment(id string) object {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.payments {
		if p["id"] == id {
			return maps.Clone(p)
		}
	}
	f.t.Errorf("no payment %s", id)
	return object{}
}

// create keeps a payment for every new pair of order and attempt, and gives the kept one for a known pair.
func (f *fakeTill) create(w http.ResponseWriter, r *http.Request) {
	var raw json.RawMessage
	var body object
	_ = json.NewDecoder(r.Body).Decode(&raw)
	_ = json.Unmarshal(raw, &body)
	f.mu.Lock()
	f.posts = append(f.posts, string(raw))
	mute, refuse := f.mute, f.refuse
	at := slices.IndexFunc(f.payments, func(p object) bool { return p["order"] == body["order"] && p["attempt"] == body["attempt"] })
	if refuse == nil && at < 0 {
		f.payments = append(f.payments, f.begun(body))
		at = len(f.payments) - 1
	}
	f.mu.Unlock()
	switch {
	case refuse != nil:
		status, _ := refuse["status"].(int)
		answer(w, status, refuse)
	case mute:
		panic(http.ErrAbortHandler)
	default:
		p := f.payment(fmt.Sprint(f.payments[at]["id"]))
		f.send("payment", p)
		answer(w, http.StatusCreated, p)
	}
}

// begun scripts how a tender begins.
func (f *fakeTill) begun(body object) object {
	f.seq++
	now := time.Now().UTC()
	p := object{"id": fmt.Sprintf("01950000-0000-7000-8000-%012d", f.seq),
		"order": body["order"], "attempt": body["attempt"], "tender": body["tender"], "amount": body["amount"],
		"currency": body["currency"], "status": "pending", "refunded_amount": 0, "mode": "online", "unwanted": false, "operations": []object{}, "acknowledged": false,
		"created_at": stamp(now), "updated_at": stamp(now), "record": object{"epoch": epoch, "seq": f.seq}}
	if body["reserve"] == true {
		p["reserve"] = true
	}
	switch body["tender"] {
	case "cash":
		tendered, _ := body["tendered"].(float64)
		amount, _ := body["amount"].(float64)
		p["status"], p["approved_amount"], p["change"] = "approved", amount, tendered-amount
	case "card":
		p["next"] = object{"code": "wait", "text": "Insert or tap the card."}
	case "code":
		p["next"] = object{"code": "scan_code", "text": "Scan the customer's code."}
	case "qr":
		code := map[bool]string{true: "not_confirmed", false: "customer_pays"}[f.status["mode"] == "offline"]
		p["next"], p["expires_at"] = object{"code": code, "text": "The customer scans and pays."}, stamp(now.Add(5*time.Minute))
		p["qr"] = object{"payload": "x", "expires_at": stamp(now.Add(5 * time.Minute)), "image": fmt.Sprintf("/v1/payments/%s/qr?format=svg", p["id"])}
	}
	return p
}

func stamp(at time.Time) string { return at.Format("2006-01-02T15:04:05.000Z") }

// change gives a payment new members and tells the pages.
func (f *fakeTill) change(id string, members object) {
	f.mu.Lock()
	f.seq++
	var changed object
	for at, p := range f.payments {
		if p["id"] == id {
			changed = maps.Clone(p)
			delete(changed, "next")
			maps.Copy(changed, members)
			changed["record"], changed["updated_at"] = object{"epoch": epoch, "seq": f.seq}, stamp(time.Now().UTC())
			f.payments[at] = changed
		}
	}
	f.mu.Unlock()
	f.send("payment", changed)
}

// mode changes the mode as the till does: with an event.
func (f *fakeTill) mode(mode string, backlog object) {
	f.set(func() {
		f.status = maps.Clone(f.status)
		f.status["mode"], f.status["backlog"] = mode, backlog
	})
	f.send("status", f.status)
}

func (f *fakeTill) send(event string, data any) {
	text, _ := json.Marshal(data)
	f.mu.Lock()
	defer f.mu.Unlock()
	for listener := range f.listeners {
		select {
		case listener <- fmt.Sprintf("id: %s.%d\nevent: %s\ndata: %s\n\n", epoch, f.seq, event, text):
		default:
		}
	}
}

func (f *fakeTill) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	mine := make(chan string, 100)
	f.mu.Lock()
	f.listeners[mine] = true
	status, _ := json.Marshal(f.status)
	f.mu.Unlock()
	defer f.set(func() { delete(f.listeners, mine) })
	text := "retry: 500\n\nevent: status\ndata: " + string(status) + "\n\n"
	beat := time.NewTicker(time.Second)
	defer beat.Stop()
	for {
		if f.is(&f.down) {
			panic(http.ErrAbortHandler)
		}
		if !f.is(&f.frozen) {
			fmt.Fprint(w, text)
			_ = http.NewResponseController(w).Flush()
		}
		select {
		case text = <-mine:
		case <-beat.C:
			text = ": beat\n\n"
		case <-r.Context().Done():
			return
		}
	}
}

// symbolOfModules draws something of a QR code's size and grain: 37 modules and a quiet zone of 4.
func symbolOfModules(w http.ResponseWriter, _ *http.Request) {
	const side = 37
	var path strings.Builder
	finder := func(x, y int) (inside, dark bool) {
		if x >= 8 || y >= 8 {
			return false, false
		}
		edge := max(abs(x-3), abs(y-3))
		return true, edge == 3 || edge <= 1
	}
	for y := range side {
		for x := range side {
			dark := (x*7+y*13+x*y*3+(x*x+y)/5)%5 < 2
			for _, corner := range [][2]int{{x, y}, {side - 1 - x, y}, {x, side - 1 - y}} {
				if inside, is := finder(corner[0], corner[1]); inside {
					dark = is
				}
			}
			if dark {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+4, y+4)
			}
		}
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges"><rect width="%d" height="%d" fill="#fff"/><path d="%s"/></svg>`,
		side+8, side+8, side+8, side+8, path.String())
}

func abs(n int) int { return max(n, -n) }
