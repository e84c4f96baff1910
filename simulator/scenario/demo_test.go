package scenario_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulator/scenario"
)

// shop is a demo that runs as a process of its own.
type shop struct {
	t     *testing.T
	cmd   *exec.Cmd
	ready scenario.Ready
}

// openShop starts `tillproof demo --json` and reads its first line.
func openShop(t *testing.T, temporary string, flags ...string) *shop {
	t.Helper()
	s := &shop{t: t, cmd: exec.Command(exe, append([]string{"demo", "--json"}, flags...)...)}
	s.cmd.Env = append(os.Environ(), "TMPDIR="+temporary)
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadBytes('\n')
	var first struct {
		Ready scenario.Ready `json:"ready"`
	}
	if err != nil || json.Unmarshal(line, &first) != nil || first.Ready.Token == "" {
		t.Fatalf("first line %q, %v", line, err)
	}
	s.ready = first.Ready
	return s
}

// call sends a request and decodes the answer.
func (s *shop) call(method, url, body string, answer any) (status int) {
	s.t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.ready.Token)
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || answer != nil && json.Unmarshal(text, answer) != nil {
		s.t.Fatalf("%s %s: %q, %v", method, url, text, err)
	}
	return response.StatusCode
}

func (s *shop) control(path, body string) {
	s.t.Helper()
	var answer map[string]any
	if status := s.call("POST", s.ready.Control+path, body, &answer); status != http.StatusOK {
		s.t.Fatalf("%s %s: %d %v", path, body, status, answer)
	}
}

// sold is what the demo's tests look at of a payment.
type sold struct {
	ID           string `json:"id"`
	Status       string `json:"status"`
	Mode         string `json:"mode"`
	Acknowledged bool   `json:"acknowledged"`
}

func (s *shop) pay(order, tender string) (p sold) {
	s.t.Helper()
	body := `{"order":"` + order + `","amount":1250,"currency":"EUR","tender":"` + tender + `"}`
	if status := s.call("POST", s.ready.Till+"/v1/payments?wait=30s", body, &p); status >= 300 {
		s.t.Fatalf("%s: %d %+v", order, status, p)
	}
	return p
}

// resolved waits until an unknown payment was decided.
func (s *shop) resolved(order, want string) {
	s.t.Helper()
	for until := time.Now().Add(30 * time.Second); time.Now().Before(until); <-time.After(20 * time.Millisecond) {
		if p := s.pay(order, "card"); p.Status != "unknown" {
			if p.Status != want {
				s.t.Errorf("%s is %s, want %s", order, p.Status, want)
			}
			return
		}
	}
	s.t.Fatalf("%s stays unknown", order)
}

// delivered waits until the platform has signed for a payment.
func (s *shop) delivered(id string) {
	s.t.Helper()
	for until := time.Now().Add(30 * time.Second); time.Now().Before(until); <-time.After(20 * time.Millisecond) {
		var p sold
		if s.call("GET", s.ready.Till+"/v1/payments/"+id, "", &p); p.Acknowledged {
			return
		}
		s.call("POST", s.ready.Till+"/v1/sync", "", nil)
	}
	s.t.Fatalf("payment %s was not delivered", id)
}

// leave interrupts the demo as a person does at the keyboard.
func (s *shop) leave() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGINT); err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		s.t.Errorf("the demo ended with %v", err)
	}
	if left := processesOf(s.t, s.ready.Data); len(left) > 0 {
		s.t.Errorf("processes were left behind: %v", left)
	}
}

// processesOf lists the command lines that name a folder (Linux).
func processesOf(t *testing.T, folder string) (lines []string) {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if text, err := os.ReadFile(path); err == nil && bytes.Contains(text, []byte(folder)) {
			lines = append(lines, strings.ReplaceAll(string(text), "\x00", " "))
		}
	}
	return lines
}

func TestDemoSellsDeliversAndLeavesNothingBehind(t *testing.T) {
	temporary := t.TempDir()
	s := openShop(t, temporary)
	s.control("/card", `{"next":"lose_before_ack"}`) // the very first sale, lost in the worst moment
	if lost := s.pay("order-0", "card"); lost.Status != "unknown" {
		t.Errorf("%+v", lost)
	}
	s.resolved("order-0", "cancelled")
	card := s.pay("order-1", "card")
	if card.Status != "approved" || card.Mode != "online" {
		t.Errorf("%+v", card)
	}
	s.delivered(card.ID)

	s.control("/network", `{"up":false}`)
	cash := s.pay("order-2", "cash")
	s.control("/card", `{"next":"decline","after_ms":20}`)
	if refused := s.pay("order-3", "card"); refused.Status != "declined" {
		t.Errorf("%+v", refused)
	}
	for _, what := range []string{"agent", "platform", "broker"} {
		s.control("/kill", `{"what":"`+what+`"}`)
	}
	if again := s.pay("order-2", "cash"); again.ID != cash.ID || again.Status != "approved" || again.Acknowledged {
		t.Errorf("after the kills: %+v", again)
	}
	s.control("/network", `{"up":true}`)
	s.delivered(cash.ID)

	var totals map[string]map[string]map[string]struct{ Count, Amount int }
	if s.call("GET", s.ready.Control+"/totals", "", &totals); totals["terminal"]["card"]["EUR"].Amount != 1250 {
		t.Errorf("the terminal's own totals: %v", totals)
	}
	s.leave()
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestDemoKeepsItsDataWhenAskedTo(t *testing.T) {
	data := t.TempDir()
	s := openShop(t, t.TempDir(), "--data", data)
	card := s.pay("order-1", "card")
	s.delivered(card.ID)
	s.leave()
	if !reconciles(t, data) {
		t.Error("the kept files do not agree")
	}
	s = openShop(t, t.TempDir(), "--data", data)
	if again := s.pay("order-1", "card"); again.ID != card.ID || again.Status != "approved" {
		t.Errorf("opened again: %+v", again)
	}
	s.leave()
}

func TestAKilledDemoTakesItsChildrenWithIt(t *testing.T) {
	s := openShop(t, t.TempDir(), "--data", t.TempDir())
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = s.cmd.Wait()
	for until := time.Now().Add(10 * time.Second); len(processesOf(t, s.ready.Data)) > 0; <-time.After(20 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("still there: %v", processesOf(t, s.ready.Data))
		}
	}
}

func TestControlRefusesWhatItDoesNotKnow(t *testing.T) {
	s := openShop(t, t.TempDir())
	for path, body := range map[string]string{
		"/network": `{}`, "/card": `{"next":"explode"}`, "/kill": `{"what":"everybody"}`, "/card?": `{"nxt":"approve"}`, "/kill?": `no json`,
	} {
		if status := s.call("POST", s.ready.Control+path, body, nil); status != http.StatusUnprocessableEntity {
			t.Errorf("%s %s: %d", path, body, status)
		}
	}
	s.leave()
}
