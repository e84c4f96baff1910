package platform

import (
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/wallet"
	"github.com/tillproof/tillproof/sync/wire"
)

func TestAskersHearEachPieceOfNewsOnce(t *testing.T) {
	m, now := newAsked(), time.Now()
	payment := paymentID(1)
	st := &standing{task: wallet.Task{Payment: payment, Stage: wallet.Waiting, Text: "password"}}
	for n := range rememberEach + 2 {
		m.remember(payment, asker{hash: [32]byte{byte(n)}, at: now})
	}
	m.remember(payment, asker{hash: [32]byte{rememberEach + 1}, at: now}) // the same call again
	if got := m.news(payment, st); len(got) != rememberEach || got[0].hash != [32]byte{2} || m.count != rememberEach {
		t.Errorf("%+v", got)
	}
	if got := m.news(payment, st); len(got) != 0 {
		t.Errorf("told twice: %+v", got)
	}
	st.n, st.last.Status, st.task.Stage = 1, pos.Approved, wallet.Done
	if got := m.news(payment, st); len(got) != rememberEach || got[0].n != 1 || m.count != 0 || len(m.by) != 0 {
		t.Errorf("%+v, %d kept", got, m.count)
	}
}

func TestAskersAreForgottenInTime(t *testing.T) {
	m, now := newAsked(), time.Now()
	for n := range rememberCalls + 10 {
		m.remember(paymentID(n), asker{at: now})
	}
	if m.count != rememberCalls || len(m.by) != rememberCalls {
		t.Errorf("%d kept", m.count)
	}
	m.remember(paymentID(1), asker{hash: [32]byte{1}, at: now.Add(rememberFor + time.Second)})
	if m.count != 1 || len(m.by) != 1 {
		t.Errorf("%d kept after their time", m.count)
	}
}

func TestStages(t *testing.T) {
	qr := standing{n: 1, task: wallet.Task{Stage: wallet.Waiting}, last: wallet.Result{Status: pos.Pending}}
	busy := standing{task: wallet.Task{Stage: wallet.Waiting}}
	due := standing{n: 2, task: wallet.Task{Stage: wallet.Refunding}, last: wallet.Result{Status: pos.RefundDue}}
	ended := standing{n: 2, task: wallet.Task{Stage: wallet.Watched}, last: wallet.Result{Status: pos.Cancelled}}
	for _, c := range []struct {
		op   wire.Op
		st   *standing
		want wire.Stage
	}{
		{wire.OpIssueQR, &qr, wire.Final}, {wire.OpCancel, &qr, wire.Accepted}, {wire.OpQuery, &busy, wire.Accepted},
		{wire.OpCancel, &due, wire.Accepted}, {wire.OpCancel, &ended, wire.Final}, {wire.OpAuthorise, &ended, wire.Final},
	} {
		if got := stageOf(c.op, c.st); got != c.want {
			t.Errorf("%s of %s: %s", c.op, c.st.task.Stage, got)
		}
	}
}
