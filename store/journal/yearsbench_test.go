package journal_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
)

// fullDay makes a journal whose first segment of 64 MiB is full, with everything acknowledged and some days old.
func fullDay(b *testing.B) (o journal.Options) {
	b.Helper()
	now := record.Times{Wall: 1_750_000_000_000, Mono: 1000}
	o = options(b, b.TempDir())
	o.Segment, o.Clock = journal.DefaultSegment, func() record.Times { return now }
	j, err := journal.Open(o)
	if err != nil {
		b.Fatal(err)
	}
	files := func() int { list, _ := filepath.Glob(filepath.Join(o.Dir, "0*.seg")); return len(list) }
	for n := 0; files() < 2; n++ {
		var bodies []record.Body
		for i := range 21 {
			_, sale := cashSale(fmt.Sprintf("order-%d-%d", n, i), 100)
			bodies = append(bodies, sale...)
		}
		if _, err := j.Append(bodies...); err != nil {
			b.Fatal(err)
		}
	}
	raw, err := cbor.Marshal(j.Head())
	if err != nil {
		b.Fatal(err)
	}
	j.Acknowledge(raw, j.Head())
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
	days := uint64(72 * time.Hour / time.Millisecond)
	now.Wall, now.Mono = now.Wall+int64(days), now.Mono+days
	return o
}

// BenchmarkPrune carries on and removes a full segment of 64 MiB. Run it and its like with -benchtime 1x: what counts is prune-ms.
func BenchmarkPrune(b *testing.B) {
	for b.Loop() {
		o := fullDay(b)
		j, err := journal.Open(o)
		if err != nil {
			b.Fatal(err)
		}
		head, began := j.Head(), time.Now()
		n, err := j.Prune(journal.Retention{Keep: 48 * time.Hour, Proof: proof})
		if err != nil || n != 1 {
			b.Fatal(n, err)
		}
		b.ReportMetric(float64(time.Since(began).Milliseconds()), "prune-ms")
		b.ReportMetric(float64(j.Head().Seq-head.Seq), "carry-records")
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDamagedStart opens a journal whose newest segment of 64 MiB, full, has lost its tables.
func BenchmarkDamagedStart(b *testing.B) {
	for b.Loop() {
		o := fullDay(b)
		list, _ := filepath.Glob(filepath.Join(o.Dir, "0*.seg"))
		if err := errors.Join(os.Remove(list[1]), overwrite(list[0], 0, make([]byte, 8192))); err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		j, err := journal.Open(o)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(time.Since(began).Milliseconds()), "start-ms")
		b.ReportMetric(float64(j.Head().Seq), "records-of-the-new-epoch")
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerify checks a full segment in commits of 63 records.
func BenchmarkVerify(b *testing.B) {
	o := fullDay(b)
	for b.Loop() {
		began := time.Now()
		report, err := journal.Verify(o.Dir, till, cose.OneKey(o.Signer.Public()))
		if err != nil || !report.OK {
			b.Fatal(report.Problems, err)
		}
		b.ReportMetric(float64(report.Records)/time.Since(began).Minutes(), "records/min")
	}
}
