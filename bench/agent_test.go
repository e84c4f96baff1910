package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tillproof/tillproof/agent"
)

const (
	agentChild  = "agent"
	tillYAML    = "till.yaml"
	addressFile = "address" // where a child's API answers, written when it does
)

// runAgent is a child process that is nothing but a till.
func runAgent(dir string) error {
	config, err := agent.LoadConfig(filepath.Join(dir, tillYAML))
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	return agent.Run(ctx, config, agent.Options{Version: "bench", Ready: func(address string) {
		_ = os.WriteFile(filepath.Join(dir, addressFile), []byte(address), 0o600) // without it the parent gives up
	}})
}

// tillProcess is an agent in a process of its own.
type tillProcess struct {
	b       *testing.B
	cmd     *exec.Cmd
	address string
	token   string
	started time.Time
	ready   time.Duration // from the start to the first healthy answer
}

// startTill starts an agent on the data in dir; more is added to its configuration.
func startTill(b *testing.B, dir, more string) *tillProcess {
	b.Helper()
	config := fmt.Sprintf("till: %s\nmerchant: %s\ndata: .\napi: {listen: \"127.0.0.1:0\"}\n%s", till, merchant, more)
	if err := os.WriteFile(filepath.Join(dir, tillYAML), []byte(config), 0o600); err != nil {
		b.Fatal(err)
	}
	_ = os.Remove(filepath.Join(dir, addressFile))
	p := &tillProcess{b: b, cmd: exec.Command(os.Args[0]), started: time.Now()}
	p.cmd.Env, p.cmd.Stderr = childEnv(agentChild, dir), os.Stderr
	if err := p.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	p.await(dir)
	token, err := os.ReadFile(filepath.Join(dir, "api-token"))
	if err != nil {
		b.Fatal(err)
	}
	p.token = strings.TrimSpace(string(token))
	return p
}

// await asks until the till says that it would take cash.
func (p *tillProcess) await(dir string) {
	p.b.Helper()
	for time.Since(p.started) < time.Minute {
		if address, err := os.ReadFile(filepath.Join(dir, addressFile)); err == nil && len(address) > 0 {
			answer, err := http.Get("http://" + string(address) + "/healthz")
			if err == nil {
				answer.Body.Close()
				if answer.StatusCode == http.StatusOK {
					p.address, p.ready = string(address), time.Since(p.started)
					return
				}
			}
		}
		time.Sleep(2 * time.Millisecond)
	}
	p.b.Fatal("the till was not ready within a minute")
}

func (p *tillProcess) stop() {
	if err := errors.Join(p.cmd.Process.Signal(syscall.SIGTERM), p.cmd.Wait()); err != nil {
		p.b.Error(err)
	}
}

// ask sends a request and reads the answer into out.
func (p *tillProcess) ask(method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	request, err := http.NewRequest(method, "http://"+p.address+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+p.token)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s %s: %w", method, path, answer.Status, text, err)
	}
	return json.Unmarshal(text, out)
}

// paymentAnswer is as much of a payment as a benchmark wants to know.
type paymentAnswer struct {
	Status string `json:"status"`
}

// sell makes a payment and waits for its end.
func (p *tillProcess) sell(tender string, n int) error {
	var got paymentAnswer
	err := p.ask(http.MethodPost, "/v1/payments?wait=30s", map[string]any{"order": fmt.Sprintf("bench-%d-%d", p.started.UnixNano(), n),
		"amount": 1250, "currency": "EUR", "tender": tender}, &got)
	if err == nil && got.Status != "approved" {
		err = fmt.Errorf("the payment is %s", got.Status)
	}
	return err
}
