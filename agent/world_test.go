package agent_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/wire"
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/sync/broker"
	"github.com/tillproof/tillproof/sync/broker/brokertest"
	"github.com/tillproof/tillproof/sync/platform"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a shop with everything around it, in one process: card terminal on a pseudo-terminal, broker, platform, and the agent as it runs.
type world struct {
	t      *testing.T
	dir    string
	config agent.Config

	outlet wire.Outlet
	pt     *zvtsim.Terminal
	cable  io.Closer // of the plugged terminal
	gone   func()    // ends the terminal

	broker   string
	halt     func() // of the broker
	platform platform.Config
	policies []platform.PolicyConfig // of the platform

	acquirers []platform.AcquirerConfig // of the platform
	reader    wire.Outlet               // where a card reader is plugged in; nil for none
	protocol  string                    // of the reader

	log    *slog.Logger // of the agent, nil for none
	api    string
	client *http.Client
	token  string
	shut   context.CancelFunc
	ended  chan error
}

// newWorld prepares a shop in dir; nothing of it runs yet.
func newWorld(t *testing.T, dir string) *world {
	t.Helper()
	w := &world{t: t, dir: dir, client: &http.Client{Timeout: 2 * time.Minute}}
	pt, err := zvtsim.New(zvtsim.Options{Path: filepath.Join(t.TempDir(), "terminal.json"), CardAfter: 5 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if w.outlet, err = wire.Open(filepath.Join(t.TempDir(), "terminal")); err != nil {
		t.Fatal(err)
	}
	w.pt = pt
	w.config = w.load("")
	t.Cleanup(w.client.CloseIdleConnections)
	t.Cleanup(func() { _ = pt.Close() })
	return w
}

// load writes the till's configuration, with more lines.
func (w *world) load(more string) agent.Config {
	w.t.Helper()
	port := "port"
	if w.outlet.Stream() {
		port = "tcp"
	}
	path := filepath.Join(w.t.TempDir(), "till.yaml")
	text := fmt.Sprintf("till: till-1\nmerchant: shop\ndata: %s\napi: {listen: \"127.0.0.1:0\"}\njournal: {segment_mib: 1}\n", w.dir)
	text += fmt.Sprintf("devices:\n  - {name: counter, kind: card, driver: zvt, %s: %q, options: {result_timeout_s: \"2\", t4_s: \"60\"}}\n", port, w.outlet.Address())
	if w.reader != nil {
		text += fmt.Sprintf("  - {name: swipe, kind: reader, driver: idtech, %s: %q, options: {protocol: %s}}\n", port, w.reader.Address(), w.protocol)
	}
	if err := os.WriteFile(path, []byte(text+more), 0o600); err != nil {
		w.t.Fatal(err)
	}
	c, err := agent.LoadConfig(path)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// plug plays the terminal on its wire until unplug.
func (w *world) plug() {
	w.t.Helper()
	line, err := w.outlet.Next(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = w.pt.Serve(context.Background(), line) // it always says why it ended
	}()
	w.cable, w.gone = line, func() { <-served }
	w.t.Cleanup(w.unplug)
}

func (w *world) unplug() {
	if w.cable == nil {
		return
	}
	_ = w.cable.Close()
	w.gone()
	w.cable = nil
}

// online starts a broker and a platform, and makes the till's configuration know both.
func (w *world) online() {
	w.t.Helper()
	w.brokerUp()
	till, err := cose.LoadOrCreate(agent.PathsIn(w.dir).Key)
	if err != nil {
		w.t.Fatal(err)
	}
	dir := w.t.TempDir()
	centre, err := cose.LoadOrCreate(filepath.Join(dir, "platform.pem"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.platform = platform.Config{Data: dir, Database: filepath.Join(dir, "ledger.db"), Keys: filepath.Join(dir, "platform.pem"), Broker: "tcp://" + w.broker,
		Merchants: []platform.MerchantConfig{{Merchant: "shop", Tills: []platform.TillConfig{{Till: "till-1", PublicKey: hex.EncodeToString(till.Public())}}}},
		Policies:  w.policies, Acquirers: w.acquirers}
	w.trust(centre.Public())
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- platform.Serve(ctx, w.platform, platform.Options{Ready: func(a string) { ready <- a }, Scale: 0.02})
	}()
	select {
	case <-ready:
	case err := <-ended:
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Error(err)
		}
	})
}

// trust makes the till believe acknowledgements that are signed by a key.
func (w *world) trust(root cose.PublicKey) {
	w.config = w.load(fmt.Sprintf("platform: {broker: \"tcp://%s\", root_key: %q}\n", w.broker, hex.EncodeToString(root)))
}

// brokerUp starts the broker, at the same address each time.
func (w *world) brokerUp() {
	w.t.Helper()
	w.broker, w.halt = brokertest.Embedded(broker.OwnTopics)(w.t, w.broker)
	w.t.Cleanup(w.halt)
}

// start runs the agent until stop.
func (w *world) start() {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready := make(chan string, 1)
	w.shut, w.ended = cancel, make(chan error, 1)
	go func() {
		w.ended <- agent.Run(ctx, w.config, agent.Options{Version: "test", Log: w.log, Ready: func(a string) { ready <- a }})
	}()
	select {
	case a := <-ready:
		w.api = "http://" + a
	case err := <-w.ended:
		cancel()
		w.t.Fatal(err)
	}
	w.t.Cleanup(w.stop)
	token, err := os.ReadFile(agent.PathsIn(w.config.Data).Token)
	if err != nil {
		w.t.Fatal(err)
	}
	w.token = strings.TrimSpace(string(token))
}

// stop ends the agent as SIGTERM does.
func (w *world) stop() {
	w.t.Helper()
	if w.ended == nil {
		return
	}
	w.shut()
	if err := <-w.ended; err != nil {
		w.t.Errorf("the agent ended with %v", err)
	}
	w.ended = nil
}

// fails runs an agent that cannot start, and returns the code of its error.
func (w *world) fails() pos.ErrorCode {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	err := agent.Run(ctx, w.config, agent.Options{Version: "test", Log: slog.New(slog.DiscardHandler), Ready: func(string) { w.t.Error("it started") }})
	var e *pos.Error
	if !errors.As(err, &e) || e.Next == "" {
		w.t.Errorf("%v", err)
		return ""
	}
	return e.Code
}

// ask sends a request and reads the answer into a value; it returns the status and the code of a problem.
func (w *world) ask(method, path string, body, into any) (status int, code string) {
	w.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.api+path, bytes.NewReader(text))
	if err != nil {
		w.t.Fatal(err)
	}
	if body == nil {
		r.Body, r.ContentLength = http.NoBody, 0
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+w.token)
	answer, err := w.client.Do(r)
	if err != nil {
		w.t.Errorf("%s %s: %v", method, path, err)
		return 0, ""
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Error(err)
	}
	if answer.StatusCode >= 400 {
		var problem struct{ Code string }
		_ = json.Unmarshal(raw, &problem)
		return answer.StatusCode, problem.Code
	}
	if into != nil {
		if err := json.Unmarshal(raw, into); err != nil {
			w.t.Errorf("%s: %v", raw, err)
		}
	}
	return answer.StatusCode, ""
}

type sale struct {
	Order    string `json:"order"`
	Attempt  int    `json:"attempt,omitempty"`
	Amount   int    `json:"amount"`
	Currency string `json:"currency"`
	Tender   string `json:"tender"`
}

// pay sells and waits for the outcome, or for the wait to end.
func (w *world) pay(tender, order string, amount int, wait string) api.Payment {
	w.t.Helper()
	var p api.Payment
	if status, code := w.ask(http.MethodPost, "/v1/payments?wait="+wait, sale{order, 1, amount, "EUR", tender}, &p); status != http.StatusCreated {
		w.t.Fatalf("order %s: %d %s", order, status, code)
	}
	return p
}

func (w *world) payment(id pos.PaymentID) (p api.Payment) {
	w.t.Helper()
	w.ask(http.MethodGet, "/v1/payments/"+id.String(), nil, &p)
	return p
}

func (w *world) status() (s api.Status) {
	w.t.Helper()
	w.ask(http.MethodGet, "/v1/status", nil, &s)
	return s
}

// until waits, in real time, for something that other goroutines bring about.
func (w *world) until(what string, holds func() bool) {
	w.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(40 * time.Second); !holds(); <-tick.C {
		if time.Now().After(end) {
			w.t.Fatalf("waited too long until %s", what)
		}
	}
}

func (w *world) ready() {
	w.t.Helper()
	w.until("the terminal is ready", func() bool { return w.status().Devices[0].State == "ready" })
}

// verify checks the journal of an agent that has ended.
func (w *world) verify() {
	w.t.Helper()
	paths := agent.PathsIn(w.config.Data)
	signer, err := cose.Load(paths.Key)
	if err != nil {
		w.t.Fatal(err)
	}
	report, err := journal.Verify(paths.Journal, "till-1", cose.OneKey(signer.Public()))
	if err != nil || !report.OK {
		w.t.Errorf("verify: %+v, %v", report, err)
	}
}
