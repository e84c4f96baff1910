package screens_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulator/scenario"
)

// patience bounds every wait of a test. What has a goal of its own is measured besides.
const patience = 40 * time.Second

// shop is a running demo: the real program around which the test plays the world.
type shop struct {
	t *testing.T
	scenario.Ready
}

// payment is what the tests look at of a payment of the till's API.
type payment struct {
	ID           string `json:"id"`
	Order        string `json:"order"`
	Attempt      int    `json:"attempt"`
	Tender       string `json:"tender"`
	Scheme       string `json:"scheme"`
	Status       string `json:"status"`
	Amount       int64  `json:"amount"`
	Unwanted     bool   `json:"unwanted"`
	Acknowledged bool   `json:"acknowledged"`
	QR           *struct {
		Payload string `json:"payload"`
	} `json:"qr"`
}

// openShop starts a demo for a test. Brisk demos give customers seconds where people have minutes.
func openShop(t *testing.T, brisk bool) *shop {
	t.Helper()
	bench.chrome.need(t)
	demo, err := scenario.Start(t.Context(), scenario.Options{Data: t.TempDir(), Exe: bench.exe, Listen: "127.0.0.1:0", Brisk: brisk})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := demo.Stop(); err != nil {
			t.Error(err)
		}
	})
	s := &shop{t, demo.Ready()}
	s.wait("the till is online", func() bool { return s.mode() == "online" })
	return s
}

// call sends a request with the till's token and decodes the answer. The status is 0 when nobody answers.
func (s *shop) call(method, address, body string, answer any) (status int) {
	s.t.Helper()
	r, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.Token)
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || answer != nil && json.Unmarshal(text, answer) != nil {
		s.t.Fatalf("%s %s: %q, %v", method, address, text, err)
	}
	return response.StatusCode
}

// play has the world do something.
func (s *shop) play(path, body string) {
	s.t.Helper()
	var answer map[string]any
	if status := s.call("POST", s.Control+path, body, &answer); status != http.StatusOK {
		s.t.Fatalf("%s %s: %d %v", path, body, status, answer)
	}
}

// get asks the till, which has to answer.
func (s *shop) get(path string, answer any) {
	s.t.Helper()
	if status := s.call("GET", s.Till+path, "", answer); status != http.StatusOK {
		s.t.Fatalf("GET %s: %d", path, status)
	}
}

// pairingCode asks for a code that pairs one browser.
func (s *shop) pairingCode() string {
	s.t.Helper()
	var answer struct {
		Code string `json:"code"`
	}
	if s.call("POST", s.Till+"/v1/pairings", "", &answer); len(answer.Code) != 6 {
		s.t.Fatalf("pairing code %q", answer.Code)
	}
	return answer.Code
}

// mode is the till's mode, "" while its program is away.
func (s *shop) mode() string {
	var status struct {
		Mode string `json:"mode"`
	}
	s.call("GET", s.Till+"/v1/status", "", &status)
	return status.Mode
}

func (s *shop) payment(id string) (p payment) {
	s.t.Helper()
	s.get("/v1/payments/"+id, &p)
	return p
}

// payments lists the payments of an order, or all without one, newest first.
func (s *shop) payments(order string) []payment {
	s.t.Helper()
	var page struct {
		Items []payment `json:"items"`
	}
	query := "?limit=200"
	if order != "" {
		query += "&order=" + url.QueryEscape(order)
	}
	s.get("/v1/payments"+query, &page)
	return page.Items
}

// wait waits for something outside the browser.
func (s *shop) wait(what string, holds func() bool) time.Duration {
	s.t.Helper()
	began := time.Now()
	for !holds() {
		if time.Since(began) > patience {
			s.t.Fatalf("never came: %s", what)
		}
		<-time.After(10 * time.Millisecond)
	}
	return time.Since(began)
}

// only checks that an order has one payment, of the given status.
func (s *shop) only(order, status string) payment {
	s.t.Helper()
	list := s.payments(order)
	if len(list) != 1 || list[0].Status != status {
		s.t.Fatalf("order %s has the payments %s, want one that is %s", order, describe(list), status)
	}
	return list[0]
}

func describe(list []payment) string {
	text := []string{}
	for _, p := range list {
		text = append(text, fmt.Sprintf("%s attempt %d %s %d", p.Tender, p.Attempt, p.Status, p.Amount))
	}
	return "[" + strings.Join(text, ", ") + "]"
}
