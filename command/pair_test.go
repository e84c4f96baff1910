package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tillproof/tillproof/agent"
)

// pair runs the command and returns what it printed and its exit code.
func pair(t *testing.T, args ...string) (out string, code int, err error) {
	t.Helper()
	c := pairCommand()
	c.SilenceErrors, c.SilenceUsage = true, true
	var buffer bytes.Buffer
	c.SetOut(&buffer)
	c.SetArgs(args)
	if err = c.Execute(); err != nil {
		code = codeOf(err)
	}
	return buffer.String(), code, err
}

// tillAt writes a configuration of a till at an address.
func tillAt(t *testing.T, address string) (path string, config agent.Config) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "till.yaml")
	text := fmt.Sprintf("till: till-1\nmerchant: shop-1\napi: {listen: %q}\njournal: {segment_mib: 1}\n", address)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := agent.LoadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, config
}

func TestPairAsksTheRunningTill(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	path, config := tillAt(t, address)
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var log notes
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- agent.Run(ctx, config, agent.Options{Version: "test", Log: slog.New(slog.NewTextHandler(&log, nil)), Ready: func(a string) { ready <- a }})
	}()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()

	out, code, err := pair(t, "-c", path)
	digits := strings.TrimSuffix(strings.TrimPrefix(out, "Pair the browser at http://"+address+"/till with "), " (10 minutes, once)\n")
	if code != 0 || err != nil || len(digits) != 7 || digits[3] != ' ' {
		t.Fatalf("%q, exit %d, %v", out, code, err)
	}
	out, code, err = pair(t, "-c", path, "--json")
	var p pairingCode
	if json.Unmarshal([]byte(out), &p) != nil || code != 0 || err != nil || p.URL != "http://"+address+"/till" || p.ExpiresAt == "" {
		t.Fatalf("%q, exit %d, %v", out, code, err)
	}
	answer, err := http.Post("http://"+address+"/v1/session", "application/json", strings.NewReader(`{"code":"`+p.Code+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	if answer.Body.Close(); answer.StatusCode != http.StatusNoContent || len(answer.Cookies()) != 1 {
		t.Errorf("the code does not pair: %d", answer.StatusCode)
	}
	http.DefaultClient.CloseIdleConnections()
	token, err := os.ReadFile(agent.PathsIn(config.Data).Token)
	if err != nil || len(token) < 32 {
		t.Fatal(err)
	}
	for _, secret := range []string{strings.TrimSpace(string(token)), p.Code, answer.Cookies()[0].Value} {
		if log.has(secret) {
			t.Errorf("the log holds a secret")
		}
	}
}

// notes is a log that many write.
type notes struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (n *notes) Write(b []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(b)
}

func (n *notes) has(text string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Contains(n.text.String(), text)
}

func TestPairTakesNoOtherAnswer(t *testing.T) {
	for name, answer := range map[string]struct {
		status int
		body   string
	}{
		"another till":   {http.StatusUnauthorized, `{"code":"unauthorized"}`},
		"no JSON":        {http.StatusOK, "hello"},
		"another length": {http.StatusOK, `{"code":"12345"}`},
		"elsewhere":      {http.StatusFound, ""},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer secret" || r.Method != http.MethodPost || r.URL.String() != "/v1/pairings" {
				t.Errorf("%s: %s %s", name, r.Method, r.URL)
			}
			w.WriteHeader(answer.status)
			_, _ = w.Write([]byte(answer.body))
		}))
		path, config := tillAt(t, server.Listener.Addr().String())
		if err := errors.Join(os.MkdirAll(config.Data, 0o700), os.WriteFile(agent.PathsIn(config.Data).Token, []byte("secret\n"), 0o600)); err != nil {
			t.Fatal(err)
		}
		out, code, err := pair(t, "-c", path)
		if code != exitAway || out != "" || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %q, exit %d, %v", name, out, code, err)
		}
		server.Close()
	}
}
