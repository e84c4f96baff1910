package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/agent/webhook"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
)

// told is what a webhook told the shop's software.
type told struct{ id, kind, data string }

// ears is the shop's software: a receiver of webhooks on pipes, in virtual time.
type ears struct {
	host   *pipes
	server *http.Server

	mu     sync.Mutex
	heard  []told
	status int
}

func newEars() *ears {
	e := &ears{host: &pipes{conns: make(chan net.Conn), done: make(chan struct{})}, status: 200}
	e.server = &http.Server{Handler: e}
	go func() { _ = e.server.Serve(e.host) }()
	return e
}

func (e *ears) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var m struct {
		Type string
		Data json.RawMessage
	}
	if json.NewDecoder(r.Body).Decode(&m) != nil {
		w.WriteHeader(400)
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = append(e.heard, told{r.Header.Get("Webhook-Id"), m.Type, string(m.Data)})
	w.WriteHeader(e.status)
}

func (e *ears) answer(status int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.status = status
}

// take returns what came and forgets it.
func (e *ears) take() []told {
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	list := e.heard
	e.heard = nil
	return list
}

// hook starts a webhook on the till's journal until the returned function is called.
func (s *till) hook(e *ears) (stop func()) {
	s.t.Helper()
	secrets, err := webhook.LoadSecrets(filepath.Join(s.dir, "hook.secret"))
	if err != nil {
		s.t.Fatal(err)
	}
	hooks, err := webhook.Open(webhook.Options{Path: filepath.Join(s.dir, "webhooks.json"), Source: api.NewNotices(s.options),
		Dial:    func(context.Context, string, string) (net.Conn, error) { return e.host.dial(), nil },
		Targets: []webhook.Target{{Name: "shop", URL: "http://10.0.0.9:8080/notices/hidden-path?key=hidden", Secrets: secrets}}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.options.Webhooks = hooks
	s.remake()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		hooks.Run(ctx)
	}()
	return func() { cancel(); <-ended }
}

// inHook is inTill with a webhook and its receiver.
func inHook(t *testing.T, test func(s *till, e *ears, restart func())) {
	t.Helper()
	inTill(t, func(s *till) {
		e := newEars()
		stop := s.hook(e)
		defer func() {
			stop()
			_ = e.server.Close()
		}()
		test(s, e, func() {
			stop()
			s.restart()
			stop = s.hook(e)
		})
	})
}

func TestAWebhookTellsWhatGETShows(t *testing.T) {
	inHook(t, func(s *till, e *ears, _ func()) {
		sold := s.post(cashSale).is(201)
		list := e.take()
		if len(list) != 1 || list[0] != (told{s.place(), "payment.updated", strings.TrimSpace(sold.body)}) {
			t.Errorf("%+v, want %s", list, sold.body)
		}
		waits := s.sell("qr", "Q-1", "").text("id")
		if list = e.take(); len(list) != 1 || list[0].id != s.place() {
			t.Errorf("%+v", list)
		}
		s.platform.tell(waits, "approved", 1250)
		a := s.get(waits).at("approved", "")
		if list = e.take(); len(list) != 1 || list[0].data != strings.TrimSpace(a.body) {
			t.Errorf("%+v, want %s", list, a.body)
		}
	})
}

func TestAWebhookGoesOnOverRestartsAndEpochs(t *testing.T) {
	inHook(t, func(s *till, e *ears, restart func()) {
		e.answer(503)
		s.cash("A-1")
		restart()
		s.cash("A-2")
		if err := s.journal.Diverge("forked", s.journal.Head()); err != nil {
			t.Fatal(err)
		}
		s.cash("A-3")
		restart()
		s.cash("A-4")
		e.take()
		if i := s.options.Webhooks.List()[0]; i.Backlog < 10 || i.State != webhook.Failing {
			t.Errorf("%+v", i)
		}
		e.answer(200)
		<-time.After(10 * time.Minute)
		var orders, ids []string
		for _, x := range e.take() {
			var p api.Payment
			if err := json.Unmarshal([]byte(x.data), &p); err != nil || x.id != fmt.Sprintf("%s.%d", p.Record.Epoch, p.Record.Seq) {
				t.Errorf("%v: %s is not %+v", err, x.id, p.Record)
			}
			orders, ids = append(orders, string(p.Order)), append(ids, x.id)
		}
		if fmt.Sprint(orders) != "[A-1 A-2 A-3 A-4]" || ids[3] != s.place() {
			t.Errorf("%v %v", orders, ids)
		}
		if i := s.options.Webhooks.List()[0]; i.Backlog != 0 || i.Place != s.place() {
			t.Errorf("%+v", i)
		}
	})
}

func TestTheDayIsToldToo(t *testing.T) {
	inHook(t, func(s *till, e *ears, _ func()) {
		opened := record.ShiftOpened{ID: pos.UUID{1}, Cashier: "anna", Date: "2000-01-01", Float: 5000, Currency: "EUR", Number: 1}
		step := func(state record.SettlementState) record.Body {
			return &record.Settlement{ID: pos.UUID{2}, Device: "counter", State: state, Date: "2000-01-01"}
		}
		for _, body := range []record.Body{&opened, step(record.SettlementBegun), step(record.SettlementTold), step(record.SettlementDone),
			&record.ShiftClosed{ID: pos.UUID{1}, Cashier: "anna", Counted: 4900, Expected: 5000, Opened: opened}} {
			if _, err := s.journal.Append(body); err != nil {
				t.Error(err)
			}
		}
		list := e.take()
		want := []told{{"", "shift.opened", `"state":"open","cashier":"anna"`}, {"", "settlement.done", `"parts":[{"device":"counter","state":"done"`},
			{"", "shift.closed", `"difference":-100`}}
		if len(list) != len(want) {
			t.Fatalf("%+v", list)
		}
		for i, w := range want {
			if list[i].kind != w.kind || !strings.Contains(list[i].data, w.data) {
				t.Errorf("%+v, want %+v", list[i], w)
			}
		}
		if list[2].id != s.place() {
			t.Errorf("%s is not %s", list[2].id, s.place())
		}
		if shown := s.ask(http.MethodGet, "/v1/shifts/"+pos.UUID{1}.String(), "").is(200); strings.TrimSpace(shown.body) != list[2].data {
			t.Errorf("%s, GET shows %s", list[2].data, shown.body)
		}
	})
}

func TestWebhooksAreSeenAndRetried(t *testing.T) {
	inHook(t, func(s *till, e *ears, _ func()) {
		e.answer(410)
		id := s.post(cashSale).is(201).text("id")
		e.take()
		a := s.ask(http.MethodGet, "/v1/webhooks", "").is(200)
		shaped(t, a)
		for _, want := range []string{`"name":"shop"`, `"origin":"http://10.0.0.9:8080"`, `"state":"disabled"`, `"failing_since_at":"2000-`, id,
			`"last_error":"the receiver answered 410`, `"set_aside":[]`, `"backlog":0`, `"next_try_at":"2000-`} {
			if !strings.Contains(a.body, want) {
				t.Errorf("no %s in %s", want, a.body)
			}
		}
		if strings.Contains(a.body, "hidden") || strings.Contains(a.body, "whsec") {
			t.Errorf("a secret is shown: %s", a.body)
		}
		e.answer(200)
		s.ask(http.MethodPost, "/v1/webhooks/shop/retry", "").is(200)
		if list := e.take(); len(list) != 1 {
			t.Errorf("%+v", list)
		}
		a = s.ask(http.MethodGet, "/v1/webhooks", "").is(200)
		if !strings.Contains(a.body, `"state":"ready"`) || !strings.Contains(a.body, `"retrying":[]`) || strings.Contains(a.body, "last_error") {
			t.Errorf("%s", a.body)
		}
		s.ask(http.MethodPost, "/v1/webhooks/other/retry", "").problem(404, "not_found", "none_moved")
		s.options.Webhooks = nil
		s.remake()
		if a = s.ask(http.MethodGet, "/v1/webhooks", "").is(200); strings.TrimSpace(a.body) != `{"items":[]}` {
			t.Errorf("%s", a.body)
		}
		s.ask(http.MethodPost, "/v1/webhooks/shop/retry", "").problem(404, "not_found", "none_moved")
	})
}

// Ten thousand payments while the receiver was away, over a real journal: all of them come, in the order of their last changes, each once.
func TestABacklogOfTenThousand(t *testing.T) {
	inHook(t, func(s *till, e *ears, _ func()) {
		e.answer(503)
		const count = 10_000
		for n := 0; n < count; {
			bodies := make([]record.Body, 0, journal.CommitRecords)
			for ; n < count && len(bodies) < journal.CommitRecords; n++ {
				bodies = append(bodies, &record.Intent{Payment: pos.PaymentID{1, byte(n >> 8), byte(n)}, Order: pos.OrderRef(fmt.Sprint("B-", n)), Attempt: 1, Amount: 1,
					Currency: "EUR", Tender: pos.QR, Mode: pos.Online})
			}
			if _, err := s.journal.Append(bodies...); err != nil {
				t.Fatal(err)
			}
		}
		e.take()
		e.answer(200)
		began := time.Now()
		s.ask(http.MethodPost, "/v1/webhooks/shop/retry", "").is(200)
		list := e.take()
		if time.Since(began) != 0 || len(list) != count {
			t.Errorf("%d events after %s", len(list), time.Since(began))
		}
		if !slices.IsSortedFunc(list, func(a, b told) int { return seqOf(a.id) - seqOf(b.id) }) {
			t.Error("out of order")
		}
	})
}

func seqOf(id string) (n int) {
	_, seq, _ := strings.Cut(id, ".")
	_, _ = fmt.Sscan(seq, &n)
	return n
}
