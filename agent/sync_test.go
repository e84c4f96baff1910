package agent_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform"
)

// ledger reads what the platform holds of the till.
func (w *world) ledger() (rows []platform.PaymentRow, records int, seq pos.Seq) {
	w.t.Helper()
	l, err := platform.OpenLedger(w.platform.Database)
	if err != nil {
		w.t.Fatal(err)
	}
	defer l.Close()
	for row, err := range l.Payments(context.Background()) {
		if err != nil {
			w.t.Fatal(err)
		}
		rows = append(rows, row)
	}
	for _, err := range l.Records(context.Background()) {
		if err != nil {
			w.t.Fatal(err)
		}
		records++
	}
	for m, err := range l.Marks(context.Background()) {
		if err != nil {
			w.t.Fatal(err)
		}
		seq = m.Head.Seq
	}
	return rows, records, seq
}

// drained waits until the platform has custody of everything.
func (w *world) drained() {
	w.t.Helper()
	w.until("the platform has everything", func() bool {
		w.ask(http.MethodPost, "/v1/sync", nil, nil) // do not wait for the pause between connections
		s := w.status()
		return s.Mode == "online" && s.Backlog.Records == 0 && s.AckedSeq == s.Seq
	})
}

func TestACardSaleReachesTheLedger(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.online()
	w.plug()
	w.start()
	w.ready()
	w.drained()
	p := w.pay("card", "A-1", 1250, "30s")
	if p.Status != pos.Approved || p.Mode != pos.Online || p.Brand != "visa" {
		t.Errorf("%+v", p)
	}
	w.until("the sale is acknowledged", func() bool { return w.payment(p.ID).Acknowledged })
	w.drained()
	rows, _, _ := w.ledger()
	if len(rows) != 1 || rows[0].Payment != p.ID || rows[0].Status != pos.Approved || rows[0].Money.Amount != 1250 || rows[0].Tender != pos.Card {
		t.Errorf("%+v", rows)
	}
	if s := w.status(); s.Backlog.Payments != 0 || len(s.Backlog.Amounts) != 0 || s.Backlog.OldestAt != "" || s.Version != "test" {
		t.Errorf("%+v", s)
	}
	w.stop()
	w.verify()
}

func TestSellingGoesOnWithoutTheBroker(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.online()
	w.plug()
	w.start()
	w.ready()
	w.drained()
	w.halt()
	w.until("the till is offline", func() bool { return w.status().Mode == "offline" })
	before := w.status()
	cash, card := w.pay("cash", "A-1", 500, "0s"), w.pay("card", "A-2", 1250, "30s")
	for _, p := range []api.Payment{cash, card} {
		if p.Status != pos.Approved || p.Mode != pos.Offline || p.Acknowledged {
			t.Errorf("%+v", p)
		}
	}
	w.pay("card", "A-3", 0, "0s")
	s := w.status()
	if b := s.Backlog; b.Payments != 3 || b.Amounts["EUR"] != 1750 || b.Records != uint64(s.Seq-s.AckedSeq) || b.OldestAt == "" || s.AckedSeq != before.Seq {
		t.Errorf("%+v, before %+v", s, before)
	}
	w.brokerUp()
	w.drained()
	for _, p := range []api.Payment{cash, card} {
		if now := w.payment(p.ID); !now.Acknowledged {
			t.Errorf("%+v", now)
		}
	}
	if rows, records, seq := w.ledger(); len(rows) != 3 || records != int(w.status().Seq) || seq != w.status().Seq {
		t.Errorf("%d payments, %d records, mark %d", len(rows), records, seq)
	}
}

func TestCustodyIsKeptOverARestart(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.online()
	w.start()
	for i := range 20 {
		w.pay("cash", fmt.Sprintf("A-%d", i), 100, "0s")
	}
	w.drained()
	last := w.pay("cash", "last", 100, "0s")
	w.drained()
	w.stop()
	w.halt()
	_, _, before := w.ledger()
	w.start()
	if s := w.status(); s.AckedSeq < before || s.Backlog.Records > uint64(s.Seq-before) || s.Mode != "offline" {
		t.Errorf("custody up to %d is forgotten: %+v", before, s)
	}
	if p := w.payment(last.ID); !p.Acknowledged {
		t.Errorf("%+v", p)
	}
	w.brokerUp()
	w.drained()
	if rows, records, _ := w.ledger(); len(rows) != 21 || records != int(w.status().Seq) {
		t.Errorf("%d payments, %d records of %d", len(rows), records, w.status().Seq)
	}
}

func TestOnlyThePlatformsSignatureFrees(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.online()
	honest := w.config
	_, other, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.trust(other.Public().(ed25519.PublicKey))
	w.start()
	p := w.pay("cash", "A-1", 500, "0s")
	w.until("the ledger has the sale", func() bool { rows, _, _ := w.ledger(); return len(rows) == 1 })
	if s := w.status(); s.AckedSeq != 0 || s.Backlog.Records != uint64(s.Seq) || s.Backlog.Amounts["EUR"] != 500 {
		t.Errorf("a foreign signature freed records: %+v", s)
	}
	w.until("the till says that it is not online", func() bool { return w.status().Mode == "degraded" })
	if w.payment(p.ID).Acknowledged {
		t.Error("acknowledged by a stranger")
	}
	w.stop()
	w.config = honest
	w.start()
	w.drained()
	if rows, records, _ := w.ledger(); len(rows) != 1 || records != int(w.status().Seq) {
		t.Errorf("%d payments, %d records", len(rows), records)
	}
	w.stop()
	w.trust(other.Public().(ed25519.PublicKey)) // an acknowledgement of before does not count for another platform
	w.halt()
	w.start()
	if s := w.status(); s.AckedSeq != 0 {
		t.Errorf("%+v", s)
	}
}

func TestWithoutAPlatformTheTillKeepsItsRecords(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.start()
	w.pay("cash", "A-1", 500, "0s")
	var out struct{ Backlog api.Backlog }
	if status, _ := w.ask(http.MethodPost, "/v1/sync", nil, &out); status != 200 || out.Backlog.Payments != 1 || out.Backlog.Amounts["EUR"] != 500 {
		t.Errorf("%d %+v", status, out)
	}
	if s := w.status(); s.Mode != "offline" || s.Backlog.Records != uint64(s.Seq) {
		t.Errorf("%+v", s)
	}
}

// TestARestoredBackupLosesNothing goes back to the files of the morning: the platform holds the day, and the till says so in a new epoch.
func TestARestoredBackupLosesNothing(t *testing.T) {
	w := newWorld(t, filepath.Join(t.TempDir(), "data"))
	w.online()
	w.start()
	w.pay("cash", "morning", 100, "0s")
	w.drained()
	w.stop()
	backup := filepath.Join(t.TempDir(), "backup")
	if err := os.CopyFS(backup, os.DirFS(w.dir)); err != nil {
		t.Fatal(err)
	}
	w.start()
	for i := range 10 {
		w.pay("cash", fmt.Sprintf("noon-%d", i), 100, "0s")
	}
	w.drained()
	epoch := w.status().Epoch
	w.stop()
	if err := os.RemoveAll(w.dir); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(w.dir, os.DirFS(backup)); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.until("the till has begun a new epoch", func() bool { return w.status().Epoch != epoch })
	w.pay("cash", "evening", 100, "0s")
	w.drained()
	if rows, _, _ := w.ledger(); len(rows) != 12 {
		t.Errorf("%d payments in the ledger, want 12", len(rows))
	}
	w.stop()
	w.verify()
}
