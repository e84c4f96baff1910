package agent_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// spoil flips a bit in every copy of a stored record that its file holds.
func spoil(t *testing.T, path string, seq pos.Seq) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	codec, err := record.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	spoilt := 0
	for at := 0; ; at++ {
		i := bytes.Index(content[at:], []byte(record.FrameMagic))
		if i < 0 {
			break
		}
		at += i
		raw, _, err := record.ReadFrame(content[at:])
		if err != nil {
			continue
		}
		if rec, _, err := codec.Decode(raw); err == nil && rec.Seq == seq {
			raw[len(raw)-1] ^= 1
			spoilt++
		}
	}
	if spoilt == 0 {
		t.Fatalf("record %d is not in %s", seq, path)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (w *world) segment() string {
	w.t.Helper()
	list, err := filepath.Glob(filepath.Join(agent.PathsIn(w.dir).Journal, "0*.seg"))
	if err != nil || len(list) == 0 {
		w.t.Fatal(list, err)
	}
	return list[len(list)-1]
}

// Law 8: one unreadable record in the backlog stops neither the sales nor the drain, and everything else reaches the ledger.
func TestARecordThatCannotBeReadStopsNobody(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.start()
	for n := range 4 {
		w.pay("cash", fmt.Sprintf("A-%d", n), 500+n, "0s")
	}
	w.stop()
	spoil(t, w.segment(), 6) // the result of A-1
	w.online()
	w.start()
	w.drained()
	w.pay("cash", "B-1", 900, "0s")
	w.drained()
	rows, _, _ := w.ledger()
	got := map[pos.OrderRef]pos.Status{}
	for _, row := range rows {
		got[row.Key.Order] = row.Status
	}
	want := map[pos.OrderRef]pos.Status{"A-0": pos.Approved, "A-1": pos.Pending, "A-2": pos.Approved, "A-3": pos.Approved, "B-1": pos.Approved}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the ledger holds %v, not %v", got, want)
	}
	w.stop()
	w.verify()
}

// A damaged newest file is set aside, and cash is taken at once. What it still held reaches the ledger.
func TestADamagedFileSellsAtOnce(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.start()
	w.pay("cash", "A-1", 500, "0s")
	w.stop()
	f, err := os.OpenFile(w.segment(), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(make([]byte, 8192), 0); err != nil {
		t.Fatal(err)
	}
	f.Close()
	began := time.Now()
	w.start()
	if status, _ := w.ask(http.MethodGet, "/healthz", nil, nil); status != http.StatusOK {
		t.Errorf("/healthz is %d", status)
	}
	w.pay("cash", "A-2", 500, "0s")
	t.Logf("selling %d ms after the start", time.Since(began).Milliseconds())
	w.stop()
	w.online()
	w.start()
	w.drained()
	if rows, _, _ := w.ledger(); len(rows) != 2 {
		t.Errorf("%d payments in the ledger, not 2", len(rows))
	}
}
