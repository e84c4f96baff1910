package command

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/simulator/wire"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// printed runs one command and returns what it printed and its exit code.
func printed(t *testing.T, c *cobra.Command, args ...string) (out string, code int) {
	t.Helper()
	c.SilenceErrors, c.SilenceUsage = true, true
	var buffer bytes.Buffer
	c.SetOut(&buffer)
	c.SetErr(io.Discard)
	c.SetArgs(args)
	if err := c.Execute(); err != nil {
		code = codeOf(err)
	}
	return buffer.String(), code
}

// tillWithTerminal runs a till with a simulated card terminal until the test ends.
func tillWithTerminal(t *testing.T) (path string, config agent.Config) {
	t.Helper()
	outlet, err := wire.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	pt, err := zvtsim.New(zvtsim.Options{Path: filepath.Join(t.TempDir(), "terminal.json"), Stream: true, Password: 738264, CardAfter: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "till.yaml")
	text := fmt.Sprintf("till: till-1\nmerchant: shop-1\napi: {listen: %q}\njournal: {segment_mib: 1}\n"+
		"devices:\n  - {name: counter, kind: card, driver: zvt, tcp: %q, options: {password: \"738264\"}}\n"+
		"webhooks:\n  - {url: \"http://127.0.0.1:1/hook/s3cr3t\", secret_file: hook.secret}\n", free.Addr(), outlet.Address())
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if config, err = agent.LoadConfig(path); err != nil {
		t.Fatal(err)
	}
	_ = free.Close()
	ctx, stop := context.WithCancel(context.Background())
	ready, ended, served := make(chan string, 1), make(chan error, 1), make(chan struct{})
	go func() {
		defer close(served)
		for ctx.Err() == nil {
			line, err := outlet.Next(ctx)
			if err != nil {
				return
			}
			_ = pt.Serve(ctx, line)
			_ = line.Close()
		}
	}()
	go func() {
		ended <- agent.Run(ctx, config, agent.Options{Version: "test", Log: slog.New(slog.DiscardHandler), Ready: func(a string) { ready <- a }})
	}()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = outlet.Close()
		<-served
		_ = pt.Close()
	})
	return path, config
}

// soon waits, in real time, for something that a running till does.
func soon(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); !holds(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("waited too long until %s", what)
		}
	}
}

func TestDevicesOfARunningTill(t *testing.T) {
	path, _ := tillWithTerminal(t)
	var list struct{ Items []api.Device }
	soon(t, "the terminal is ready", func() bool {
		out, code := printed(t, deviceCommand(), "list", "-c", path, "--json")
		return code == 0 && json.Unmarshal([]byte(out), &list) == nil && len(list.Items) == 1 && list.Items[0].State == "ready"
	})
	if out, code := printed(t, deviceCommand(), "list", "-c", path); code != 0 || !strings.Contains(out, "counter  card  zvt     ready") {
		t.Errorf("exit %d: %s", code, out)
	}
	for _, c := range []struct {
		args []string
		code int
	}{{[]string{"totals", "attic"}, exitUsage}, {[]string{"trace", "counter", "--seconds", "901"}, exitUsage}, {[]string{"service", "counter", "polish"}, exitNot}} {
		if out, code := printed(t, deviceCommand(), append(c.args, "-c", path)...); code != c.code {
			t.Errorf("%v: exit %d: %s", c.args, code, out)
		}
	}
	out, code := printed(t, deviceCommand(), "trace", "counter", "--seconds", "1", "-c", path)
	if code != 0 {
		t.Errorf("exit %d: %s", code, out)
	}
}

func TestADumpHoldsWhatSupportNeedsAndNoSecret(t *testing.T) {
	path, config := tillWithTerminal(t)
	till, err := openTillAPI(config)
	if err != nil {
		t.Fatal(err)
	}
	soon(t, "the terminal is ready", func() bool {
		var s api.Status
		return till.ask(t.Context(), "GET", "/v1/status", nil, &s) == nil && s.Devices[0].State == "ready"
	})
	var started api.DeviceTrace
	if err := till.ask(t.Context(), "POST", "/v1/devices/counter/trace", map[string]int{"seconds": 60}, &started); err != nil {
		t.Fatal(err)
	}
	var p api.Payment
	sale := map[string]any{"order": "A-1", "amount": 1250, "currency": "EUR", "tender": "card"}
	_ = till.ask(t.Context(), "POST", "/v1/payments?wait=30s", sale, &p) // 201 is not what a question answers
	dir := t.TempDir()
	logs := filepath.Join(dir, "log")
	if err := os.WriteFile(logs, []byte("level=INFO msg=\"card 4012888888881881 read\" bearer="+till.token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "d.zip")
	out, code := printed(t, dumpCommand(), "-c", path, "--out", file, "--log", logs, "--json")
	var told dumped
	if err := json.Unmarshal([]byte(out), &told); code != 0 || err != nil || told.File != file || told.Bytes == 0 {
		t.Fatalf("exit %d, %v: %s", code, err, out)
	}
	content := unzipped(t, file)
	for _, name := range []string{"about.json", "config.yaml", "status.json", "metrics.txt", "traces/counter.json", "doctor.json", "journal.json", "files.json", "log.txt"} {
		if len(content[name]) == 0 {
			t.Errorf("there is no %s, only %s", name, out)
		}
	}
	key, err := os.ReadFile(agent.PathsIn(config.Data).Key)
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{till.token, "4012888888881881", "738264", "s3cr3t", strings.Split(string(key), "\n")[1]}
	if hook, err := os.ReadFile(config.Webhooks[0].SecretFile); err == nil {
		secrets = append(secrets, strings.TrimSpace(string(hook)))
	}
	for name, text := range content {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds %q", name, secret)
			}
		}
	}
	if !strings.Contains(content["traces/counter.json"], `"name": "payment"`) {
		t.Error(content["traces/counter.json"])
	}
	if _, code := printed(t, dumpCommand(), "-c", path, "--out", file); code != exitUsage {
		t.Errorf("a dump is not written over another: exit %d", code)
	}
}

// unzipped are the entries of a dump.
func unzipped(t *testing.T, file string) map[string]string {
	t.Helper()
	z, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	content := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		content[f.Name] = string(text)
	}
	return content
}

func TestADumpOfATillThatDoesNotRun(t *testing.T) {
	path, _ := tillAt(t, "127.0.0.1:1")
	file := filepath.Join(t.TempDir(), "d.zip")
	out, code := printed(t, dumpCommand(), "-c", path, "--out", file)
	if content := unzipped(t, file); code != 0 || !strings.Contains(content["status.json"], "No till of this configuration answers") || !strings.Contains(out, "missing: ") {
		t.Errorf("exit %d: %s %v", code, out, content)
	}
}
