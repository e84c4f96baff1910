package platform

import (
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/wire"
)

// TestACallAfterItsDeadlineIsNotCarriedOut, and one that was begun in time is told as it stands.
func TestACallAfterItsDeadlineIsNotCarriedOut(t *testing.T) {
	s, b, p := shop(t, nil, `"*"`, offlineCards)
	l := s.run(p.j, nil)
	ago := func(d time.Duration) int64 { return time.Now().Add(-d).UnixMilli() }

	late := p.authorise(100, "wechat", aCode)
	late.SentAt = ago(63 * time.Second)
	if r := p.ask(late); r.Stage != wire.Final || r.Outcome.Status != pos.Cancelled || r.Outcome.Code != "too_late" || r.Outcome.N != 1 {
		t.Errorf("%+v %+v", r, r.Outcome)
	}
	late.SentAt = ago(0)
	if r := p.ask(late); r.Outcome.Status != pos.Cancelled {
		t.Errorf("refused once is refused for good: %+v", r.Outcome)
	}
	b.charged(t, late.Payment, 0, 0)

	short := p.authorise(101, "wechat", aCode)
	short.SentAt, short.DeadlineMS = ago(8*time.Second), 5000
	if r := p.ask(short); r.Outcome.Code != "too_late" {
		t.Errorf("%+v", r.Outcome)
	}

	good := p.authorise(102, "wechat", aCode)
	good.SentAt = ago(30 * time.Second)
	p.ask(good)
	p.journal(p.told(good.Payment, pos.Approved))
	good.SentAt = ago(time.Hour) // the same again, delayed
	if r := p.ask(good); r.Outcome.Status != pos.Approved {
		t.Errorf("%+v", r.Outcome)
	}
	b.charged(t, good.Payment, 102, 1)
	s.drained(l)

	op := &record.Operation{Payment: good.Payment, Key: "back", What: pos.Refund, Amount: 102, Currency: "THB", Tender: pos.Code, Mode: pos.Online}
	back := &wire.Call{Op: wire.OpRefund, Payment: good.Payment, Intent: p.j.Commit(op)[0].Raw, SentAt: ago(time.Hour)}
	if r := p.ask(back); r.Outcome.Code != "never_received" || r.Outcome.N != 0 {
		t.Errorf("%+v", r.Outcome)
	}
	b.charged(t, good.Payment, 102, 1)
	back.SentAt = ago(0)
	p.ask(back)
	if o := p.outcome(good.Payment, "back"); o.Status != pos.Refunded {
		t.Errorf("%+v", o)
	}
	b.charged(t, good.Payment, 0, 1)
}

func TestTheTimeIsToldAndSigned(t *testing.T) {
	_, _, p := shop(t, nil, `"*"`)
	before := time.Now().UnixMilli()
	if r := p.ask(&wire.Call{Op: wire.OpTime}); r.Stage != wire.Final || r.At < before || r.At > time.Now().UnixMilli() || r.Outcome != nil {
		t.Errorf("%+v", r)
	}
}

// TestCallsOfOtherReplicasTillsAreLeftAlone: neither answered nor carried out.
func TestCallsOfOtherReplicasTillsAreLeftAlone(t *testing.T) {
	s := &Service{}
	if !s.leased("till-1") {
		t.Error("one replica answers for all")
	}
	s.holds = func(till pos.TillID) bool { return till == "till-2" }
	if s.leased("till-1") || !s.leased("till-2") {
		t.Error("another replica's till")
	}
}
