package wallet_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/acquirer"
	"github.com/tillproof/tillproof/sync/wallet"
)

// desk is a loop against an acquirer that answers by script: for each call a list of words, the last of which is repeated. The
// word "unclear" is an error, "issued" a payload, all others are states; a paid one is of the task's amount.
type desk struct {
	t      *testing.T
	store  *handle
	loop   *wallet.Loop
	start  time.Time
	stop   func()
	mu     sync.Mutex
	script map[string][]string
	calls  []string // "query@5s", in order
	paid   pos.Money
	refund map[string]bool // ids that were seen
	heard  []string        // what Notify was told
	log    strings.Builder // guarded by mu
	busy   sync.Map        // refs with a call under way
}

var errUnclear = errors.New("no answer")

func euros(m pos.Minor) pos.Money { return pos.Money{Amount: m, Currency: "EUR"} }

// open starts a desk in the bubble of the test.
func open(t *testing.T, script map[string][]string, settings wallet.Settings) *desk {
	d := &desk{t: t, store: &handle{memory: newMemory()}, start: time.Now(), script: script, paid: euros(1234), refund: map[string]bool{}}
	d.restart(settings)
	t.Cleanup(func() {
		d.stop()
		if strings.Contains(d.logged(), "131234567890123456") {
			t.Error("the customer's code is in the log")
		}
	})
	return d
}

// restart ends the platform of the moment, as a kill would, and starts another one.
func (d *desk) restart(settings wallet.Settings) {
	if d.stop != nil {
		d.store.kill()
		d.stop()
		d.store = &handle{memory: d.store.memory}
	}
	d.loop = wallet.New(d, d.store, wallet.Options{Settings: settings, Notify: d.notify, Log: slog.New(slog.NewTextHandler(d, nil))})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	loop := d.loop
	go func() { done <- loop.Run(ctx) }()
	d.stop = func() {
		cancel()
		if err := <-done; err != nil {
			d.t.Errorf("Run: %v", err)
		}
		done <- nil // stop may be called again
	}
}

// Write takes a line of the log.
func (d *desk) Write(line []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.Write(line)
}

func (d *desk) logged() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.String()
}

func (d *desk) notify(task wallet.Task, results []wallet.Result) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range results {
		d.heard = append(d.heard, string(r.Status))
	}
	if len(results) == 0 {
		d.heard = append(d.heard, "text "+task.Text)
	}
}

// says takes the next word of the script.
func (d *desk) says(call string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = append(d.calls, fmt.Sprintf("%s@%s", call, time.Since(d.start)))
	words := d.script[call]
	if len(words) == 0 {
		d.t.Errorf("%s was not to be called", call)
		return "unclear"
	}
	if len(words) > 1 {
		d.script[call] = words[1:]
	}
	return words[0]
}

// answer turns a word into an answer; "hang" blocks until the call's context ends.
func (d *desk) answer(ctx context.Context, call, ref string) (acquirer.Answer, error) {
	word, text, _ := strings.Cut(d.says(call), ":")
	if _, busy := d.busy.LoadOrStore(ref, true); busy {
		d.t.Errorf("%s while another call for the same payment is under way", call)
	}
	defer d.busy.Delete(ref)
	switch word {
	case "hang":
		<-ctx.Done()
		return acquirer.Answer{}, errUnclear
	case "unclear":
		return acquirer.Answer{}, errUnclear
	}
	a := acquirer.Answer{State: acquirer.State(word), Text: text}
	if a.State.HasMoney() {
		a.Amount, a.Transaction = d.paid, "T1"
	}
	return a, nil
}

func (d *desk) Authorise(ctx context.Context, o acquirer.Order, code string) (acquirer.Answer, error) {
	if code != "131234567890123456" {
		d.t.Errorf("authorised with code %q", code)
	}
	return d.answer(ctx, "authorise", o.Ref)
}

func (d *desk) Issue(ctx context.Context, o acquirer.Order, ttl time.Duration) (acquirer.Issued, error) {
	if _, err := d.answer(ctx, "issue", o.Ref); err != nil {
		return acquirer.Issued{}, err
	}
	return acquirer.Issued{Payload: "weixin://" + o.Ref, ExpiresAt: time.Now().Add(ttl).UnixMilli()}, nil
}

func (d *desk) Capture(ctx context.Context, o acquirer.Order, _ string) (acquirer.Answer, error) {
	return d.answer(ctx, "capture", o.Ref)
}

func (d *desk) Expect(ctx context.Context, o acquirer.Order, reference string) error {
	_, err := d.answer(ctx, "expect", o.Ref)
	return err
}

func (d *desk) Query(ctx context.Context, ref string) (acquirer.Answer, error) {
	return d.answer(ctx, "query", ref)
}

func (d *desk) Cancel(ctx context.Context, ref string) (acquirer.Answer, error) {
	return d.answer(ctx, "cancel", ref)
}

func (d *desk) Refund(ctx context.Context, ref, id string, amount pos.Money) (acquirer.Answer, error) {
	d.refund[id] = true
	if amount != d.paid {
		d.t.Errorf("%s given back of %s", amount, d.paid)
	}
	return d.answer(ctx, "refund", ref)
}

// task is a payment of 12.34 EUR.
func (d *desk) task(kind wallet.Kind, scheme string) wallet.Task {
	t := wallet.Task{Payment: pos.PaymentID{1, 2, 3}, Till: "till-1", Order: "O-1", Kind: kind, Scheme: scheme, Amount: euros(1234)}
	if kind == wallet.Local {
		t.Reference, t.Expires = "REF1", time.Now().Add(20*time.Second).UnixMilli()
	}
	return t
}

// begin begins a task with the code that belongs to its kind.
func (d *desk) begin(task wallet.Task) {
	d.t.Helper()
	code := ""
	if task.Kind == wallet.Code {
		code = "131234567890123456"
	}
	if err := d.loop.Begin(context.Background(), task, code); err != nil {
		d.t.Fatalf("Begin: %v", err)
	}
}

// at lets the time of the bubble come and everything that is due happen.
func (d *desk) at(since time.Duration) {
	time.Sleep(since - time.Since(d.start))
	synctest.Wait()
}

// look reads the task and the statuses that its till was told.
func (d *desk) look() (wallet.Task, []wallet.Result, string) {
	d.t.Helper()
	task, results, err := d.loop.Look(context.Background(), pos.PaymentID{1, 2, 3})
	if err != nil {
		d.t.Fatalf("Look: %v", err)
	}
	var told []string
	for _, r := range results {
		told = append(told, string(r.Status))
	}
	return task, results, strings.Join(told, " ")
}

// called compares all calls so far.
func (d *desk) called(want string) {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if got := strings.Join(d.calls, " "); got != want {
		d.t.Errorf("calls:\n%s\nwant:\n%s", got, want)
	}
}

func (d *desk) told(want string) {
	d.t.Helper()
	if _, _, got := d.look(); got != want {
		d.t.Errorf("the till was told %q, want %q", got, want)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	heard := slices.DeleteFunc(slices.Clone(d.heard), func(s string) bool { return strings.HasPrefix(s, "text ") })
	if got := strings.Join(heard, " "); got != want {
		d.t.Errorf("Notify was told %q, want %q", got, want)
	}
}
