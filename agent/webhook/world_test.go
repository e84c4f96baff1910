package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/agent/webhook"
	"github.com/tillproof/tillproof/pos"
)

func TestMain(m *testing.M) {
	if os.Getenv("TILLPROOF_TEST_CHILD") != "" {
		child()
		return
	}
	goleak.VerifyTestMain(m)
}

// story is a journal of which only the events matter: event n is record n.
type story struct {
	mu      sync.Mutex
	events  []webhook.Ref
	last    map[pos.PaymentID]int // number of the last event about a payment
	changed chan struct{}
	fault   error
}

func newStory() *story { return &story{last: map[pos.PaymentID]int{}, changed: make(chan struct{})} }

func place(n int) string { return "e." + strconv.Itoa(n) }

func number(place string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(place, "e."))
	if err != nil {
		panic(err)
	}
	return n
}

// add appends changes of payments; 0 is a shift that was opened.
func (s *story) add(payments ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range payments {
		ref := webhook.Ref{ID: place(len(s.events) + 1), Type: webhook.ShiftOpened}
		if n > 0 {
			ref.Type, ref.Payment = webhook.PaymentUpdated, payment(n)
			s.last[ref.Payment] = len(s.events) + 1
		}
		s.events = append(s.events, ref)
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

func payment(n int) pos.PaymentID { return pos.PaymentID{byte(n >> 8), byte(n), 1} }

func (s *story) spoil(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = err
}

func (s *story) Head() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return place(len(s.events))
}

func (s *story) Back(records uint64) string {
	return place(max(0, number(s.Head())-int(records)))
}

func (s *story) Behind(at string) uint64 { return uint64(number(s.Head()) - number(at)) }

func (s *story) Next(at string) ([]webhook.Ref, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := number(at)
	to := min(len(s.events), from+10)
	return append([]webhook.Ref{}, s.events[from:to]...), place(to), s.fault
}

func (s *story) Build(ref webhook.Ref) (*webhook.Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := number(ref.ID)
	if !ref.Payment.IsZero() && s.last[ref.Payment] != n {
		return nil, s.fault
	}
	return &webhook.Event{Ref: ref, At: 1_700_000_000_123, Data: map[string]int{"n": n}}, s.fault
}

func (s *story) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// pipes is a network of one host without sockets, so that it works in virtual time.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	down  chan struct{}
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), down: make(chan struct{})} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.conns <- far:
		return near, nil
	case <-p.down:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.down:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.down) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes"} }

// delivery is a request that came to a receiver.
type delivery struct {
	id     string
	at     time.Time
	body   string
	header http.Header
}

// receiver is the shop's software.
type receiver struct {
	mu     sync.Mutex
	got    []delivery
	answer func(d delivery, w http.ResponseWriter) // nil: 200
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return
	}
	d := delivery{request.Header.Get("Webhook-Id"), time.Now(), string(body), request.Header}
	r.mu.Lock()
	r.got = append(r.got, d)
	answer := r.answer
	r.mu.Unlock()
	if answer != nil {
		answer(d, w)
	}
}

// says makes the receiver answer with a status from now on.
func (r *receiver) says(status int) {
	r.does(func(_ delivery, w http.ResponseWriter) { w.WriteHeader(status) })
}

func (r *receiver) does(answer func(d delivery, w http.ResponseWriter)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// take returns what has come, as record numbers, and forgets it.
func (r *receiver) take() (list []int) {
	for _, d := range r.deliveries() {
		list = append(list, number(d.id))
	}
	return list
}

func (r *receiver) deliveries() []delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.got
	r.got = nil
	return list
}

// shop is a till's hooks with one receiver in virtual time. Its methods are called in the bubble.
type shop struct {
	t       *testing.T
	path    string
	story   *story
	targets []webhook.Target
	host    atomic.Pointer[pipes]
	box     *receiver
	server  *http.Server
	hooks   *webhook.Hooks
	log     strings.Builder
	stop    func()
}

func newShop(t *testing.T, dir string) *shop {
	s := &shop{t: t, path: filepath.Join(dir, "webhooks.json"), story: newStory(), box: &receiver{}}
	s.targets = []webhook.Target{{Name: "w1", URL: "https://pos.example/notices/hidden-path", Secrets: secrets(t, dir)}}
	s.targets[0].URL = "http://pos.example/notices/hidden-path" // the pipes speak no TLS; CheckURL has its own test
	s.serve()
	return s
}

func secrets(t *testing.T, dir string) webhook.Secrets {
	t.Helper()
	path := filepath.Join(dir, "secret")
	if err := os.WriteFile(path, []byte("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := webhook.LoadSecrets(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// serve starts the receiver; unserve ends it, so that connections are refused.
func (s *shop) serve() {
	host := newPipes()
	s.server = &http.Server{Handler: s.box}
	s.host.Store(host)
	go func() { _ = s.server.Serve(host) }()
}

func (s *shop) unserve() { _ = s.server.Close() }

func (s *shop) start() {
	s.t.Helper()
	var err error
	s.hooks, err = webhook.Open(webhook.Options{Path: s.path, Targets: s.targets, Source: s.story, Log: slog.New(slog.NewTextHandler(&s.log, nil)),
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			return s.host.Load().dial(ctx, network, address)
		}})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.hooks.Run(ctx)
	}()
	s.stop = func() { cancel(); <-ended }
}

// end stops everything; nothing that is secret may be in the log or the file.
func (s *shop) end() {
	s.t.Helper()
	s.stop()
	s.unserve()
	<-time.After(2 * time.Hour) // handlers that sleep come to their end
	text, err := os.ReadFile(s.path)
	if err != nil {
		s.t.Error(err)
	}
	for _, secret := range []string{"MfKQ", "hidden-path"} {
		if strings.Contains(s.log.String(), secret) || strings.Contains(string(text), secret) {
			s.t.Errorf("%q stands in log or file:\n%s\n%s", secret, s.log.String(), text)
		}
	}
}

func (s *shop) info() webhook.Info { return s.hooks.List()[0] }

func (s *shop) file() (m map[string]map[string]any) {
	s.t.Helper()
	text, err := os.ReadFile(s.path)
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		s.t.Error(err)
	}
	return m
}

// got checks which events have come since the last time.
func (s *shop) got(want ...int) {
	s.t.Helper()
	if list := s.box.take(); fmt.Sprint(list) != fmt.Sprint(want) {
		s.t.Errorf("the receiver got %v, want %v", list, want)
	}
}
