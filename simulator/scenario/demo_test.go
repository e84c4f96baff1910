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
	QR           *struct {
		Payload string `json:"payload"`
	} `json:"qr"`
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

// begin starts a payment and does not wait for its end.
func (s *shop) begin(body string) (p sold) {
	s.t.Helper()
	if status := s.call("POST", s.ready.Till+"/v1/payments", body, &p); status >= 300 {
		s.t.Fatalf("%s: %d %+v", body, status, p)
	}
	return p
}

// ends waits until a payment has the given status.
func (s *shop) ends(p sold, want string) {
	s.t.Helper()
	var now sold
	for until := time.Now().Add(30 * time.Second); time.Now().Before(until); <-time.After(20 * time.Millisecond) {
		if s.call("GET", s.ready.Till+"/v1/payments/"+p.ID, "", &now); now.Status == want {
			return
		}
	}
	s.t.Fatalf("%s is %s, want %s", p.ID, now.Status, want)
}

// shown waits until a payment has its QR.
func (s *shop) shown(p sold) {
	s.t.Helper()
	for until := time.Now().Add(30 * time.Second); p.QR == nil; <-time.After(20 * time.Millisecond) {
		if s.call("GET", s.ready.Till+"/v1/payments/"+p.ID, "", &p); time.Now().After(until) {
			s.t.Fatalf("%s has no QR", p.ID)
		}
	}
}

func TestDemoTakesPhonesOfAllKinds(t *testing.T) {
	s := openShop(t, t.TempDir())
	code := s.begin(`{"order":"code-1","amount":310,"currency":"EUR","tender":"code"}`)
	s.control("/show", `{"scheme":"alipay"}`) // through the scanner
	s.ends(code, "approved")
	slow := s.begin(`{"order":"code-2","amount":320,"currency":"EUR","tender":"code"}`)
	s.control("/show", `{"scheme":"wechat","never":true}`)
	for until := time.Now().Add(20 * time.Second); s.call("POST", s.ready.Control+"/customer", `{"payment":"`+slow.ID+`","pays":true}`, nil) != http.StatusOK; <-time.After(50 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("the acquirer was not asked")
		}
	}
	s.ends(slow, "approved")
	issued := s.begin(`{"order":"qr-1","amount":330,"currency":"EUR","tender":"qr"}`)
	s.shown(issued)
	s.control("/customer", `{"payment":"`+issued.ID+`","pays":false}`)
	s.ends(issued, "declined")
	s.control("/customer", `{"tender":"qr","pays":true,"after_ms":100}`) // who is shown the next one
	s.ends(s.begin(`{"order":"qr-2","amount":340,"currency":"EUR","tender":"qr","scheme":"alipay"}`), "approved")

	s.control("/network", `{"up":false}`)
	var now struct{ Mode string }
	for until := time.Now().Add(30 * time.Second); now.Mode != "offline"; <-time.After(20 * time.Millisecond) {
		if s.call("GET", s.ready.Till+"/v1/status", "", &now); time.Now().After(until) {
			t.Fatalf("the till does not notice: %s", now.Mode)
		}
	}
	if status := s.call("POST", s.ready.Till+"/v1/payments", `{"order":"code-3","amount":350,"currency":"EUR","tender":"code"}`, nil); status != http.StatusForbidden {
		t.Errorf("a code is taken offline: %d", status)
	}
	own := s.begin(`{"order":"qr-3","amount":360,"currency":"EUR","tender":"qr"}`) // offline the till makes one itself
	s.shown(own)
	s.control("/customer", `{"payment":"`+own.ID+`","pays":true}`)
	s.control("/network", `{"up":true}`)
	s.ends(own, "approved")

	var totals map[string]map[string]map[string]struct{ Count, Amount int }
	s.call("GET", s.ready.Control+"/totals", "", &totals)
	if held := totals["acquirer"]; held["code"]["EUR"].Amount != 630 || held["qr"]["EUR"].Amount != 700 {
		t.Errorf("the acquirer's own totals: %v", held)
	}
	s.leave()
}

func TestDemoKeepsItsDataWhenAskedTo(t *testing.T) {
	data := t.TempDir()
	s := openShop(t, t.TempDir(), "--data", data)
	card := s.pay("order-1", "card")
	code := s.begin(`{"order":"code-1","amount":310,"currency":"EUR","tender":"code","code":"134567890123456789"}`)
	s.ends(code, "approved")
	s.delivered(card.ID)
	s.delivered(code.ID)
	s.leave()
	if !reconciles(t, data) {
		t.Error("the kept files do not agree")
	}
	s = openShop(t, t.TempDir(), "--data", data)
	if again := s.pay("order-1", "card"); again.ID != card.ID || again.Status != "approved" {
		t.Errorf("opened again: %+v", again)
	}
	code = s.begin(`{"order":"code-2","amount":320,"currency":"EUR","tender":"code","code":"134567890123456788"}`)
	s.ends(code, "approved")
	s.delivered(code.ID)
	s.leave()
	if !reconciles(t, data) {
		t.Error("the files of both demos do not agree")
	}
	logsTellNoSecrets(t, data)
}

func TestAKilledDemoTakesItsChildrenWithIt(t *testing.T) {
	s := openShop(t, t.TempDir(), "--data", t.TempDir())
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = s.cmd.Wait()
	for until := time.Now().Add(30 * time.Second); len(processesOf(t, s.ready.Data)) > 0; <-time.After(20 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("still there: %v", processesOf(t, s.ready.Data))
		}
	}
}

func TestControlRefusesWhatItDoesNotKnow(t *testing.T) {
	s := openShop(t, t.TempDir())
	for path, body := range map[string]string{
		"/scan": `{}`, "/customer": `{}`, "/customer?1": `{"pays":true,"tender":"cash"}`, "/customer?2": `{"pays":true,"payment":"01890a5d-ac96-774b-bcce-b302099a8057"}`,
		"/customer?3": `{"pays":true,"after_ms":-1}`, "/customer?4": `{"pays":true,"amount":-1}`, "/show": `{"scheme":"cheque"}`, "/show?": `{"again":true}`,
		"/unplug": `{"device":"sofa"}`, "/unplug?": `{"device":"scanner","for_ms":-1}`, "/network": `{}`, "/card": `{"next":"explode"}`, "/kill": `{"what":"everybody"}`, "/card?": `{"nxt":"approve"}`, "/kill?": `no json`,
	} {
		if status := s.call("POST", s.ready.Control+path, body, nil); status != http.StatusUnprocessableEntity {
			t.Errorf("%s %s: %d", path, body, status)
		}
	}
	s.leave()
}
