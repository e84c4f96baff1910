//go:build linux

package scenario_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// TestCardDataIsNowhere is law 9: card terminals that misbehave tell card numbers and tracks in every field that ZVT has for them and in texts, on
// a serial line and over TCP, through approved, declined and lost sales. Afterwards none of it stands in any file of till and platform, in what
// went over MQTT, in an answer or event of the API, in what the processes wrote, or in the memory of the running till, of which every part that it
// can write is read (/proc/PID/mem): no core dump could hold it. A number that the test gives a sale as its order must be found in all of
// these places, so that the search is known to look there.
func TestCardDataIsNowhere(t *testing.T) {
	s := newLeakyShop(t)
	s.trade()
	s.searched()
}

// searched looks for card data in everything that the shop has left.
func (s *leakyShop) searched() {
	t := s.t
	t.Helper()
	found := s.gather()
	needles, control := cardNeedles(), needlesOf(planted)[:1]
	for place, text := range found {
		for _, what := range foundIn(text, needles) {
			t.Errorf("%s: %s", place, what)
		}
	}
	for _, place := range []string{"journal/", "views.db", "ledger.db", "mqtt", "answers", "events", "memory "} {
		if !s.planted(found, place, control) {
			t.Errorf("what was planted is not found in %s: the search proves nothing there", place)
		}
	}
}

// ask asks the API and keeps the answer.
func (s *leakyShop) ask(method, path, body string) []byte {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.base+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers.Write(text)
	return text
}

// into reads an answer.
func (s *leakyShop) into(answer []byte, to any) {
	s.t.Helper()
	if err := json.Unmarshal(answer, to); err != nil {
		s.t.Fatalf("%s: %v", answer, err)
	}
}

// listen keeps the events from now on.
func (s *leakyShop) listen() {
	s.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/v1/events", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	stream, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer stream.Body.Close()
		for lines := bufio.NewScanner(stream.Body); lines.Scan(); {
			s.mu.Lock()
			s.events.Write(append(lines.Bytes(), '\n'))
			s.mu.Unlock()
		}
	}()
	s.t.Cleanup(func() {
		stop()
		<-ended
	})
}

// leakySale is what the test looks at of a payment.
type leakySale struct {
	ID           string `json:"id"`
	Status       string `json:"status"`
	Last4        string `json:"last4"`
	Acknowledged bool   `json:"acknowledged"`
}

// sell sells at a terminal with the next card, and returns the payment when its end is known and the platform holds it.
func (s *leakyShop) sell(order, device string, pt *zvtsim.Terminal, card zvtsim.Do) (p leakySale) {
	s.t.Helper()
	pt.Next(zvtsim.Card{Do: card})
	body := fmt.Sprintf(`{"order":%q,"amount":1250,"currency":"EUR","tender":"card","device":%q}`, order, device)
	if err := json.Unmarshal(s.ask("POST", "/v1/payments?wait=30s", body), &p); err != nil || p.ID == "" {
		s.t.Fatalf("%s: %+v, %v", order, p, err)
	}
	s.until(order+" has its end", func() bool {
		if err := json.Unmarshal(s.ask("GET", "/v1/payments/"+p.ID, ""), &p); err != nil {
			s.t.Fatal(err)
		}
		return p.Status != "pending" && p.Status != "unknown" && p.Acknowledged
	})
	return p
}

// trade takes cards at both terminals in every way: approved, declined, and with a result that is lost and asked for.
func (s *leakyShop) trade() {
	s.t.Helper()
	for device, pt := range map[string]*zvtsim.Terminal{"serial": s.serial, "network": s.network} {
		for name, x := range map[string]struct {
			card zvtsim.Do
			want string
		}{"approved": {zvtsim.Approve, "approved"}, "declined": {zvtsim.Decline, "declined"}, "lost": {zvtsim.LoseResult, "approved"}} {
			if p := s.sell(name+"-"+device, device, pt, x.card); p.Status != x.want || p.Status == "approved" && p.Last4 != panOfField[12:] {
				s.t.Errorf("%s at %s: %+v", name, device, p)
			}
		}
	}
	if p := s.sell(planted, "serial", s.serial, zvtsim.Approve); p.Status != "approved" {
		s.t.Errorf("%+v", p)
	}
	s.until("an event tells the last one", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return bytes.Contains(s.events.Bytes(), []byte(planted))
	})
	s.ask("GET", "/v1/payments?limit=500", "")
	s.ask("GET", "/v1/status", "")
}

// gather reads everything that the shop has left anywhere.
func (s *leakyShop) gather() map[string][]byte {
	s.t.Helper()
	all := memoryOf(s.t, s.agent.Process.Pid)
	maps.Copy(all, filesOf(s.t, s.dir))
	for name, out := range s.output {
		all["output of "+name] = out.bytes()
	}
	all["mqtt"] = s.wire.bytes(s.t)
	s.mu.Lock()
	defer s.mu.Unlock()
	all["answers"], all["events"] = bytes.Clone(s.answers.Bytes()), bytes.Clone(s.events.Bytes())
	return all
}

// planted says whether what was planted stands in a place whose name holds a word.
func (s *leakyShop) planted(all map[string][]byte, word string, control []needle) bool {
	for place, text := range all {
		if strings.Contains(place, word) && len(foundIn(text, control)) > 0 {
			return true
		}
	}
	return false
}

// until waits, in real time, for what other processes bring about.
func (s *leakyShop) until(what string, holds func() bool) {
	s.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(90 * time.Second); !holds(); <-tick.C {
		if time.Now().After(end) {
			s.t.Fatalf("waited too long until %s: %s", what, s.ask("GET", "/v1/status", ""))
		}
	}
}
