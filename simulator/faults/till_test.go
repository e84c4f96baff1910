//go:build linux

package faults

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
)

// backlogSales are the card sales that a till has made before it meets the platform: three records each, so that a drain takes several batches.
const backlogSales = 630

// till is a whole agent with real files.
type till struct {
	site   *site
	id     pos.TillID
	dir    string
	public cose.PublicKey
	client *http.Client
	url    string
	token  string
	sales  int // made through the API
	cancel context.CancelFunc
	ended  chan error
}

// newTill is a till without a past that the site's platform will know.
func (s *site) newTill(id pos.TillID) *till {
	s.t.Helper()
	return s.adopt(id, filepath.Join(s.t.TempDir(), string(id)))
}

// laden is a till with a backlog of some 1,900 records that the site's platform will know.
func (s *site) laden() *till {
	s.t.Helper()
	dir := filepath.Join(s.t.TempDir(), "till-1")
	if err := os.CopyFS(dir, os.DirFS(s.ground.backlog())); err != nil {
		s.t.Fatal(err)
	}
	return s.adopt("till-1", dir)
}

// adopt makes a till of a folder.
func (s *site) adopt(id pos.TillID, dir string) *till {
	s.t.Helper()
	signer, err := cose.LoadOrCreate(agent.PathsIn(dir).Key)
	if err != nil {
		s.t.Fatal(err)
	}
	t := &till{site: s, id: id, dir: dir, public: signer.Public(), client: &http.Client{Timeout: 30 * time.Second}}
	s.t.Cleanup(t.client.CloseIdleConnections)
	s.tills = append(s.tills, t)
	return t
}

// start runs the agent until stop, on a way to the broker.
func (t *till) start(way string) {
	t.site.t.Helper()
	path := filepath.Join(t.site.t.TempDir(), "till.yaml")
	t.site.write(path, fmt.Sprintf("till: %s\nmerchant: shop\ndata: %s\napi: {listen: \"127.0.0.1:0\"}\njournal: {segment_mib: 2}\ntenders: [cash, card, code]\n"+
		"platform: {broker: \"tcp://%s\", root_key: %q}\n", t.id, t.dir, way, hex.EncodeToString(t.site.key.Public())))
	config, err := agent.LoadConfig(path)
	if err != nil {
		t.site.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready := make(chan string, 1)
	t.cancel, t.ended = cancel, make(chan error, 1)
	go func() {
		t.ended <- agent.Run(ctx, config, agent.Options{Version: "test", Log: t.site.log(t.dir), Ready: func(a string) { ready <- a }})
	}()
	select {
	case a := <-ready:
		t.url = "http://" + a
	case err := <-t.ended:
		cancel()
		t.ended = nil
		t.site.t.Fatal(err)
	}
	t.site.t.Cleanup(t.stop)
	token, err := os.ReadFile(agent.PathsIn(t.dir).Token)
	if err != nil {
		t.site.t.Fatal(err)
	}
	t.token = strings.TrimSpace(string(token))
}

// stop ends the agent as SIGTERM does.
func (t *till) stop() {
	if t.ended == nil {
		return
	}
	t.cancel()
	if err := <-t.ended; err != nil {
		t.site.t.Errorf("%s ended with %v", t.id, err)
	}
	t.ended = nil
}

// ask sends a request to the till's API.
func (t *till) ask(method, path string, body, into any) (status int) {
	t.site.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.site.t.Fatal(err)
	}
	var content io.Reader = http.NoBody
	if body != nil {
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequest(method, t.url+path, content)
	if err != nil {
		t.site.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+t.token)
	answer, err := t.client.Do(r)
	if err != nil {
		t.site.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err == nil && into != nil && answer.StatusCode < 400 {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		t.site.t.Fatal(err)
	}
	return answer.StatusCode
}

// sell makes a sale in cash: whatever is broken behind the till, it is approved.
func (t *till) sell() api.Payment {
	t.site.t.Helper()
	t.sales++
	var p api.Payment
	order := map[string]any{"order": fmt.Sprintf("%s-%s-%d", t.id, filepath.Base(filepath.Dir(t.dir)), t.sales), "amount": 100 + t.sales, "currency": "EUR", "tender": "cash"}
	if status := t.ask(http.MethodPost, "/v1/payments", order, &p); status != http.StatusCreated || p.Status != pos.Approved {
		t.site.t.Fatalf("a sale in cash was answered with %d, %s", status, p.Status)
	}
	return p
}

func (t *till) status() (s api.Status) {
	t.site.t.Helper()
	t.ask(http.MethodGet, "/v1/status", nil, &s)
	return s
}

// hurry asks the till to connect and send now, as a person does who does not want to wait for a pause.
func (t *till) hurry() { t.ask(http.MethodPost, "/v1/sync", nil, nil) }

// drained waits until the platform has signed for everything. Where nothing moves for a while the till is asked to hurry.
func (t *till) drained() {
	t.site.t.Helper()
	t.drainedWithin(patience)
}

func (t *till) drainedWithin(limit time.Duration) {
	t.site.t.Helper()
	last, since := uint64(0), time.Now()
	t.site.untilWithin(limit, string(t.id)+" has nothing left to send", func() bool {
		s := t.status()
		if s.Backlog.Records != last {
			last, since = s.Backlog.Records, time.Now()
		}
		if time.Since(since) > 300*time.Millisecond {
			since = time.Now()
			t.hurry()
		}
		return s.Backlog.Records == 0 && s.AckedSeq == s.Seq
	})
}

// fill makes a till's data in dir with so many card sales, from number first on.
func fill(t *testing.T, dir string, id pos.TillID, first, sales int) {
	t.Helper()
	paths := agent.PathsIn(dir)
	signer, err := cose.LoadOrCreate(paths.Key)
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(journal.Options{Dir: paths.Journal, Views: paths.Views, Till: id, Signer: signer, Version: "test", Clock: journal.SystemClock, Segment: 2 << 20})
	if err != nil {
		t.Fatal(err)
	}
	const together = journal.CommitRecords / 3
	for n := 0; n < sales; n += together {
		var bodies []record.Body
		for i := range together {
			bodies = append(bodies, sale(first+n+i)...)
		}
		if _, err := j.Append(bodies...); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

// sale is the records of a card sale.
func sale(n int) []record.Body {
	id := pos.NewPaymentID(time.Now())
	amount := pos.Minor(100 + n)
	return []record.Body{
		&record.Intent{Payment: id, Order: pos.OrderRef(fmt.Sprintf("order-%06d", n)), Attempt: 1, Amount: amount, Currency: "EUR", Tender: pos.Card, Mode: pos.Online, Device: "counter"},
		&record.Result{Payment: id, Decision: record.Decision{Status: pos.Approved, Amount: amount, Currency: "EUR", Trace: fmt.Sprintf("%06d", n),
			ReceiptNo: fmt.Sprintf("%04d", n), TerminalID: "52500001", AuthCode: "004712", Brand: "girocard", Last4: "0119", Entry: "chip"}},
		&record.Confirmed{Payment: id, Receipts: []record.Receipt{{For: "customer", Lines: []string{"Corner Shop", fmt.Sprintf("No. %06d", n), "thank you"}}}},
	}
}
