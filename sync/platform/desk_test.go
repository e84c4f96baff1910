package platform

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/wallet"
	"github.com/tillproof/tillproof/sync/wire"
)

// quietDesk is a desk that nothing runs and that no broker is connected to.
func quietDesk(t *testing.T, b *bench) *desk {
	t.Helper()
	codec, err := wire.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	a, err := newAcquirers([]AcquirerConfig{{Name: "bank", URL: "http://127.0.0.1:1", Schemes: []string{"*"}}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.close)
	a.owner, b.custody.route = taskStore{b.custody}.ownerOf, a.route
	return newDesk(newIntake(&Service{tills: b.tills, custody: b.custody, codec: codec, signer: otherSigner(t), acquirers: a,
		opts: Options{Log: slog.New(slog.DiscardHandler)}}))
}

// letterOf is a call on its way.
func letterOf(t *testing.T, call wire.Call, signer *cose.Signer) letter {
	t.Helper()
	codec, err := wire.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	message, err := codec.SealCall(&call, signer)
	if err != nil {
		t.Fatal(err)
	}
	return letter{wire.Topic{Merchant: "shop", Till: call.Till}, message}
}

func codeIntent(n int) *record.Intent {
	return &record.Intent{Payment: paymentID(n), Order: "o", Attempt: 1, Amount: pos.Minor(n), Currency: "CNY", Tender: pos.Code, Mode: pos.Online}
}

// TestACallIsCarriedOutAlsoWhenItsAnswerCannotLeave: the till finds it by asking.
func TestACallIsCarriedOutAlsoWhenItsAnswerCannotLeave(t *testing.T) {
	j := outboxtest.New("till-1")
	b := newBench(t, j)
	d := quietDesk(t, b)
	intent := j.Commit(codeIntent(100))[0].Raw
	for _, call := range []wire.Call{{Op: wire.OpAuthorise, Payment: paymentID(100), Intent: intent, Scheme: "wechat", Code: aCode}, {Op: wire.OpResults}} {
		call.Till = "till-1"
		if err := d.take(t.Context(), letterOf(t, call, j.Signer)); err != nil {
			t.Errorf("%s: %v", call.Op, err)
		}
	}
	st, found, err := d.store.standing(t.Context(), paymentID(100))
	if err != nil || !found || st.task.Stage != wallet.Accepted || d.Counts().Calls != 2 || d.asked.count != 1 {
		t.Errorf("%+v %v %v %+v", st, found, err, d.Counts())
	}
	if err := d.tellOf(t.Context(), paymentID(100), true); err != nil {
		t.Errorf("nothing to tell: %v", err)
	}
	st.task.Text = "password"
	st.task.Stage = wallet.Waiting
	if err := d.store.Commit(t.Context(), st.task, nil); err != nil {
		t.Fatal(err)
	}
	if err := d.tellOf(t.Context(), paymentID(100), false); err == nil {
		t.Error("told without a broker")
	}
}

// TestUnwantedWhileItBegins: the record that nobody wants the payment comes between the look at the journal and the task. It finds no task to tell, so
// who began the task looks again.
func TestUnwantedWhileItBegins(t *testing.T) {
	j := outboxtest.New("till-1")
	b := newBench(t, j)
	d := quietDesk(t, b)
	j.Commit(codeIntent(100), &record.Presented{Payment: paymentID(100), Scheme: "wechat", CodeHash: make([]byte, 16)},
		&record.Resolution{Payment: paymentID(100), Status: pos.Unknown, Evidence: record.ByCashier, Unwanted: true})
	call := &wire.Call{Op: wire.OpAuthorise, Till: "till-1", Payment: paymentID(100)}
	if err := d.stillWanted(t.Context(), call); err != nil {
		t.Errorf("a payment that the journal does not tell of: %v", err)
	}
	b.send(j, 1, len(j.Records()))
	task := wallet.Task{Payment: paymentID(100), Till: "till-1", Order: "o", Kind: wallet.Code, Scheme: "wechat", Amount: pos.Money{Amount: 100, Currency: "CNY"}}
	if err := d.loop.Begin(t.Context(), task, aCode); err != nil {
		t.Fatal(err)
	}
	if err := d.stillWanted(t.Context(), call); err != nil {
		t.Fatal(err)
	}
	if task, _, err := d.store.Task(t.Context(), paymentID(100)); err != nil || !task.Unwanted || !task.Stop {
		t.Errorf("%+v, %v", task, err)
	}
}

// TestAnUnreadableLedgerAnswersNobody.
func TestAnUnreadableLedgerAnswersNobody(t *testing.T) {
	j := outboxtest.New("till-1")
	intent := j.Commit(codeIntent(100))[0].Raw
	for name, damage := range map[string]string{
		"tasks":   "ALTER TABLE tasks RENAME TO gone",
		"results": "ALTER TABLE results RENAME TO gone",
		"writing": "CREATE TRIGGER no BEFORE INSERT ON tasks BEGIN SELECT RAISE(ABORT, 'no'); END",
		"state":   "INSERT INTO tasks (payment, till, acquirer, next, state) VALUES ('00000000-0000-7000-8000-000000000064', 'till-1', '', 5, x'ff')",
		"ledger":  "INSERT INTO payments VALUES ('00000000-0000-7000-8000-000000000064', 'till-1', '', 1, 'o', 1, 'code', 'pending', 1, 'CNY', 0, x'ff', '', 0)",
	} {
		b := newBench(t, j)
		d := quietDesk(t, b)
		if err := b.custody.script(t.Context(), damage); err != nil {
			t.Fatal(err)
		}
		failed := 0
		for _, call := range []wire.Call{
			{Op: wire.OpAuthorise, Payment: paymentID(100), Intent: intent, Scheme: "wechat", Code: aCode},
			{Op: wire.OpQuery, Payment: paymentID(100)}, {Op: wire.OpCancel, Payment: paymentID(100)}, {Op: wire.OpResults},
		} {
			call.Till = "till-1"
			if err := d.take(t.Context(), letterOf(t, call, j.Signer)); err != nil {
				failed++
			}
		}
		want := map[string]int{"results": 4, "ledger": 2}[name] // results alone need no task, and a cancel no journal
		if want == 0 {
			want = 3
		}
		if failed != want || d.Counts().Calls != uint64(4-want) {
			t.Errorf("%s: %d calls failed, not %d; %+v", name, failed, want, d.Counts())
		}
	}
}

// TestAWishIsTriedUntilTheLedgerTakesIt, in virtual time.
func TestAWishIsTriedUntilTheLedgerTakesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		custody, err := OpenCustody(t.Context(), filepath.Join(t.TempDir(), "ledger.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer custody.Close()
		tills, err := NewTills(nil)
		if err != nil {
			t.Fatal(err)
		}
		d := quietDesk(t, &bench{t: t, tills: tills, custody: custody})
		if err := d.store.Commit(t.Context(), someTask(1, "till-1"), nil); err != nil {
			t.Fatal(err)
		}
		do := func(text string) {
			t.Helper()
			if err := custody.script(t.Context(), text); err != nil {
				t.Fatal(err)
			}
		}
		do("UPDATE tasks SET wish = 1")
		do("CREATE TRIGGER no BEFORE UPDATE ON tasks BEGIN SELECT RAISE(ABORT, 'no'); END")
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); d.follow(ctx) }()
		time.Sleep(10 * time.Second)
		do("DROP TRIGGER no")
		time.Sleep(2 * retry)
		task, _, err := d.store.Task(t.Context(), paymentID(1))
		if list, wishes := d.store.wished(t.Context()); err != nil || wishes != nil || len(list) != 0 || !task.Unwanted {
			t.Errorf("%+v %v %v %v", task, err, list, wishes)
		}
		cancel()
		<-ended
	})
}
