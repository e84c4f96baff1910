package agent_test

import (
	"bufio"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

func TestASecondAgentIsKeptOut(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.start()
	w.pay("cash", "A-1", 500, "0s")
	if code := w.fails(); code != "journal_locked" {
		t.Errorf("%s", code)
	}
	w.pay("cash", "A-2", 500, "0s")
	w.stop()
	w.verify()
}

func TestTheTokenIsMadeOnceAndForTheOwnerOnly(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.start()
	first := w.token
	info, err := os.Stat(agent.PathsIn(w.dir).Token)
	if err != nil || info.Mode().Perm() != 0o600 || len(first) != 64 {
		t.Errorf("%v, %v, %q", info, err, first)
	}
	w.stop()
	w.start()
	if w.token != first {
		t.Error("a restart changed the token")
	}
	w.token = "wrong"
	if status, code := w.ask("GET", "/v1/status", nil, nil); status != 401 || code != "unauthorized" {
		t.Errorf("%d %s", status, code)
	}
}

func TestWhatStandsInTheWayIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(w *world)
		code  pos.ErrorCode
	}{
		"data folder is a file": {func(w *world) {
			w.config.Data = filepath.Join(w.dir, "file")
			write(w.t, w.config.Data, "")
		}, "disk_failed"},
		"key is no key":     {func(w *world) { write(w.t, agent.PathsIn(w.dir).Key, "garbage") }, "disk_failed"},
		"token is a folder": {func(w *world) { mkdir(w.t, agent.PathsIn(w.dir).Token) }, "disk_failed"},
		"journal is a file": {func(w *world) { write(w.t, agent.PathsIn(w.dir).Journal, "") }, "disk_low"},
		"a file of another name": {func(w *world) {
			w.start()
			w.stop()
			write(w.t, filepath.Join(agent.PathsIn(w.dir).Journal, "nonsense.seg"), "this was a journal once")
		}, "journal_unreadable"},
		"address in use": {func(w *world) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				w.t.Fatal(err)
			}
			w.t.Cleanup(func() { l.Close() })
			w.config.API.Listen = l.Addr().String()
		}, "address_in_use"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, t.TempDir())
			c.spoil(w)
			if code := w.fails(); code != c.code {
				t.Errorf("%s, want %s", code, c.code)
			}
		})
	}
}

func TestAWrongRootKeyKeepsTheAgentFromStarting(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.config.Platform = agent.PlatformConfig{Broker: "tcp://127.0.0.1:1", RootKey: "ab"}
	if err := agent.Run(t.Context(), w.config, agent.Options{Log: slog.New(slog.DiscardHandler)}); err == nil {
		t.Error("it ran")
	}
}

// A request that is held for an outcome is answered before the agent ends: its caller must not be left in doubt by a closed connection.
func TestARequestUnderWayIsAnsweredBeforeTheEnd(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.plug()
	w.start()
	w.ready()
	w.pt.Next(zvtsim.Card{After: 2 * time.Second})
	p := w.pay("card", "A-1", 1250, "0s")
	held := make(chan pos.Status, 1)
	go func() {
		var now struct{ Status pos.Status }
		w.ask("GET", "/v1/payments/"+p.ID.String()+"?wait=60s", nil, &now)
		held <- now.Status
	}()
	w.until("the terminal asks for the card", func() bool {
		return w.payment(p.ID).Next != nil && w.payment(p.ID).Next.Text != "Wait for the card terminal."
	})
	w.stop()
	if status := <-held; status != pos.Approved {
		t.Errorf("the caller was told %q", status)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	mkdir(t, filepath.Dir(path))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func mkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
}

// A sale whose request was still arriving when the agent was told to end is made and answered: it needs the journal until then.
func TestARequestThatIsStillArrivingIsServed(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.start()
	address := strings.TrimPrefix(w.api, "http://")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := `{"order":"A-1","amount":500,"currency":"EUR","tender":"cash"}`
	head := fmt.Sprintf("POST /v1/payments HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
		address, w.token, len(body))
	answers := bufio.NewReader(conn)
	if _, err := conn.Write([]byte(head)); err != nil {
		t.Fatal(err)
	}
	if line, err := answers.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") { // the handler reads the body
		t.Fatalf("%q, %v", line, err)
	}
	_, _ = answers.ReadString('\n')
	w.shut()
	w.until("nobody else is let in", func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	select {
	case err := <-w.ended:
		w.ended = nil
		t.Fatalf("the agent ended (%v) while a request was under way", err)
	case <-time.After(50 * time.Millisecond):
	}
	if _, err := conn.Write([]byte(body)); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		t.Errorf("%s", answer.Status)
	}
	w.stop()
	w.verify()
}
