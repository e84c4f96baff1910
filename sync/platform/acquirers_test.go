package platform

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/acquirer"
	"github.com/tillproof/tillproof/sync/wallet"
)

// fixed is an acquirer that answers with its name, when it is let.
type fixed struct {
	acquirer.Acquirer
	name string
	hold chan struct{} // nil for at once
}

func (f *fixed) Query(context.Context, string) (acquirer.Answer, error) {
	if f.hold != nil {
		<-f.hold
	}
	return acquirer.Answer{State: acquirer.Waiting, Transaction: f.name}, nil
}

// twoBanks has two acquirers, of which "big" takes two schemes and "rest" all others.
func twoBanks(t *testing.T, width int) (*acquirers, taskStore) {
	t.Helper()
	a, err := newAcquirers([]AcquirerConfig{{Name: "big", URL: "http://localhost:1", Schemes: []string{"wechat", "alipay"}},
		{Name: "rest", URL: "http://localhost:1", Schemes: []string{"*"}}}, width)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.close)
	for name, d := range a.doors {
		d.Acquirer = &fixed{name: name}
	}
	b := newBench(t)
	s := taskStore{b.custody}
	b.custody.route, a.owner = a.route, s.ownerOf
	return a, s
}

// TestAPaymentStaysWithItsAcquirer when the configuration gives its scheme to another one.
func TestAPaymentStaysWithItsAcquirer(t *testing.T) {
	a, s := twoBanks(t, 4)
	for n, scheme := range map[int]string{1: "wechat", 2: "paynow", 3: ""} {
		task := someTask(n, "till-1")
		task.Scheme = scheme
		if err := s.Commit(t.Context(), task, nil); err != nil {
			t.Fatal(err)
		}
	}
	a.schemes = map[string]string{"*": "big", "wechat": "rest"}
	for n, want := range map[int]string{1: "big", 2: "rest", 3: "rest"} {
		if answer, err := a.Query(t.Context(), refOf(paymentID(n))); err != nil || answer.Transaction != want {
			t.Errorf("payment %d goes to %q, %v", n, answer.Transaction, err)
		}
	}
	delete(a.doors, "big")
	for ref, says := range map[string]string{refOf(paymentID(1)): "not configured", refOf(paymentID(9)): "no such payment", "xyz": "ref", "abcd": "ref"} {
		if _, err := a.Query(t.Context(), ref); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", ref, err)
		}
	}
}

// TestOneThatHangsDoesNotHoldUpTheOthers: its calls beyond its places fail at once.
func TestOneThatHangsDoesNotHoldUpTheOthers(t *testing.T) {
	a, s := twoBanks(t, 4)
	other := someTask(2, "till-1")
	other.Scheme = "paynow"
	for _, task := range []wallet.Task{someTask(1, "till-1"), other} {
		if err := s.Commit(t.Context(), task, nil); err != nil {
			t.Fatal(err)
		}
	}
	hold := make(chan struct{})
	a.doors["big"].Acquirer = &fixed{name: "big", hold: hold}
	ended := make(chan error, 4)
	for range 4 {
		go func() {
			_, err := a.Query(t.Context(), refOf(paymentID(1)))
			ended <- err
		}()
	}
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "holds up") {
		t.Errorf("the fourth: %v", err)
	}
	if _, err := a.Query(t.Context(), refOf(paymentID(2))); err != nil {
		t.Errorf("the other one: %v", err)
	}
	close(hold)
	for range 3 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// TestEveryCallIsUnclearWhenNobodyAnswers: the wires of the router, one by one.
func TestEveryCallIsUnclearWhenNobodyAnswers(t *testing.T) {
	a, s := twoBanks(t, 4)
	closed, err := newAcquirers([]AcquirerConfig{{Name: "big", URL: "http://127.0.0.1:1", Schemes: []string{"*"}}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closed.close)
	closed.owner = a.owner
	if err := s.Commit(t.Context(), someTask(1, "till-1"), nil); err != nil {
		t.Fatal(err)
	}
	ref := refOf(paymentID(1))
	order := acquirer.Order{Ref: ref, Till: "till-1", OrderRef: "o", Amount: pos.Money{Amount: 1, Currency: "CNY"}, Scheme: "wechat"}
	for name, call := range map[string]func() error{
		"authorise": func() error { _, err := closed.Authorise(t.Context(), order, aCode); return err },
		"issue":     func() error { _, err := closed.Issue(t.Context(), order, time.Minute); return err },
		"query":     func() error { _, err := closed.Query(t.Context(), ref); return err },
		"cancel":    func() error { _, err := closed.Cancel(t.Context(), ref); return err },
		"refund":    func() error { _, err := closed.Refund(t.Context(), ref, ref+"-1", order.Amount); return err },
		"expect":    func() error { return closed.Expect(t.Context(), order, "R") },
	} {
		err := call()
		if pos.MoneyOf(err) != pos.MoneyUnknown || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), aCode) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSecrets(t *testing.T) {
	folder := t.TempDir()
	empty := filepath.Join(folder, "empty")
	if err := os.WriteFile(empty, []byte(" \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{empty, filepath.Join(folder, "none")} {
		config := Config{Database: filepath.Join(folder, "ledger.db"), Keys: filepath.Join(folder, "key.pem"), Broker: "tcp://127.0.0.1:1",
			Acquirers: []AcquirerConfig{{Name: "bank", URL: "http://localhost:1", SecretFile: path, Schemes: []string{"*"}}}}
		var e *pos.Error
		if err := Serve(t.Context(), config, Options{}); !errors.As(err, &e) || e.Code != "secret_unusable" {
			t.Errorf("%s: %v", path, err)
		}
	}
}
