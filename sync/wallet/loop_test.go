package wallet_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/wallet"
)

// one look for late money keeps the expected calls short.
func oneLook() wallet.Settings { return wallet.Settings{Watch: []time.Duration{30 * time.Second}} }

type words = map[string][]string

func TestClosedLoop(t *testing.T) {
	cases := []struct {
		name   string
		kind   wallet.Kind
		scheme string
		expire time.Duration // of the task, 0 for none
		cancel time.Duration // by the cashier, 0 for none
		unwant bool
		script words
		calls  string
		told   string
	}{
		{name: "approved at once", kind: wallet.Code, scheme: "wechat", script: words{"authorise": {"paid"}},
			calls: "authorise@0s", told: "approved"},
		{name: "declined, and watched", kind: wallet.Code, scheme: "alipay",
			script: words{"authorise": {"declined"}, "query": {"declined"}}, calls: "authorise@0s query@30s", told: "declined"},
		{name: "password", kind: wallet.Code, scheme: "wechat", script: words{"authorise": {"waiting:enter password"},
			"query": {"waiting", "paid"}}, calls: "authorise@0s query@5s query@10s", told: "approved"},
		{name: "unclear, then paid", kind: wallet.Code, scheme: "alipay", script: words{"authorise": {"unclear"},
			"query": {"unclear", "paid"}}, calls: "authorise@0s query@5s query@9s", told: "approved"},
		{name: "wechat gives up after 45 s", kind: wallet.Code, scheme: "wechat",
			script: words{"authorise": {"waiting"}, "query": {"waiting"}, "cancel": {"closed"}},
			calls:  "authorise@0s query@5s query@10s query@15s query@20s query@25s query@30s query@35s query@40s query@45s cancel@45s query@1m15s",
			told:   "cancelled"},
		{name: "alipay gives up after 60 s, and cancels at once", kind: wallet.Code, scheme: "alipay",
			script: words{"authorise": {"waiting"}, "query": {"waiting"}, "cancel": {"closed"}},
			calls: "authorise@0s query@5s query@9s query@13s query@17s query@21s query@25s query@29s query@33s query@37s query@41s " +
				"query@45s query@49s query@53s query@57s query@1m0s cancel@1m0s query@1m30s",
			told: "cancelled"},
		{name: "the call's deadline is shorter", kind: wallet.Code, scheme: "wechat", expire: 22 * time.Second,
			script: words{"authorise": {"waiting"}, "query": {"waiting"}, "cancel": {"closed"}},
			calls:  "authorise@0s query@5s query@10s query@15s query@20s query@22s cancel@22s query@52s", told: "cancelled"},
		{name: "never shorter than 20 s", kind: wallet.Code, scheme: "unionpay", expire: time.Second,
			script: words{"authorise": {"waiting"}, "query": {"waiting"}, "cancel": {"closed"}},
			calls:  "authorise@0s query@5s query@10s query@15s query@20s cancel@20s query@50s", told: "cancelled"},
		{name: "paid between last query and cancel", kind: wallet.Code, scheme: "other", expire: 20 * time.Second,
			script: words{"authorise": {"waiting"}, "query": {"waiting"}, "cancel": {"reversed"}},
			calls:  "authorise@0s query@5s query@10s query@15s query@20s cancel@20s", told: "cancelled refund_due refunded"},
		{name: "the cancel is repeated until it answers", kind: wallet.Code, scheme: "other", expire: 20 * time.Second,
			script: words{"authorise": {"unclear"}, "query": {"unclear", "unclear", "unclear", "unclear", "closed"},
				"cancel": {"unclear", "waiting", "unclear", "unclear", "unclear", "unclear", "unclear", "closed"}},
			calls: "authorise@0s query@5s query@10s query@15s query@20s cancel@20s cancel@21s cancel@23s cancel@27s cancel@35s " +
				"cancel@51s cancel@1m21s cancel@1m51s query@2m21s", told: "cancelled"},
		{name: "a cancel that finds it paid for good", kind: wallet.Code, scheme: "other", expire: 20 * time.Second,
			script: words{"authorise": {"unclear"}, "query": {"unclear"}, "cancel": {"paid"}},
			calls:  "authorise@0s query@5s query@10s query@15s query@20s cancel@20s", told: "approved"},
		{name: "the call hangs", kind: wallet.Code, scheme: "other", script: words{"authorise": {"hang"}, "query": {"paid"}},
			calls: "authorise@0s query@15s", told: "approved"},
		{name: "never arrived: closed, not before 15 s with wechat", kind: wallet.Code, scheme: "wechat",
			script: words{"authorise": {"unclear"}, "query": {"absent"}, "cancel": {"closed"}},
			calls:  "authorise@0s query@5s cancel@15s query@45s", told: "cancelled"},
		{name: "never arrived: closed at once with alipay", kind: wallet.Code, scheme: "alipay",
			script: words{"authorise": {"unclear"}, "query": {"absent"}, "cancel": {"closed"}},
			calls:  "authorise@0s query@5s cancel@5s query@35s", told: "cancelled"},
		{name: "given back by somebody else", kind: wallet.Code, scheme: "alipay",
			script: words{"authorise": {"unclear"}, "query": {"refunded"}},
			calls:  "authorise@0s query@5s", told: "cancelled refund_due refunded"},
		{name: "the cashier cancels", kind: wallet.Code, scheme: "alipay", cancel: 7 * time.Second,
			script: words{"authorise": {"waiting"}, "query": {"waiting"}, "cancel": {"closed"}},
			calls:  "authorise@0s query@5s query@7s cancel@7s query@37s", told: "cancelled"},
		{name: "the cashier cancels, wechat waits", kind: wallet.Code, scheme: "wechat", cancel: 2 * time.Second,
			script: words{"authorise": {"waiting"}, "query": {"waiting"}, "cancel": {"closed"}},
			calls:  "authorise@0s query@2s cancel@15s query@45s", told: "cancelled"},
		{name: "the cashier cancels during the call", kind: wallet.Code, scheme: "alipay", cancel: 2 * time.Second,
			script: words{"authorise": {"hang"}, "query": {"waiting"}, "cancel": {"closed"}},
			calls:  "authorise@0s query@10s cancel@10s query@40s", told: "cancelled"},
		{name: "the cashier cancels what is paid", kind: wallet.Code, scheme: "alipay", cancel: 2 * time.Second,
			script: words{"authorise": {"waiting"}, "query": {"paid"}}, calls: "authorise@0s query@2s", told: "approved"},
		{name: "unwanted and paid goes back", kind: wallet.Code, scheme: "alipay", cancel: 2 * time.Second, unwant: true,
			script: words{"authorise": {"waiting"}, "query": {"paid"}, "refund": {"unclear", "paid", "refunded"}},
			calls:  "authorise@0s query@2s refund@2s refund@3s refund@5s", told: "cancelled refund_due refunded"},
		{name: "unwanted and approved goes back", kind: wallet.Code, scheme: "alipay", cancel: 2 * time.Second, unwant: true,
			script: words{"authorise": {"paid"}, "refund": {"refunded"}},
			calls:  "authorise@0s refund@2s", told: "approved refunded"},
		{name: "paid late", kind: wallet.Code, scheme: "other", expire: 20 * time.Second,
			script: words{"authorise": {"waiting"}, "query": {"waiting", "waiting", "waiting", "waiting", "unclear", "paid"},
				"cancel": {"closed"}, "refund": {"closed", "refunded"}},
			calls: "authorise@0s query@5s query@10s query@15s query@20s cancel@20s query@50s query@51s refund@51s refund@52s",
			told:  "cancelled refund_due refunded"},
		{name: "QR paid", kind: wallet.QR, scheme: "wechat", script: words{"issue": {"waiting"}, "query": {"waiting", "paid"}},
			calls: "issue@0s query@5s query@10s", told: "pending approved"},
		{name: "QR expires", kind: wallet.QR, scheme: "alipay", expire: 10 * time.Second,
			script: words{"issue": {"waiting"}, "query": {"waiting"}, "cancel": {"closed"}},
			calls:  "issue@0s query@4s query@8s query@10s cancel@10s query@40s", told: "pending expired"},
		{name: "QR paid in the last moment", kind: wallet.QR, scheme: "alipay", expire: 10 * time.Second,
			script: words{"issue": {"waiting"}, "query": {"waiting"}, "cancel": {"unclear", "reversed"}},
			calls:  "issue@0s query@4s query@8s query@10s cancel@10s cancel@11s", told: "pending expired refund_due refunded"},
		{name: "QR cancelled by the cashier", kind: wallet.QR, scheme: "wechat", cancel: 3 * time.Second,
			script: words{"issue": {"waiting"}, "query": {"waiting"}, "cancel": {"closed"}},
			calls:  "issue@0s query@3s cancel@3s query@33s", told: "pending cancelled"},
		{name: "QR is asked for again", kind: wallet.QR, scheme: "wechat", script: words{"issue": {"unclear", "waiting"}, "query": {"paid"}},
			calls: "issue@0s issue@1s query@6s", told: "pending approved"},
		{name: "no QR to be had", kind: wallet.QR, scheme: "wechat",
			script: words{"issue": {"unclear"}, "cancel": {"closed"}, "query": {"closed"}},
			calls:  "issue@0s issue@1s issue@3s cancel@3s query@33s", told: "cancelled"},
		{name: "local paid", kind: wallet.Local, scheme: "fps", script: words{"expect": {"unclear", "waiting"}, "query": {"waiting", "paid"}},
			calls: "expect@0s expect@1s query@6s query@11s", told: "approved"},
		{name: "local expires", kind: wallet.Local, scheme: "fps",
			script: words{"expect": {"waiting"}, "query": {"waiting", "waiting", "waiting", "waiting", "unclear", "waiting"}},
			calls:  "expect@0s query@0s query@5s query@10s query@15s query@20s query@21s query@51s", told: "expired"},
		{name: "local cancelled, paid late", kind: wallet.Local, scheme: "fps", cancel: 3 * time.Second,
			script: words{"expect": {"waiting"}, "query": {"waiting", "waiting", "paid"}, "refund": {"refunded"}},
			calls:  "expect@0s query@0s query@3s query@33s refund@33s", told: "cancelled refund_due refunded"},
		{name: "local forgotten by the acquirer", kind: wallet.Local, scheme: "fps",
			script: words{"expect": {"waiting"}, "query": {"absent", "paid"}},
			calls:  "expect@0s query@0s expect@1s query@6s", told: "approved"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := open(t, c.script, oneLook())
				task := d.task(c.kind, c.scheme)
				if c.expire > 0 {
					task.Expires = time.Now().Add(c.expire).UnixMilli()
				}
				d.begin(task)
				if c.cancel > 0 {
					d.at(c.cancel)
					if err := d.loop.Cancel(t.Context(), task.Payment, c.unwant); err != nil {
						t.Fatal(err)
					}
				}
				d.at(time.Hour)
				d.called(c.calls)
				d.told(c.told)
				if task, _, _ := d.look(); task.Stage != wallet.Done || task.Next != 0 {
					t.Errorf("left in stage %s, next %d", task.Stage, task.Next)
				}
				if len(d.refund) > 1 {
					t.Errorf("one refund under several ids: %v", d.refund)
				}
			})
		})
	}
}

func TestOneCallAtATimeForAPayment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, words{"authorise": {"hang"}, "query": {"waiting"}, "cancel": {"closed"}}, oneLook())
		d.begin(d.task(wallet.Code, "alipay"))
		d.at(time.Second)
		if err := d.loop.Cancel(t.Context(), pos.PaymentID{1, 2, 3}, false); err != nil { // the cashier does not wait for the acquirer
			t.Fatal(err)
		}
		d.at(9 * time.Second)
		d.called("authorise@0s")
		d.at(time.Minute)
		d.told("cancelled")
	})
}

func TestWatchLooksForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, words{"authorise": {"declined"}, "query": {"declined"}}, wallet.Settings{})
		d.begin(d.task(wallet.Code, "wechat"))
		d.at(48 * time.Hour)
		d.called("authorise@0s query@30s query@2m0s query@10m0s query@1h0m0s query@6h0m0s query@24h0m0s")
	})
}

// TestWatchAfterAnOutage: the first answer makes good all looks that were missed.
func TestWatchAfterAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, words{"authorise": {"declined"}, "query": {"closed"}}, wallet.Settings{})
		d.begin(d.task(wallet.Code, "wechat"))
		d.at(time.Second)
		d.stop()
		d.at(7 * time.Hour)
		d.restart(wallet.Settings{})
		d.at(48 * time.Hour)
		d.called("authorise@0s query@7h0m0s query@24h0m0s")
	})
}
