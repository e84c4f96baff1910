package wallet_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/wallet"
)

func TestRestart(t *testing.T) {
	cases := []struct {
		name   string
		kind   wallet.Kind
		before func(task wallet.Task) bool // the commit that fails without being carried out; then the platform dies
		after  func(task wallet.Task) bool // the commit that is carried out without the platform knowing; then it dies
		script words
		calls  string
		told   string
	}{
		{name: "dead before the mark: nothing leaves any more", kind: wallet.Code,
			before: func(task wallet.Task) bool { return task.Stage == wallet.Asked }, script: words{}, calls: "", told: "cancelled"},
		{name: "dead after the mark: asked for, never authorised again", kind: wallet.Code,
			after:  func(task wallet.Task) bool { return task.Stage == wallet.Asked },
			script: words{"query": {"absent"}, "cancel": {"closed"}}, calls: "query@6s cancel@15s", told: "cancelled"},
		{name: "dead before the answer was kept: asked for", kind: wallet.Code,
			before: func(task wallet.Task) bool { return task.Status == pos.Approved },
			script: words{"authorise": {"paid"}, "query": {"paid"}}, calls: "authorise@0s query@6s", told: "approved"},
		{name: "dead after the answer was kept: told once", kind: wallet.Code,
			after:  func(task wallet.Task) bool { return task.Status == pos.Approved },
			script: words{"authorise": {"paid"}}, calls: "authorise@0s", told: "approved"},
		{name: "QR dead after the mark: the same QR again", kind: wallet.QR,
			after:  func(task wallet.Task) bool { return task.Stage == wallet.Asked },
			script: words{"issue": {"waiting"}, "query": {"paid"}}, calls: "issue@6s query@11s", told: "pending approved"},
		{name: "local dead after the mark: announced again", kind: wallet.Local,
			after:  func(task wallet.Task) bool { return task.Stage == wallet.Asked },
			script: words{"expect": {"waiting"}, "query": {"paid"}}, calls: "expect@6s query@6s", told: "approved"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := open(t, c.script, oneLook())
				d.store.before, d.store.after = dying(d.store, c.before), dying(d.store, c.after)
				d.begin(d.task(c.kind, "wechat"))
				d.at(6 * time.Second)
				d.restart(oneLook())
				d.at(16 * time.Second)
				d.called(c.calls)
				if _, _, told := d.look(); told != c.told {
					t.Errorf("told %q, want %q", told, c.told)
				}
			})
		})
	}
}

// dying kills the process when a commit fits.
func dying(h *handle, when func(wallet.Task) bool) func(wallet.Task) bool {
	return func(task wallet.Task) bool {
		if when == nil || !when(task) {
			return false
		}
		h.kill()
		return true
	}
}

// TestStoreFaultsAreTriedAgain: a commit that fails sends nothing, and the payment goes on when the store is back.
func TestStoreFaultsAreTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, words{"authorise": {"paid"}}, oneLook())
		failures := 3
		d.store.before = func(task wallet.Task) bool {
			if task.Stage != wallet.Asked || failures == 0 {
				return false
			}
			failures--
			return true
		}
		d.begin(d.task(wallet.Code, "wechat"))
		d.at(time.Minute)
		d.called("authorise@3s")
		d.told("approved")
	})
}

func TestBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, words{"authorise": {"paid:thank you"}}, oneLook())
		task := d.task(wallet.Code, "wechat")
		d.begin(task)
		d.begin(task)
		d.at(time.Second)
		d.begin(task)
		d.at(time.Minute)
		d.called("authorise@0s")
		d.told("approved")
		_, results, _ := d.look()
		want := wallet.Result{Payment: task.Payment, Status: pos.Approved, Amount: euros(1234), Scheme: "wechat", Text: "thank you",
			Transaction: "T1", At: d.start.UnixMilli()}
		if results[0] != want {
			t.Errorf("result %+v, want %+v", results[0], want)
		}
		other := task
		other.Amount = euros(1)
		if err := d.loop.Begin(t.Context(), other, "131234567890123456"); !errors.Is(err, wallet.ErrConflict) {
			t.Errorf("another amount: %v", err)
		}
	})
}

func TestBeginRefuses(t *testing.T) {
	good := wallet.Task{Payment: pos.PaymentID{1}, Till: "till-1", Kind: wallet.Code, Amount: euros(1)}
	cases := map[string]func(*wallet.Task){
		"no payment":   func(task *wallet.Task) { task.Payment = pos.PaymentID{} },
		"no till":      func(task *wallet.Task) { task.Till = "" },
		"no amount":    func(task *wallet.Task) { task.Amount.Amount = 0 },
		"no currency":  func(task *wallet.Task) { task.Amount.Currency = "" },
		"no kind":      func(task *wallet.Task) { task.Kind = "" },
		"no reference": func(task *wallet.Task) { task.Kind, task.Expires = wallet.Local, 1 },
		"no end":       func(task *wallet.Task) { task.Kind, task.Reference = wallet.Local, "R" },
	}
	loop := wallet.New(nil, newMemory(), wallet.Options{})
	for name, spoil := range cases {
		task := good
		spoil(&task)
		if err := loop.Begin(t.Context(), task, "code"); !errors.Is(err, wallet.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := loop.Begin(t.Context(), good, ""); !errors.Is(err, wallet.ErrInvalid) {
		t.Errorf("no code: %v", err)
	}
	if err := loop.Tombstone(t.Context(), wallet.Task{Till: "till-1"}); !errors.Is(err, wallet.ErrInvalid) {
		t.Errorf("a tombstone of nothing: %v", err)
	}
	if _, _, err := loop.Look(t.Context(), good.Payment); !errors.Is(err, wallet.ErrNoTask) {
		t.Errorf("look: %v", err)
	}
	if err := loop.Cancel(t.Context(), good.Payment, true); !errors.Is(err, wallet.ErrNoTask) {
		t.Errorf("cancel: %v", err)
	}
}

// TestTombstone: a call that comes after its payment was refused moves nothing.
func TestTombstone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, words{}, oneLook())
		task := d.task(wallet.Code, "wechat")
		for range 2 {
			if err := d.loop.Tombstone(t.Context(), wallet.Task{Payment: task.Payment, Till: task.Till}); err != nil {
				t.Fatal(err)
			}
		}
		d.begin(task)
		d.at(time.Hour)
		d.called("")
		d.told("cancelled")
		other := task
		other.Till = "till-2"
		if err := d.loop.Begin(t.Context(), other, "c"); !errors.Is(err, wallet.ErrConflict) {
			t.Errorf("another till's: %v", err)
		}
	})
}

// TestTombstoneSparesABegunOne: a question that crosses the call cancels nothing.
func TestTombstoneSparesABegunOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, words{"authorise": {"paid"}}, oneLook())
		d.begin(d.task(wallet.Code, "wechat"))
		if err := d.loop.Tombstone(t.Context(), d.task(wallet.Code, "wechat")); err != nil {
			t.Fatal(err)
		}
		d.at(time.Minute)
		d.told("approved")
	})
}

// TestCancelBeforeItLeft: what was never sent is not sent any more.
func TestCancelBeforeItLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, words{}, oneLook())
		d.stop()
		d.begin(d.task(wallet.Code, "wechat"))
		for range 2 {
			if err := d.loop.Cancel(t.Context(), pos.PaymentID{1, 2, 3}, false); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := d.loop.Run(ctx); err != nil {
			t.Fatal(err)
		}
		d.called("")
		d.told("cancelled")
		if _, results, _ := d.look(); results[0].Code != "cancelled_by_cashier" {
			t.Errorf("reason %q", results[0].Code)
		}
	})
}

// TestOddAnswersProveNothing: money of another currency or amount is not that of a code.
func TestOddAnswersProveNothing(t *testing.T) {
	for name, paid := range map[string]pos.Money{"amount": euros(1233), "currency": {Amount: 1234, Currency: "CNY"}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := open(t, words{"authorise": {"paid"}, "query": {"paid"}, "cancel": {"nonsense", "closed"}}, oneLook())
				d.paid = paid
				task := d.task(wallet.Code, "other")
				task.Expires = 1
				d.begin(task)
				d.at(25 * time.Second)
				d.called("authorise@0s query@5s query@10s query@15s query@20s cancel@20s cancel@21s")
				d.told("cancelled")
			})
		})
	}
}

// TestAnotherAmountOfAQR is booked as the acquirer reports it.
func TestAnotherAmountOfAQR(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, words{"issue": {"waiting"}, "query": {"paid"}}, oneLook())
		d.paid = euros(1000)
		d.begin(d.task(wallet.QR, "wechat"))
		d.at(time.Minute)
		_, results, told := d.look()
		if told != "pending approved" || results[1].Amount != euros(1000) || results[0].QR == "" || results[0].ExpiresAt == 0 {
			t.Errorf("told %s: %+v", told, results)
		}
	})
}

// TestNotifyTellsTheWalletsWords without a result.
func TestNotifyTellsTheWalletsWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, words{"authorise": {"waiting:enter the password"}, "query": {"waiting:enter the password", "paid"}}, oneLook())
		d.begin(d.task(wallet.Code, "wechat"))
		d.at(time.Minute)
		if len(d.heard) != 2 || d.heard[0] != "text enter the password" || d.heard[1] != "approved" {
			t.Errorf("heard %q", d.heard)
		}
	})
}

// TestWorkersBoundTheCalls: more payments than places all come to their end, as many at a time as there are places.
func TestWorkersBoundTheCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, words{"authorise": {"hang"}, "query": {"paid"}}, wallet.Settings{Workers: 2})
		for i := range 5 {
			task := d.task(wallet.Code, "other")
			task.Payment[15] = byte(i)
			d.begin(task)
		}
		d.at(5 * time.Second)
		d.called("authorise@0s authorise@0s")
		d.at(5 * time.Minute)
		for i := range 5 {
			task, _, err := d.loop.Look(t.Context(), pos.PaymentID{1, 2, 3, 15: byte(i)})
			if err != nil || task.Status != pos.Approved {
				t.Errorf("payment %d: %s, %v", i, task.Status, err)
			}
		}
	})
}

// TestARefundThatIsRefusedIsReported once, and asked for on and on.
func TestARefundThatIsRefusedIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, words{"authorise": {"paid"}, "refund": {"declined"}}, oneLook())
		d.begin(d.task(wallet.Code, "wechat"))
		d.at(time.Second)
		if err := d.loop.Cancel(t.Context(), pos.PaymentID{1, 2, 3}, true); err != nil {
			t.Fatal(err)
		}
		d.at(time.Hour)
		d.told("approved")
		if n := strings.Count(d.logged(), "a person should ask too"); n != 1 || len(d.calls) < 100 {
			t.Errorf("reported %d times, %d calls", n, len(d.calls))
		}
	})
}
