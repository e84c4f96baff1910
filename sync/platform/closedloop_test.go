package platform

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/pos"
	simulated "github.com/tillproof/tillproof/simulator/acquirer"
	"github.com/tillproof/tillproof/sync/wallet"
)

// TestClosedLoop plays seeded payments (customers' codes, QRs of the acquirer, QRs of tills, forwarded cards) in virtual time, with every fault that the
// simulated acquirer has, platforms that die between any two steps, cashiers who cancel and tills that give back and ask again: the real loop, the real
// ledger file, and the real client and protocol over net.Pipe. At the end nobody was charged twice, nothing is lost, all late money was given back or
// taken for its order, and the acquirer's own statement is what the ledger says.
//
// LOOP_PAYMENTS changes the number of payments, LOOP_SEED the plan. How the goroutines interleave differs from run to run.
func TestClosedLoop(t *testing.T) {
	t.Parallel()
	payments, seed := 1000, 20261122
	for name, n := range map[string]*int{"LOOP_PAYMENTS": &payments, "LOOP_SEED": &seed} {
		if text := os.Getenv(name); text != "" {
			var err error
			if *n, err = strconv.Atoi(text); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
	synctest.Test(t, func(t *testing.T) {
		w := newLoopWorld(t, uint64(seed), payments)
		w.play()
		w.check()
		if payments >= 1000 {
			w.checkHappened()
		}
	})
}

// loopWorld is everything outside of the loop, and what it has seen.
type loopWorld struct {
	t      *testing.T
	bank   *simulated.Acquirer
	path   string
	store  taskStore
	server *http.Server
	pipes  *pipes
	sales  []*loopSale

	mu     sync.Mutex // guards all below
	rand   *rand.Rand
	loop   *wallet.Loop
	life   *mortal
	die    chan struct{} // asks for a crash; has room for one
	calm   bool          // no more crashes
	counts map[string]int
	late   map[string]bool       // refs that were paid after their end
	calls  map[string][]loopCall // by ref, as they came to the acquirer
	began  time.Time
}

// loopCall is a call that came to the acquirer.
type loopCall struct {
	path string
	at   time.Time
}

func newLoopWorld(t *testing.T, seed uint64, payments int) *loopWorld {
	w := &loopWorld{t: t, bank: simulated.New(), path: filepath.Join(loopFolder(t), "ledger.db"), rand: rand.New(rand.NewPCG(seed, 5)), die: make(chan struct{}, 1),
		counts: map[string]int{}, late: map[string]bool{}, calls: map[string][]loopCall{}, began: time.Now(), pipes: newPipes()}
	w.bank.SetRate(simulated.Rate{Share: 6000})
	w.bank.Observe(func(e simulated.Event) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.counts[string(e.Moment)]++
		if e.Moment == simulated.ChargedLate {
			w.late[e.Ref] = true
		}
	})
	for i := range payments {
		w.sales = append(w.sales, w.plan(i))
	}
	w.serve()
	w.open()
	return w
}

// loopFolder is in memory where the machine has such a file system: some ten thousand commits that wait for a disk show nothing here. What a disk keeps is
// shown elsewhere.
func loopFolder(t *testing.T) string {
	folder, err := os.MkdirTemp("/dev/shm", "closedloop")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

// open opens the ledger, with one acquirer for everything.
func (w *loopWorld) open() {
	custody, err := OpenCustody(w.t.Context(), w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	w.store = taskStore{custody}
	custody.route = func(string) string { return "bank" }
}

// serve is the acquirer's end of the line.
func (w *loopWorld) serve() {
	spoilt := w.bank.Handler(bearer)
	w.server = &http.Server{Handler: http.HandlerFunc(func(to http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		var m struct {
			Ref   string
			Order struct{ Ref string }
		}
		if err := json.Unmarshal(body, &m); err != nil {
			w.t.Errorf("%s: %v", r.URL.Path, err)
		}
		w.mu.Lock()
		w.calls[m.Ref+m.Order.Ref] = append(w.calls[m.Ref+m.Order.Ref], loopCall{r.URL.Path, time.Now()})
		w.mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		spoilt.ServeHTTP(to, r)
	})}
	go func() { _ = w.server.Serve(w.pipes) }()
}

// play runs the world until nothing is left to do.
func (w *loopWorld) play() {
	ctx, cancel := context.WithCancel(w.t.Context())
	var world sync.WaitGroup
	stopped := make(chan struct{})
	go func() { defer close(stopped); w.platforms(ctx) }()
	for _, s := range w.sales {
		world.Go(func() { w.sell(s) })
	}
	world.Go(w.crashes)
	world.Wait()
	w.mu.Lock()
	w.calm = true
	w.mu.Unlock()
	for due, _ := w.store.Due(ctx, 1); len(due) > 0; due, _ = w.store.Due(ctx, 1) {
		if time.Since(w.began) > 40*time.Hour {
			task, _, _ := w.store.Task(ctx, due[0].Payment)
			w.t.Errorf("payment %s never comes to an end: %+v", due[0].Payment, task)
			break
		}
		time.Sleep(10 * time.Minute)
	}
	cancel()
	<-stopped
	w.server.Close()
}

// platforms runs one loop after another on the same ledger.
func (w *loopWorld) platforms(ctx context.Context) {
	for ctx.Err() == nil {
		acquirers, err := newAcquirers([]AcquirerConfig{{Name: "bank", URL: "http://127.0.0.1:1", SecretFile: w.secret(), Schemes: []string{"*", offlineCards}}}, 64)
		if err != nil {
			w.t.Error(err)
			return
		}
		acquirers.owner, acquirers.wires.DialContext = w.store.ownerOf, w.pipes.dial
		life, end := context.WithCancel(ctx)
		m := &mortal{taskStore: w.store, w: w}
		loop := wallet.New(acquirers, m, wallet.Options{Settings: wallet.Settings{Workers: 16}})
		w.mu.Lock()
		w.loop, w.life = loop, m
		w.mu.Unlock()
		done := make(chan error)
		go func() { done <- loop.Run(life) }()
		select {
		case <-ctx.Done():
		case <-w.die:
			m.dead.Store(true)
			w.count("crash")
		}
		end()
		if err := <-done; err != nil {
			w.t.Errorf("Run: %v", err)
		}
		acquirers.close()
	}
}

func (w *loopWorld) secret() string {
	path := filepath.Join(filepath.Dir(w.path), "secret")
	if err := os.WriteFile(path, []byte(bearer), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// crashes ends platforms at random moments.
func (w *loopWorld) crashes() {
	for range 30 {
		time.Sleep(w.upTo(3 * time.Minute))
		w.crash()
	}
}

func (w *loopWorld) crash() {
	select {
	case w.die <- struct{}{}:
	default:
	}
}

func (w *loopWorld) count(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counts[what]++
}

// mortal is one platform's way to the ledger. Its commits may fail before or after they were carried out, and a dead one does nothing.
type mortal struct {
	taskStore
	w    *loopWorld
	dead atomic.Bool
}

// mishap draws what a commit meets: mostly nothing, seldom a fault, as seldom the platform's death.
func (m *mortal) mishap(when string) bool {
	m.w.mu.Lock()
	draw, calm := m.w.rand.IntN(1000), m.w.calm
	m.w.mu.Unlock()
	switch {
	case m.dead.Load():
		return true
	case calm || draw >= 5:
		return false
	case draw < 3:
		m.w.count("fault_" + when)
	default:
		m.w.count("death_" + when)
		m.dead.Store(true)
		m.w.crash()
	}
	return true
}

func (m *mortal) Commit(ctx context.Context, task wallet.Task, results []wallet.Result) error {
	if m.mishap("before_commit") {
		return errMortal
	}
	if err := m.taskStore.Commit(ctx, task, results); err != nil {
		return err
	}
	if m.mishap("after_commit") {
		return errMortal
	}
	return nil
}

func (m *mortal) Task(ctx context.Context, payment pos.PaymentID) (wallet.Task, bool, error) {
	if m.dead.Load() {
		return wallet.Task{}, false, errMortal
	}
	return m.taskStore.Task(ctx, payment)
}

var errMortal = fmt.Errorf("the database is gone")

// pipes is a line without a network, so that it runs in virtual time.
type pipes struct {
	in   chan net.Conn
	over chan struct{}
	once sync.Once
}

func newPipes() *pipes { return &pipes{in: make(chan net.Conn), over: make(chan struct{})} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.in <- there:
		return here, nil
	case <-p.over:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.in:
		return c, nil
	case <-p.over:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.over) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }
