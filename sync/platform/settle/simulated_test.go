package settle_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/acquirer"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
	"github.com/tillproof/tillproof/sync/reconcile"
)

func TestTheSimulatedAcquirersStatementIsRead(t *testing.T) {
	ref := "00000000000070008000000000000001"
	lines := []acquirer.Entry{
		{At: 1_772_359_331_250, Kind: acquirer.Payment, Transaction: "T1", Ref: ref, Order: "o1", Scheme: "wechat", Amount: pos.Money{Amount: 1100, Currency: "CNY"}, Fee: 7},
		{At: 1_772_359_332_000, Kind: acquirer.Refund, Transaction: "T2", Original: "T1", Ref: ref, Amount: pos.Money{Amount: -300, Currency: "CNY"}, Fee: -2},
		{At: 1_772_359_333_000, Kind: acquirer.Reversal, Transaction: "T3", Original: "T1", Ref: ref, Amount: pos.Money{Amount: -800, Currency: "CNY"}, Fee: -5},
		{At: 1_772_359_334_000, Kind: acquirer.Capture, Transaction: "T4", Ref: ref, Amount: pos.Money{Amount: 500, Currency: "JPY"}},
		{At: 1_772_359_335_000, Kind: acquirer.Chargeback, Transaction: "T5", Original: "T4", Ref: ref, Amount: pos.Money{Amount: -500, Currency: "JPY"}},
	}
	var file bytes.Buffer
	if err := acquirer.WriteStatement(&file, lines); err != nil {
		t.Fatal(err)
	}
	mapping, err := os.ReadFile("testdata/simulated.yaml")
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, databasetest.SQLite(t))
	if sum := d.take(file.Bytes(), mapping); sum.Rows != len(lines) || sum.Bad != 0 {
		t.Fatalf("%+v", sum)
	}
	kinds := []reconcile.RowKind{"payment", "refund", "refund", "payment", "chargeback"}
	for i, r := range d.rows() {
		want := lines[i]
		if r.Kind != kinds[i] || r.At != want.At || r.Money.Amount != max(want.Amount.Amount, -want.Amount.Amount) || *r.Fee != want.Fee || r.Transaction != want.Transaction ||
			r.Original != want.Original || r.Reference != ref {
			t.Errorf("%+v\nwant %+v", r, want)
		}
	}
}
