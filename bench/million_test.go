package bench

import (
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
)

const (
	million  = 1_000_000
	readPage = 100 // records of one read transaction, so that the writer is never kept waiting
	liveOnes = 20_000
)

// BenchmarkMillion opens, reads and verifies a journal of a million records in commits of 63. Its views hold 333,000 payments.
func BenchmarkMillion(b *testing.B) {
	dir := b.TempDir()
	j, _ := filledJournal(b, dir, million)
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
	b.Run("open", func(b *testing.B) { benchmarkOpen(b, dir) })
	b.Run("read", func(b *testing.B) { benchmarkRead(b, dir) })
	b.Run("verify", func(b *testing.B) { benchmarkVerify(b, dir) })
}

// BenchmarkVerifyLive verifies a journal in which every record was a commit of its own, as in selling: one signature a record.
func BenchmarkVerifyLive(b *testing.B) {
	dir := b.TempDir()
	j, err := openJournal(dir)
	if err != nil {
		b.Fatal(err)
	}
	for n := range liveOnes / 3 {
		for _, body := range sale(n) {
			if _, err := j.Append(body); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
	benchmarkVerify(b, dir)
}

// benchmarkOpen counts from the call to a journal that has its views up to date and a boot record on the disk. Cold: its files were
// dropped from the page cache. A reader opens the same segments without views, lock and boot record: what is left of the time is theirs.
func benchmarkOpen(b *testing.B, dir string) {
	var cold, reader, warm time.Duration
	n := 0.0
	for b.Loop() {
		forgetFiles(b, dir)
		cold += openOnce(b, dir)
		forgetFiles(b, dir)
		reader += readerOnce(b, dir)
		warm += openOnce(b, dir)
		n++
	}
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / n }
	t := &table{}
	t.line("open with 1 M records: cold %.1f ms (goal <= 50), of it the segments alone %.1f ms; warm %.1f ms",
		ms(cold), ms(reader), ms(warm))
	b.Log(t.String())
	b.ReportMetric(ms(cold), "cold-ms(goal<=50)")
	b.ReportMetric(ms(warm), "warm-ms")
}

func openOnce(b *testing.B, dir string) time.Duration {
	b.Helper()
	started := time.Now()
	j, err := openJournal(dir)
	took := time.Since(started)
	if err != nil {
		b.Fatal(err)
	}
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
	return took
}

func readerOnce(b *testing.B, dir string) time.Duration {
	b.Helper()
	started := time.Now()
	r, err := journal.OpenReader(filepath.Join(dir, "journal"))
	took := time.Since(started)
	if err != nil {
		b.Fatal(err)
	}
	if err := r.Close(); err != nil {
		b.Fatal(err)
	}
	return took
}

// forgetFiles drops everything below dir from the page cache.
func forgetFiles(b *testing.B, dir string) {
	b.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return forget(path)
	})
	if err != nil {
		b.Fatal(err)
	}
}

// benchmarkRead copies out all records in pages, from the page cache and from the disk.
func benchmarkRead(b *testing.B, dir string) {
	var cold, warm time.Duration
	count := 0.0
	for b.Loop() {
		forgetFiles(b, dir)
		j, err := openJournal(dir)
		if err != nil {
			b.Fatal(err)
		}
		cold += readAll(b, j)
		warm += readAll(b, j)
		count += float64(j.Head().Seq)
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
	}
	t := &table{}
	t.line("read of 1 M records, %d at a time: warm %.0f records/s (goal >= 1,000,000), cold %.0f (goal >= 400,000)",
		readPage, count/warm.Seconds(), count/cold.Seconds())
	b.Log(t.String())
	b.ReportMetric(count/warm.Seconds(), "warm-records/s(goal>=1e6)")
	b.ReportMetric(count/cold.Seconds(), "cold-records/s(goal>=4e5)")
}

func readAll(b *testing.B, j *journal.Journal) time.Duration {
	b.Helper()
	started := time.Now()
	for from := pos.Seq(1); from <= j.Head().Seq; {
		list, err := j.Read(j.Head().Epoch, from, readPage)
		if err != nil || len(list) == 0 {
			b.Fatal(from, err)
		}
		from = list[len(list)-1].Key + 1
	}
	return time.Since(started)
}

// benchmarkVerify checks every hash and every signature.
func benchmarkVerify(b *testing.B, dir string) {
	trusted, _, err := keys(dir)
	if err != nil {
		b.Fatal(err)
	}
	count := 0.0
	var took time.Duration
	for b.Loop() {
		started := time.Now()
		report, err := journal.Verify(filepath.Join(dir, "journal"), till, trusted)
		took += time.Since(started)
		if err != nil || !report.OK {
			b.Fatal(report, err)
		}
		count += float64(report.Records)
	}
	t := &table{}
	t.line("verify: %.0f records a minute (goal >= 1,000,000)", count/took.Minutes())
	b.Log(t.String())
	b.ReportMetric(count/took.Minutes(), "records/min(goal>=1e6)")
}
