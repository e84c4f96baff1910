package journal_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/wire"
)

// goldenJournal is what the release that wrote testdata/v1 said of it: its `journal verify`, `journal totals` and last acknowledgement.
type goldenJournal struct {
	Till     pos.TillID     `json:"till"`
	Platform string         `json:"platform"` // public key, hex
	Records  int            `json:"records"`
	Payments int            `json:"payments"`
	List     []string       `json:"list"` // order, status and money of each payment, the oldest first
	Totals   pos.Totals     `json:"totals"`
	Open     []pos.OrderRef `json:"open"`
	Heads    []string       `json:"heads"` // of the epochs, the oldest first
	Acked    pos.Seq        `json:"acked"` // of the newest epoch
}

// unpackV1 lays out the data folder of a till of the first release: an epoch that a restored backup ended, and one with a backlog of 64 records.
func unpackV1(t testing.TB) (dir string, golden goldenJournal, s *cose.Signer) {
	t.Helper()
	dir = t.TempDir()
	source := filepath.Join("testdata", "v1")
	text, err := os.ReadFile(filepath.Join(source, "golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "journal"), 0o700); err != nil {
		t.Fatal(err)
	}
	packed, _ := filepath.Glob(filepath.Join(source, "*.gz"))
	for _, path := range packed {
		name := strings.TrimSuffix(filepath.Base(path), ".gz")
		if strings.HasSuffix(name, ".seg") {
			name = filepath.Join("journal", name)
		}
		unpack(t, path, filepath.Join(dir, name))
	}
	if s, err = cose.Load(filepath.Join(source, "till.pem")); err != nil {
		t.Fatal(err)
	}
	return dir, golden, s
}

func unpack(t testing.TB, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	z, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// custodyOf reads acknowledgements of the platform with the given public key.
func custodyOf(t testing.TB, platform string) journal.Custody {
	t.Helper()
	key, err := cose.ParsePublicKey(platform)
	if err != nil {
		t.Fatal(err)
	}
	codec, err := wire.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	return func(raw []byte) (record.Head, bool) {
		ack, err := codec.OpenAck(raw, cose.OneKey(key))
		if err != nil {
			return record.Head{}, false
		}
		return ack.Mark, true
	}
}

func TestTheJournalOfTheFirstReleaseIsRead(t *testing.T) {
	dir, golden, s := unpackV1(t)
	custody := custodyOf(t, golden.Platform)
	report, err := journal.Verify(filepath.Join(dir, "journal"), golden.Till, cose.OneKey(s.Public()), custody)
	if err != nil || !report.OK || report.Records != golden.Records || len(report.Epochs) != len(golden.Heads) {
		t.Fatalf("%+v, %v", report, err)
	}
	for i, e := range report.Epochs {
		if e.Head.String() != golden.Heads[i] {
			t.Errorf("epoch %s ends on %s, not on %s", e.Epoch, e.Head, golden.Heads[i])
		}
	}
	r, err := journal.OpenReader(filepath.Join(dir, "journal"))
	if err != nil {
		t.Fatal(err)
	}
	if list := listPayments(t, r); !slices.Equal(list, golden.List) {
		t.Errorf("payments %q", list)
	}
	totals, err := r.Totals()
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err != nil || !totals.Equal(golden.Totals) {
		t.Errorf("totals %v, %v, not %v", totals, err, golden.Totals)
	}
	rebuilt, err := journal.Rebuild(filepath.Join(dir, "journal"), filepath.Join(dir, "other.db"))
	if err != nil || rebuilt.Payments != golden.Payments || rebuilt.Records != golden.Records {
		t.Errorf("%+v, %v", rebuilt, err)
	}
}

func listPayments(t testing.TB, r *journal.Reader) (list []string) {
	t.Helper()
	payments, err := r.Payments()
	if err != nil {
		t.Fatal(err)
	}
	ids := slices.SortedFunc(maps.Keys(payments), func(a, b pos.PaymentID) int { return bytes.Compare(a[:], b[:]) })
	for _, id := range ids {
		p := payments[id]
		list = append(list, fmt.Sprintf("%s/%d %s %s %d", p.Intent.Order, p.Intent.Attempt, p.Intent.Tender, p.Status, p.Taken().Amount))
	}
	return list
}

// An upgrade finds the views of the release before, its acknowledgement and its whole backlog, sells on, and what it has then is one chain.
func TestTheJournalOfTheFirstReleaseGoesOn(t *testing.T) {
	dir, golden, s := unpackV1(t)
	o := options(t, dir)
	o.Till, o.Signer = golden.Till, s
	j, err := journal.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	var open []pos.OrderRef
	list, err := j.Views().Open()
	for _, p := range list {
		open = append(open, p.Intent.Order)
	}
	if err != nil || len(open) != len(golden.Open) || open[0] != golden.Open[0] || open[1] != golden.Open[1] {
		t.Errorf("open %v, %v, not %v", open, err, golden.Open)
	}
	if p, err := j.Views().ByKey(pos.OrderKey{Order: "order-002", Attempt: 1}); err != nil || p == nil || p.Status != pos.Approved {
		t.Errorf("order-002: %+v, %v", p, err)
	}
	if raw, err := j.Acknowledgement(); err != nil || raw == nil {
		t.Errorf("the acknowledgement: %v", err)
	} else if head, ok := custodyOf(t, golden.Platform)(raw); !ok || head.Seq != golden.Acked {
		t.Errorf("acknowledged up to %d, not %d", head.Seq, golden.Acked)
	}
	_, bodies := cashSale("after-the-upgrade", 100)
	if _, err := j.Append(bodies...); err != nil {
		t.Error(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	report, err := journal.Verify(filepath.Join(dir, "journal"), golden.Till, cose.OneKey(s.Public()), custodyOf(t, golden.Platform))
	if err != nil || !report.OK || report.Records != golden.Records+4 {
		t.Errorf("%+v, %v", report, err)
	}
}
