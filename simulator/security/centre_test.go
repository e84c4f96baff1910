package security_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/command"
	"github.com/tillproof/tillproof/sync/broker"
	"github.com/tillproof/tillproof/sync/platform"
)

// centre is a platform with an offline root, its broker under mutual TLS, and the folder of its people.
type centre struct {
	t       testing.TB
	dir     string
	broker  *broker.Broker
	address string // of the HTTP API
	log     bytes.Buffer
	stop    func()
}

func (c *centre) path(name string) string { return filepath.Join(c.dir, name) }

// tillproof runs a command of the program.
func tillproof(t testing.TB, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	if got := command.Main(args, strings.NewReader(""), &out, &errs); got != want {
		t.Fatalf("tillproof %s: exit %d, not %d\n%s%s", strings.Join(args, " "), got, want, out.String(), errs.String())
	}
	return out.String(), errs.String()
}

// people runs a command of those who look after the platform.
func (c *centre) people(args ...string) string {
	c.t.Helper()
	out, _ := tillproof(c.t, 0, append(append([]string{"platform"}, args...), "-c", c.path("platform.yaml"))...)
	return out
}

// fields reads a JSON answer.
func fields(t testing.TB, text string) (m map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return m
}

func (c *centre) configure(root string) {
	c.t.Helper()
	address := "127.0.0.1:1"
	if c.broker != nil {
		address = c.broker.Addr()
	}
	text := fmt.Sprintf("data: .\nbroker: tls://%s\nlisten: 127.0.0.1:0\nroot_key: %q\nmerchants: [{merchant: shop}]\n", address, root)
	if c.broker != nil {
		text += "broker_ca: keys/ca.pem\nbroker_cert: client.pem\nbroker_key: client-key.pem\nlisten_cert: http.pem\nlisten_key: http-key.pem\n"
	}
	if err := os.WriteFile(c.path("platform.yaml"), []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// newCentre sets a platform up as docs/operations.md says, by commands alone.
func newCentre(t testing.TB) *centre {
	t.Helper()
	c := &centre{t: t, dir: t.TempDir()}
	out, _ := tillproof(t, 0, "platform", "root", "-o", c.path("root.pem"), "--json")
	root := fields(t, out)["root_key"].(string)
	c.configure(root)
	c.people("cert", "--server", "127.0.0.1", "-o", c.path("broker"))
	c.people("cert", "--server", "127.0.0.1,localhost", "-o", c.path("http"))
	c.people("cert", "--client", "-o", c.path("client"))
	var err error
	c.broker, err = broker.ListenTLS("127.0.0.1:0", broker.TLS{Cert: c.path("broker.pem"), Key: c.path("broker-key.pem"), CA: c.path("keys/ca.pem")}, broker.OwnTopics)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.broker.Close() })
	c.configure(root)
	c.signKeys()
	return c
}

// signKeys has the root sign the next list of keys, and puts it in force.
func (c *centre) signKeys(args ...string) []byte {
	c.t.Helper()
	if err := os.WriteFile(c.path("draft.json"), []byte(c.people(append([]string{"keys", "draft"}, args...)...)), 0o600); err != nil {
		c.t.Fatal(err)
	}
	tillproof(c.t, 0, "platform", "keys", "sign", "--root", c.path("root.pem"), "-o", c.path("keys.cose"), c.path("draft.json"))
	c.people("keys", "install", c.path("keys.cose"))
	message, err := os.ReadFile(c.path("keys.cose"))
	if err != nil {
		c.t.Fatal(err)
	}
	return message
}

// start runs the platform until stop.
func (c *centre) start() {
	c.t.Helper()
	config, err := platform.LoadConfig(c.path("platform.yaml"))
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan string, 1), make(chan error, 1)
	log := slog.New(slog.NewTextHandler(&locked{w: &c.log}, nil))
	go func() {
		ended <- platform.Serve(ctx, config, platform.Options{Scale: 0.02, Log: log, Ready: func(a string) { ready <- a }})
	}()
	select {
	case c.address = <-ready:
	case err := <-ended:
		cancel()
		c.t.Fatal(err)
	}
	running := true
	c.stop = func() {
		if !running {
			return
		}
		running = false
		cancel()
		if err := <-ended; err != nil {
			c.t.Error(err)
		}
	}
	c.t.Cleanup(c.stop)
}

// shop is a till on a machine of its own.
type shop struct {
	t          testing.TB
	dir        string
	api, token string
	stop       func()
	orders     int
}

func newShop(t testing.TB) *shop {
	t.Helper()
	s := &shop{t: t, dir: t.TempDir()}
	text := "# the corner shop\ndata: data\napi: {listen: \"127.0.0.1:0\"} # for the POS\njournal: {segment_mib: 1}\n"
	if err := os.WriteFile(s.path("till.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *shop) path(name string) string { return filepath.Join(s.dir, name) }

func (s *shop) enrol(want int, c *centre, code string) (stdout, stderr string) {
	s.t.Helper()
	return tillproof(s.t, want, "enrol", "--code", code, "--platform", "https://"+c.address, "-c", s.path("till.yaml"), "--json")
}

func (s *shop) start() {
	s.t.Helper()
	config, err := agent.LoadConfig(s.path("till.yaml"))
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- agent.Run(ctx, config, agent.Options{Version: "test", Ready: func(a string) { ready <- a }})
	}()
	select {
	case a := <-ready:
		s.api = "http://" + a
	case err := <-ended:
		cancel()
		s.t.Fatal(err)
	}
	running := true
	s.stop = func() {
		if !running {
			return
		}
		running = false
		cancel()
		if err := <-ended; err != nil {
			s.t.Error(err)
		}
	}
	s.t.Cleanup(s.stop)
	token, err := os.ReadFile(agent.PathsIn(config.Data).Token)
	if err != nil {
		s.t.Fatal(err)
	}
	s.token = strings.TrimSpace(string(token))
}

func (s *shop) ask(method, path, body string) map[string]any {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.api+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+s.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= 300 {
		s.t.Fatalf("%s %s: %d %s %v", method, path, response.StatusCode, text, err)
	}
	return fields(s.t, string(text))
}

// sell takes cash, which works whoever is away.
func (s *shop) sell() {
	s.t.Helper()
	s.orders++
	p := s.ask("POST", "/v1/payments", fmt.Sprintf(`{"order":"o-%d","amount":250,"currency":"EUR","tender":"cash"}`, s.orders))
	if p["status"] != "approved" {
		s.t.Errorf("%v", p)
	}
}

// delivered waits until the platform has signed for everything.
func (s *shop) delivered(what string) {
	s.t.Helper()
	eventually(s.t, what+": not in custody", func() bool {
		status := s.ask("GET", "/v1/status", "")
		return status["backlog"].(map[string]any)["records"].(float64) == 0 && status["acked_seq"] == status["seq"]
	})
}
