package platform

import (
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/wallet"
	"github.com/tillproof/tillproof/sync/wire"
)

// FuzzOrder: whatever stands in a call as its intent, what comes out is an order of that till and payment, or nothing.
func FuzzOrder(f *testing.F) {
	j := outboxtest.New("till-1")
	tills, err := NewTills(map[pos.TillID]cose.PublicKey{"till-1": j.Signer.Public()})
	if err != nil {
		f.Fatal(err)
	}
	qr := codeIntent(2)
	qr.Tender, qr.Scheme, qr.Source = pos.QR, "promptpay", record.FromPlatform
	for _, body := range []record.Body{codeIntent(1), qr, intent(1), &record.Boot{Reason: record.Started}} {
		raw := j.Commit(body)[0].Raw
		f.Add(raw, true)
		f.Add(raw[:len(raw)-1], false)
	}
	f.Fuzz(func(t *testing.T, raw []byte, code bool) {
		call := &wire.Call{Till: "till-1", Op: wire.OpAuthorise, Payment: paymentID(1), Intent: raw, Scheme: "wechat", DeadlineMS: 1000}
		kind := wallet.Code
		if !code {
			call.Op, call.Payment, kind = wire.OpIssueQR, paymentID(2), wallet.QR
		}
		now := time.UnixMilli(1_700_000_000_000)
		task, err := tills.order(call, now)
		if err == nil && (task.Till != "till-1" || task.Payment != call.Payment || task.Kind != kind || task.Expires != now.UnixMilli()+1000) {
			t.Errorf("%+v", task)
		}
	})
}
