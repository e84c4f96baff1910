package agent_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
)

// The tests of this file bear the names of what users of other systems suffer; docs/complaints.md lists all of them.

// ledgerOf waits for the drain and counts what the ledger took of each order.
func (w *world) ledgerOf() (taken map[pos.OrderRef]int, sum pos.Minor) {
	w.t.Helper()
	w.drained()
	rows, _, _ := w.ledger()
	taken = map[pos.OrderRef]int{}
	for _, row := range rows {
		if row.Status.Taken() {
			taken[row.Key.Order]++
			sum += row.Money.Amount
		}
	}
	return taken, sum
}

// Eight orders are sold offline, each asked for again and again by an impatient till program, over restarts. The backlog drains through a broker that
// dies in the middle, three times. Each order is charged once: at the terminal, in the journal and in the ledger.
func TestComplaint01DoubleChargesWhenTheBacklogDrains(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.online()
	w.plug()
	w.start()
	w.ready()
	w.halt()
	w.until("the till is offline", func() bool { return w.status().Mode == "offline" })
	ids := map[string]pos.PaymentID{}
	again := func() {
		for order, id := range ids {
			var p api.Payment
			if status, code := w.ask(http.MethodPost, "/v1/payments?wait=30s", sale{order, 1, 1250, "EUR", "card"}, &p); status != 200 || p.ID != id {
				t.Errorf("order %s asked for again: %d %s, %s is not %s", order, status, code, p.ID, id)
			}
			if status, code := w.ask(http.MethodPost, "/v1/payments", sale{order, 2, 1250, "EUR", "card"}, nil); status != 409 || code != "order_open" {
				t.Errorf("a second charge of order %s: %d %s", order, status, code)
			}
		}
	}
	for n := range 8 {
		order := fmt.Sprintf("order-%d", n)
		ids[order] = w.pay("card", order, 1250, "30s").ID
	}
	again()
	for range 3 {
		w.brokerUp()
		w.ask(http.MethodPost, "/v1/sync", nil, nil)
		w.stop()
		w.halt()
		w.start()
		again()
	}
	w.brokerUp()
	taken, sum := w.ledgerOf()
	for order := range ids {
		if taken[pos.OrderRef(order)] != 1 {
			t.Errorf("the ledger holds order %s %d times", order, taken[pos.OrderRef(order)])
		}
	}
	w.stop()
	if held := w.pt.Memory().Totals()[pos.Card]["EUR"]; held.Count != 8 || held.Amount != 8*1250 || sum != held.Amount || len(taken) != 8 {
		t.Errorf("the terminal holds %+v, the ledger %d", held, sum)
	}
	w.verify()
}

// The network goes while the customer types the PIN. That payment stays what it was begun as; the next one says that it is offline, and so does the
// status.
func TestComplaint02TheModeFlipsToOfflineMidPayment(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.online()
	w.plug()
	w.start()
	w.ready()
	w.drained()
	w.pt.Next(zvtsim.Card{After: 4 * time.Second})
	p := w.pay("card", "A-1", 1250, "0s")
	if p.Mode != pos.Online {
		t.Fatalf("%+v", p)
	}
	w.halt()
	w.until("the till is offline", func() bool { return w.status().Mode == "offline" })
	if now := w.payment(p.ID); now.Status != pos.Pending || now.Mode != pos.Online {
		t.Errorf("the payment under way became %s, %s", now.Status, now.Mode)
	}
	w.until("the customer has paid", func() bool { return w.payment(p.ID).Status != pos.Pending })
	if now := w.payment(p.ID); now.Status != pos.Approved || now.Mode != pos.Online {
		t.Errorf("%+v", now)
	}
	if next := w.pay("card", "A-2", 100, "30s"); next.Mode != pos.Offline || next.Status != pos.Approved {
		t.Errorf("the next payment does not say that it is offline: %+v", next)
	}
	if status, code := w.ask(http.MethodPost, "/v1/payments", map[string]any{"order": "A-3", "amount": 100, "currency": "EUR", "tender": "card", "require_online": true}, nil); status != 403 || code != "offline_refused" {
		t.Errorf("a payment that has to be online: %d %s", status, code)
	}
}

// At the moment that the till answers "approved" the disk holds the record, with what the terminal wanted printed: a copy of the folder, taken without
// the agent's help, shows the same payment.
func TestComplaint06AReceiptWasPrintedAndNoRecordExists(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.plug()
	w.start()
	w.ready()
	for n := range 6 {
		tender := []string{"card", "cash"}[n%2]
		p := w.pay(tender, fmt.Sprintf("A-%d", n), 1250, "30s")
		copied := t.TempDir()
		if err := os.CopyFS(copied, os.DirFS(agent.PathsIn(w.dir).Journal)); err != nil {
			t.Fatal(err)
		}
		r, err := journal.OpenReader(copied)
		if err != nil {
			t.Fatal(err)
		}
		payments, err := r.Payments()
		if kept := payments[p.ID]; err != nil || p.Status != pos.Approved || kept == nil || kept.Status != pos.Approved || kept.Taken().Amount != 1250 ||
			tender == "card" && (len(kept.Receipts) == 0 || kept.Decision.ReceiptNo != p.ReceiptNo) {
			t.Errorf("%s: the cashier saw %+v, the disk has %+v, %v", tender, p, kept, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// strange is a record of a kind that nobody knows.
type strange struct {
	Text string `cbor:"1,keyasint"`
}

func (*strange) Kind() record.Kind { return 250 }

// A record in the middle of the backlog means nothing to anybody. Sales go on, what is before and behind it reaches the ledger, and the platform holds the
// record itself, acknowledged; nobody edits a file.
func TestComplaint07OneBadRecordStopsTheQueue(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.start()
	w.pay("cash", "before", 500, "0s")
	w.stop()
	signer, err := cose.Load(agent.PathsIn(w.dir).Key)
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(journal.Options{Dir: agent.PathsIn(w.dir).Journal, Views: agent.PathsIn(w.dir).Views, Till: "till-1", Signer: signer, Version: "test",
		Clock: journal.SystemClock, Segment: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(&strange{"of a later release"}); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	w.online()
	w.start()
	w.pay("cash", "behind", 700, "0s")
	taken, sum := w.ledgerOf()
	if len(taken) != 2 || sum != 1200 {
		t.Errorf("%v, %d", taken, sum)
	}
	if s := w.status(); s.Backlog.Records != 0 || s.AckedSeq != s.Seq {
		t.Errorf("%+v", s)
	}
	if _, records, seq := w.ledger(); records != int(seq) || seq != w.status().Seq {
		t.Errorf("%d records in custody up to %d of %d", records, seq, w.status().Seq)
	}
	w.stop()
	w.verify()
}

// The queue is seen in records, payments, money and age, and POST /v1/sync ends the pause before the next connection.
func TestComplaint08NoWayToDeliverNowAndNoSightOfTheQueue(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.online()
	w.start()
	w.drained()
	if b := w.status().Backlog; b.Records != 0 || b.Payments != 0 || b.OldestAt != "" {
		t.Errorf("%+v", b)
	}
	w.halt()
	w.until("the till is offline", func() bool { return w.status().Mode == "offline" })
	before := time.Now().Add(-time.Minute)
	for n := range 5 {
		w.pay("cash", fmt.Sprintf("A-%d", n), 500, "0s")
	}
	s := w.status()
	oldest, err := time.Parse(time.RFC3339, s.Backlog.OldestAt)
	if s.Backlog.Payments != 5 || s.Backlog.Amounts["EUR"] != 2500 || s.Backlog.Records != uint64(s.Seq-s.AckedSeq) || err != nil || oldest.Before(before) || s.ModeSinceAt == "" {
		t.Errorf("%+v, %v", s, err)
	}
	w.pester(24)
	w.brokerUp()
	began := time.Now()
	var out struct{ Backlog api.Backlog }
	w.until("everything was delivered", func() bool {
		w.ask(http.MethodPost, "/v1/sync", nil, &out)
		return out.Backlog.Records == 0
	})
	t.Logf("delivered %s after it was asked for", time.Since(began).Round(time.Millisecond))
	if rows, _, _ := w.ledger(); len(rows) != 5 {
		t.Errorf("%d payments in the ledger", len(rows))
	}
}

// Twenty sales outlive connections that fail, a broker that is not there, a platform that is somebody else's, and a restart at each change of the
// configuration. Age is a matter of the journal: see docs/complaints.md.
func TestComplaint09RecordsDroppedByRetriesConfigurationOrLogout(t *testing.T) {
	w := newWorld(t, t.TempDir())
	alone := w.config
	w.online()
	right := w.config
	w.halt()
	stranger, err := cose.LoadOrCreate(filepath.Join(t.TempDir(), "stranger.pem"))
	if err != nil {
		t.Fatal(err)
	}
	w.trust(stranger.Public())
	foreign := w.config
	nowhere := right
	nowhere.Platform.Broker = "tcp://127.0.0.1:1"
	smaller := nowhere
	smaller.Tenders = []pos.Tender{pos.Cash}
	sold := 0
	for _, config := range []agent.Config{alone, nowhere, smaller, foreign, alone} {
		w.config = config
		w.start()
		for range 4 {
			w.pay("cash", fmt.Sprintf("A-%d", sold), 100, "0s")
			sold++
		}
		for range 20 {
			w.ask(http.MethodPost, "/v1/sync", nil, nil) // a retry that fails
		}
		if b := w.status().Backlog; b.Payments != sold || b.Amounts["EUR"] != pos.Minor(100*sold) {
			t.Errorf("after %d sales the queue holds %+v", sold, b)
		}
		w.stop()
	}
	w.config = right
	w.brokerUp()
	w.start()
	if taken, sum := w.ledgerOf(); len(taken) != sold || sum != pos.Minor(100*sold) {
		t.Errorf("%d of %d orders reached the ledger, over %d", len(taken), sold, sum)
	}
	w.stop()
	w.verify()
}

// The till of the first release is replaced by this one while its backlog is full. It sells at once, and every payment of before reaches the ledger.
func TestComplaint13TheQueueMustBeEmptyBeforeAnUpgrade(t *testing.T) {
	w := newWorld(t, t.TempDir())
	source := filepath.Join("..", "store", "journal", "testdata", "v1")
	var golden struct {
		Till pos.TillID
		List []string
	}
	text, err := os.ReadFile(filepath.Join(source, "golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	w.unpackRelease(source)
	w.platformOf(golden.Till)
	w.config.Till = golden.Till
	w.start()
	if b := w.status().Backlog; b.Payments < 20 {
		t.Errorf("the backlog was not full: %+v", b)
	}
	w.pay("cash", "first-of-the-new", 500, "0s")
	w.drained()
	rows, _, _ := w.ledger()
	ledger := map[string]bool{}
	for _, row := range rows {
		ledger[fmt.Sprintf("%s/%d %s %s", row.Key.Order, row.Key.Attempt, row.Tender, row.Status)] = true
	}
	for _, line := range golden.List {
		key := line[:strings.LastIndexByte(line, ' ')]
		if pending := strings.Replace(key, " pending", " unknown", 1); !ledger[key] && !ledger[pending] {
			t.Errorf("%q is not in the ledger: %v", key, ledger)
		}
	}
	if !ledger["first-of-the-new/1 cash approved"] || len(rows) != len(golden.List)+1 {
		t.Errorf("%d payments in the ledger, want %d", len(rows), len(golden.List)+1)
	}
}
