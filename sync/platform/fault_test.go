package platform

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/sync/mqtt"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/wire"
)

func TestOpenLedgerRefuses(t *testing.T) {
	folder := t.TempDir()
	path := func(name, text string) string {
		p := filepath.Join(folder, name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	for name, p := range map[string]string{
		"none": filepath.Join(folder, "none.db"), "empty": path("empty.db", ""), "no database": path("text.db", strings.Repeat("text ", 1000)),
	} {
		if l, err := OpenLedger(p); err == nil {
			t.Errorf("%s: opened", name)
			l.Close()
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "none.db")); err == nil {
		t.Error("reading created a database")
	}
}

func TestAnotherSchemaIsRefused(t *testing.T) {
	b := newBench(t)
	if err := b.custody.script(t.Context(), "PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	if l, err := OpenLedger(b.path); err == nil {
		t.Error("opened for reading")
		l.Close()
	}
	if c, err := OpenCustody(t.Context(), b.path); err == nil {
		t.Error("opened for writing")
		c.Close()
	}
}

// TestDamagedLedgerIsNotAcknowledged: what the database does not say for sure, nobody signs for.
func TestDamagedLedgerIsNotAcknowledged(t *testing.T) {
	for name, damage := range map[string]string{
		"record gone":     "DELETE FROM records WHERE id & 1099511627775 = 2",
		"short head":      "UPDATE marks SET head = x'00'",
		"unread state":    "UPDATE payments SET state = x'ff'",
		"no table":        "DROP TABLE payments",
		"fork unreadable": "DROP TABLE forks",
	} {
		t.Run(name, func(t *testing.T) {
			j := threeSales("till-1")
			clone := j.Clone()
			sale(j, 4)
			sale(clone, 5)
			b := newBench(t, j)
			b.send(j, 1, 10)
			if err := b.custody.script(t.Context(), damage); err != nil {
				t.Fatal(err)
			}
			batch := cut(t, j, j.Head().Epoch, 1, 12)
			if name == "fork unreadable" {
				batch = cut(t, clone, j.Head().Epoch, 10, 12)
			}
			d, err := b.tills.Verify(j.Till, encode(t, batch))
			if err != nil {
				t.Fatal(err)
			}
			if acks, err := b.custody.Take(t.Context(), d); err == nil {
				t.Errorf("acknowledged: %+v", acks)
			}
		})
	}
}

// TestCancelledTakeLeavesTheLedgerUsable: a stop in the middle takes all or nothing.
func TestCancelledTakeLeavesTheLedgerUsable(t *testing.T) {
	j := threeSales("till-1")
	b := newBench(t, j)
	d, err := b.tills.Verify(j.Till, encode(t, cut(t, j, j.Head().Epoch, 1, 9)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.custody.Take(ctx, d); err == nil {
		t.Error("taken")
	}
	expect(t, "afterwards", b.send(j, 1, 9), wire.AckOK, 9)
	b.shows(j)
}

// newIntakeFor makes an intake that nothing runs.
func newIntakeFor(t *testing.T, b *bench) *intake {
	return newIntake(&Service{tills: b.tills, custody: b.custody, ledger: openLedger(t, b.path), opts: Options{Log: slog.New(slog.DiscardHandler)}})
}

func TestFullLaneDropsAndNeverBlocks(t *testing.T) {
	i := newIntakeFor(t, newBench(t))
	topic := wire.Topic{Merchant: "shop", Till: "till-1"}
	for range laneQueue + 10 {
		i.receive(topic.On(wire.UpRecords), []byte("x"))
	}
	for range callQueue + 5 {
		i.receive(topic.On(wire.UpCall), []byte("x"))
	}
	i.receive(topic.On(wire.DownAck), nil)
	if c := i.Counts(); c.Dropped != 15 || c.Broken != 1 {
		t.Errorf("%+v", c)
	}
}

func TestNothingIsAcknowledgedWhenTheLedgerFails(t *testing.T) {
	j := threeSales("till-1")
	b := newBench(t, j)
	i := newIntakeFor(t, b)
	d, err := b.tills.Verify(j.Till, encode(t, cut(t, j, j.Head().Epoch, 1, 9)))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.custody.script(t.Context(), "DROP TABLE records"); err != nil {
		t.Fatal(err)
	}
	i.take(t.Context(), []parcel{{wire.Topic{}, d}})
	if c := i.Counts(); c.Failed != 1 || c.Batches != 0 || len(i.out) != 0 {
		t.Errorf("%+v, %d acknowledgements", c, len(i.out))
	}
	if err := i.send(t.Context(), receipt{}); !errors.Is(err, mqtt.ErrClosed) {
		t.Errorf("sent without a broker: %v", err)
	}
}

func TestMarksOfAnUnreadableLedger(t *testing.T) {
	b := newBench(t, outboxtest.New("till-1"))
	h := pagesOf(t, b)
	if err := b.custody.script(t.Context(), "DROP TABLE marks"); err != nil {
		t.Fatal(err)
	}
	if w := visit(h, http.MethodGet, "/v1/marks"); w.Code < http.StatusInternalServerError {
		t.Error(w.Code)
	}
}

// TestIteratorsEndWithTheCaller and with the first error.
func TestIteratorsEndWithTheCaller(t *testing.T) {
	j := threeSales("till-1")
	b := newBench(t, j)
	b.send(j, 1, 9)
	l := openLedger(t, b.path)
	for r, err := range l.Records(t.Context()) {
		if err != nil || r.Head.Seq != 1 || r.Till != "till-1" {
			t.Errorf("%+v %v", r, err)
		}
		break
	}
	for name, damage := range map[string]string{"epoch": "UPDATE payments SET epoch = 'x'", "payment": "UPDATE payments SET payment = 'x' || payment"} {
		if err := b.custody.script(t.Context(), damage); err != nil {
			t.Fatal(err)
		}
		errs := 0
		for _, err := range l.Payments(t.Context()) {
			if err != nil {
				errs++
			}
		}
		if errs != 1 {
			t.Errorf("%s: %d errors", name, errs)
		}
	}
}

// TestLedgerView pins the columns that others' scripts rely on.
func TestLedgerView(t *testing.T) {
	j := outboxtest.New("till-1")
	sale(j, 100)
	j.Commit(intent(101))
	b := newBench(t, j)
	b.send(j, 1, 4)
	rows, err := b.custody.db.Query(t.Context(), "SELECT * FROM ledger_v1 ORDER BY seq")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil || strings.Join(columns, " ") != "till epoch seq payment order_ref attempt tender status amount currency" {
		t.Errorf("%v %v", columns, err)
	}
	epoch := j.Head().Epoch.String()
	want := [][]string{
		{"till-1", epoch, "3", "00000000-0000-7000-8000-000000000064", "order-000064", "1", "card", "approved", "105", "EUR"},
		{"till-1", epoch, "4", "00000000-0000-7000-8000-000000000065", "order-000065", "1", "card", "pending", "101", "EUR"},
	}
	for _, w := range want {
		got, into := make([]sql.NullString, len(w)), make([]any, len(w))
		for i := range got {
			into[i] = &got[i]
		}
		if !rows.Next() {
			t.Fatal("a row is missing")
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		for i := range w {
			if got[i].String != w[i] {
				t.Errorf("%s is %q, want %q", columns[i], got[i].String, w[i])
			}
		}
	}
	if rows.Next() {
		t.Error("one row too many")
	}
}
