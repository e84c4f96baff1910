package calls_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/calls"
	"github.com/tillproof/tillproof/sync/wire"
)

func signer(t *testing.T, seed byte) *cose.Signer {
	t.Helper()
	s, err := cose.NewSigner(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// line is the platform's end: what answer makes of a call comes back after the delay.
type line struct {
	t      *testing.T
	codec  *wire.Codec
	till   *cose.Signer
	centre *cose.Signer
	caller *calls.Caller
	fail   error
	answer func(call *wire.Call, hash [32]byte)
	topics []string
	number uint64 // of the results in replies
}

func newLine(t *testing.T) *line {
	t.Helper()
	codec, err := wire.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	l := &line{t: t, codec: codec, till: signer(t, 1), centre: signer(t, 2)}
	l.caller = calls.New(calls.Options{Till: "till-1", Merchant: "shop", Signer: l.till, Platform: cose.OneKey(l.centre.Public()), Codec: codec,
		Log: slog.New(slog.DiscardHandler)})
	return l
}

func (l *line) Publish(_ context.Context, topic string, payload []byte) error {
	l.topics = append(l.topics, topic)
	call, err := l.codec.OpenCall(payload, cose.OneKey(l.till.Public()))
	if err != nil {
		l.t.Error(err)
	}
	if l.answer != nil {
		l.answer(call, wire.CallHash(payload))
	}
	return l.fail
}

func (l *line) reply(stage wire.Stage, call *wire.Call, hash [32]byte, status pos.Status) {
	message, err := l.codec.SealReply(&wire.Reply{ID: call.ID, CallHash: hash, Stage: stage, Outcome: &wire.Outcome{Payment: call.Payment, Status: status, N: l.number}}, l.centre)
	if err != nil {
		l.t.Error(err)
	}
	l.caller.Receive(message)
}

func query() *wire.Call {
	return &wire.Call{ID: pos.UUID{1}, Op: wire.OpQuery, Payment: pos.PaymentID{2}}
}

func TestTheFirstAnswerIsReturnedAndALaterOneIsNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(t)
		l.caller.Attach(t.Context(), l)
		l.answer = func(call *wire.Call, hash [32]byte) {
			l.reply(wire.Accepted, call, hash, pos.Pending)
			l.reply(wire.Final, call, hash, pos.Approved)
		}
		r, err := l.caller.Ask(t.Context(), query())
		if err != nil || r.Stage != wire.Accepted || len(l.topics) != 1 || l.topics[0] != (wire.Topic{Merchant: "shop", Till: "till-1"}).On(wire.UpCall) {
			t.Fatalf("%+v, %v, %v", r, err, l.topics)
		}
		if o := <-l.caller.News(); o.Status != pos.Approved || !l.caller.Answering() {
			t.Errorf("%+v", o)
		}
	})
}

func TestSilenceIsNoticedWithinTwoSecondsAndEndsWithAnyAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(t)
		if _, err := l.caller.Ask(t.Context(), query()); !errors.Is(err, calls.ErrAway) || l.caller.Connected() {
			t.Errorf("without a connection: %v", err)
		}
		l.caller.Attach(t.Context(), l)
		<-l.caller.Changed()
		var late func()
		l.answer = func(call *wire.Call, hash [32]byte) { late = func() { l.reply(wire.Final, call, hash, pos.Approved) } }
		began := time.Now()
		_, err := l.caller.Ask(t.Context(), query())
		if took := time.Since(began); !errors.Is(err, calls.ErrSilent) || took != 2*time.Second || l.caller.Answering() || len(l.topics) != 1 {
			t.Errorf("%v after %s, answering %v, sent %d times", err, took, l.caller.Answering(), len(l.topics))
		}
		<-l.caller.Changed()
		late()
		<-l.caller.Changed()
		if o := <-l.caller.News(); o.Status != pos.Approved || !l.caller.Answering() {
			t.Errorf("%+v", o)
		}
	})
}

func TestALateAnswerIsAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(t)
		l.caller.Attach(t.Context(), l)
		l.answer = func(call *wire.Call, hash [32]byte) {
			time.AfterFunc(1600*time.Millisecond, func() {
				if l.caller.Answering() {
					t.Error("nobody was told that the platform is late")
				}
			})
			time.AfterFunc(1900*time.Millisecond, func() { l.reply(wire.Accepted, call, hash, pos.Pending) })
		}
		if r, err := l.caller.Ask(t.Context(), query()); err != nil || r.Stage != wire.Accepted || !l.caller.Answering() {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func TestAWireThatBreaksWhileSendingProvesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(t)
		ctx, cancel := context.WithCancel(t.Context())
		l.caller.Attach(ctx, l)
		l.fail = errors.New("broken pipe")
		if _, err := l.caller.Ask(t.Context(), query()); !errors.Is(err, calls.ErrSilent) || errors.Is(err, calls.ErrAway) {
			t.Errorf("%v", err)
		}
		cancel()
		synctest.Wait()
		if l.caller.Connected() {
			t.Error("connected after the end")
		}
	})
}

func TestOnlyThePlatformIsBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(t)
		l.caller.Attach(t.Context(), l)
		l.answer = func(call *wire.Call, hash [32]byte) {
			centre := l.centre
			l.centre = signer(t, 3)
			l.reply(wire.Final, call, hash, pos.Approved)
			l.centre = centre
			l.caller.Receive([]byte("garbage"))
			l.caller.Hint([]byte("garbage"))
			l.reply(wire.Final, call, [32]byte{}, pos.Declined) // to another call, which may be another till's
			l.number = 7
			l.reply(wire.Final, call, [32]byte{1}, pos.Declined)
			l.number = 0
		}
		if r, err := l.caller.Ask(t.Context(), query()); !errors.Is(err, calls.ErrSilent) {
			t.Errorf("%+v, %v", r, err)
		}
		if o := <-l.caller.News(); o.N != 7 || o.Status != "" || !o.Payment.IsZero() || len(l.caller.News()) != 0 {
			t.Errorf("more than a hint is believed of another till's answer: %+v", o)
		}
		for _, till := range []pos.TillID{"till-2", "till-1"} {
			hint, err := l.codec.SealEvent(&wire.Event{Till: till, N: 5}, l.centre)
			if err != nil {
				t.Fatal(err)
			}
			l.caller.Hint(hint)
		}
		if o := <-l.caller.News(); o.N != 5 || len(l.caller.News()) != 0 {
			t.Errorf("%+v", o)
		}
		for range 100 {
			hint, _ := l.codec.SealEvent(&wire.Event{Till: "till-1", N: 6}, l.centre)
			l.caller.Hint(hint) // never blocks
		}
	})
}

// A line that loses every other call is bad until several answers came in a row; one lost call alone is forgotten with the next answer.
func TestALineThatLosesCallAfterCallDoesNotFlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(t)
		l.caller.Attach(t.Context(), l)
		ask := func(answered bool) bool {
			l.answer = func(call *wire.Call, hash [32]byte) {
				if answered {
					l.reply(wire.Final, call, hash, pos.Approved)
				}
			}
			if _, err := l.caller.Ask(t.Context(), query()); (err == nil) != answered {
				t.Fatal(err)
			}
			return l.caller.Answering()
		}
		for i, c := range []struct{ answered, answering bool }{{false, false}, {true, true}, {false, false}, {true, true}, {false, false}, {true, false},
			{false, false}, {true, false}, {true, false}, {true, true}, {false, false}, {true, true}} {
			if got := ask(c.answered); got != c.answering {
				t.Errorf("call %d, answered %v: answering %v", i+1, c.answered, got)
			}
		}
	})
}
