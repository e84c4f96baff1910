package api_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "secret-of-the-test"

// till is the API of a till with one card terminal on its wire, in virtual time.
type till struct {
	t       *testing.T
	dir     string
	journal *journal.Journal
	engine  *engine.Engine
	pt      *zvtsim.Terminal
	sync    *uplink
	handler http.Handler
	options api.Options
	wire    net.Conn
	ended   chan struct{} // closed when nobody attends the terminal any more
	stop    context.CancelFunc

	people   engine.People // nil for a till without
	platform *platform
	talk     sync.WaitGroup     // with the platform
	silence  context.CancelFunc // ends it
}

func inTill(t *testing.T, test func(s *till)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := &till{t: t, dir: dir}
		s.open()
		defer s.close()
		test(s)
	})
}

func (s *till) open() {
	s.t.Helper()
	signer, err := cose.NewSigner(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		s.t.Fatal(err)
	}
	if s.journal, err = journal.Open(journal.Options{Dir: filepath.Join(s.dir, "journal"), Views: filepath.Join(s.dir, "views.db"), Till: "till-1",
		Signer: signer, Version: "test", Clock: journal.SystemClock, Segment: 512 << 10}); err != nil {
		s.t.Fatal(err)
	}
	if s.pt, err = zvtsim.New(zvtsim.Options{Path: filepath.Join(s.dir, "terminal.json")}); err != nil {
		s.t.Fatal(err)
	}
	s.sync = &uplink{mode: api.Mode{Name: "offline", Since: time.Now()}, backlog: api.Backlog{Amounts: map[pos.Currency]pos.Minor{}}}
	s.platform = newPlatform(s.sync)
	if s.engine, err = engine.New(engine.Options{Till: "till-1", Journal: s.journal, Devices: []pos.DeviceName{"counter"}, Tenders: tenders(),
		Mode: s.sync.payments, Log: slog.New(slog.DiscardHandler), Platform: s.platform, QR: schemes(), Goods: shelf(),
		Currency: "EUR", People: s.people}); err != nil {
		s.t.Fatal(err)
	}
	sessions, err := api.OpenSessions(filepath.Join(s.dir, "sessions"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.options = api.Options{Till: "till-1", Version: "1.2.3", Engine: s.engine, Journal: s.journal, Sync: s.sync, Data: s.dir, Token: token,
		AllowedHosts: []string{"till.example"}, Drivers: map[pos.DeviceName]api.DriverInfo{"counter": {Driver: "zvt", Kind: "card"}},
		Shop: api.Shop{Currency: "EUR", Timezone: "Europe/Berlin", Tenders: tenders(), Languages: []string{"en", "zh-CN"},
			QR: []api.ShopQR{{Scheme: "town", Source: record.FromPlatform}, {Scheme: "pix", Source: record.FromTill}}},
		Goods: shelf(), Hub: &api.Hub{}, Sessions: sessions, Screens: screens(),
		Scan: func(text string) engine.Scan { return s.engine.Scanned("", text, "") }}
	s.handler = api.Handler(s.options)
	ctx, silence := context.WithCancel(context.Background())
	s.silence = silence
	s.talk.Go(func() { s.engine.Run(ctx) })
	s.plug()
}

// remake makes the handler anew from changed options.
func (s *till) remake() { s.handler = api.Handler(s.options) }

// plug connects the terminal and waits until it can sell.
func (s *till) plug() {
	s.t.Helper()
	near, far := net.Pipe()
	ctx, stop := context.WithCancel(context.Background())
	s.wire, s.stop, s.ended = far, stop, make(chan struct{})
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = s.pt.Serve(context.Background(), far) // it always says why it ended
	}()
	go func() {
		defer close(s.ended)
		driver, err := zvt.Driver().NewCardTerminal(near, drivers.Settings{Currency: "EUR"})
		if err != nil {
			s.t.Error(err)
		}
		if last, err := driver.Open(ctx); err == nil {
			_ = s.engine.Attend(ctx, "counter", driver, last) // ends with the wire
		}
		near.Close()
		<-served
	}()
	for s.engine.Devices()[0].State != engine.Ready {
		<-time.After(100 * time.Millisecond)
	}
}

func (s *till) unplug() {
	s.stop()
	s.wire.Close()
	<-s.ended
}

// quiet ends the talk with the platform.
func (s *till) quiet() {
	s.silence()
	s.talk.Wait()
}

// restart is a new life of the agent on the same data.
func (s *till) restart() {
	s.t.Helper()
	s.close()
	s.open()
}

func (s *till) close() {
	s.t.Helper()
	s.unplug()
	s.quiet()
	if err := s.pt.Close(); err != nil {
		s.t.Error(err)
	}
	if err := s.journal.Close(); err != nil {
		s.t.Error(err)
	}
}

// answer is what the API said.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   string
	member map[string]any
}

// ask sends a request with the right token; change may spoil it.
func (s *till) ask(method, path, body string, change ...func(*http.Request)) answer {
	s.t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1:7788"+path, nil)
	if body != "" {
		r.Body = io.NopCloser(strings.NewReader(body))
		r.ContentLength = int64(len(body))
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Authorization", "Bearer "+token)
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	a := answer{t: s.t, status: w.Code, header: w.Header(), body: w.Body.String()}
	if !strings.Contains(w.Header().Get("Content-Type"), "json") {
		return a
	}
	decoder := json.NewDecoder(strings.NewReader(a.body))
	decoder.UseNumber()
	if err := decoder.Decode(&a.member); err != nil {
		s.t.Errorf("%s %s: the answer %q is no JSON object: %v", method, path, a.body, err)
	}
	return a
}

func (s *till) post(body string) answer {
	s.t.Helper()
	return s.ask(http.MethodPost, "/v1/payments", body)
}

// text is a member of the answer as text.
func (a answer) text(name string) string {
	text, _ := a.member[name].(string)
	return text
}

// is checks the status.
func (a answer) is(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Errorf("status %d, want %d: %s", a.status, status, a.body)
	}
	return a
}

// problem checks that the answer is a problem that says all it has to.
func (a answer) problem(status int, code, money string) answer {
	a.t.Helper()
	a.is(status)
	if a.text("code") != code || a.text("money") != money || a.header.Get("Content-Type") != "application/problem+json" {
		a.t.Errorf("%s (%s), want code %s and money %s", a.body, a.header.Get("Content-Type"), code, money)
	}
	for _, name := range []string{"type", "title", "detail", "next"} {
		if a.text(name) == "" {
			a.t.Errorf("%s is missing in %s", name, a.body)
		}
	}
	if n, _ := a.member["status"].(json.Number); n.String() != strconv.Itoa(status) {
		a.t.Errorf("status in the body is %v", a.member["status"])
	}
	return a
}

// with changes a header.
func with(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}
