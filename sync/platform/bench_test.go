package platform

import (
	"context"
	"database/sql"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
)

// The size of the benchmark: messages of 500 records each.
const (
	benchBatches = 200
	benchRecords = 500
)

// benchMessages makes the messages of a drain, three records a sale, in commits of 60 as under load, and the records' bytes in one
// piece with the end of each: what measures must not leave the collector much to walk.
func benchMessages(b *testing.B) (messages [][]byte, raw []byte, ends []int) {
	j := outboxtest.New("till-1")
	var commit []record.Body
	for n := 1; n <= benchBatches*benchRecords/3+1; n++ {
		if commit = append(commit, intent(n), result(n, "approved"), confirmed(n)); len(commit) == 60 {
			j.Commit(commit...)
			commit = nil
		}
	}
	after := record.Genesis(j.Till, j.Head().Epoch)
	for {
		c, err := j.Next(b.Context(), after, benchRecords, 1<<20)
		if err != nil {
			b.Fatal(err)
		}
		if c.Count() == 0 {
			break
		}
		messages = append(messages, encode(b, cut(b, j, c.Prev.Epoch, int(c.Prev.Seq)+1, int(c.Last.Seq))))
		after = c.Last
	}
	for _, r := range j.Records() {
		raw = append(raw, r.Raw...)
		ends = append(ends, len(raw))
	}
	return messages, raw, ends
}

// BenchmarkIngest takes 100,000 records of about 400 bytes into a new ledger, 500 a batch, verified, chained, folded and
// committed, beside SQLite's own 500-row transactions of the same bytes on the same disk.
func BenchmarkIngest(b *testing.B) {
	messages, raw, ends := benchMessages(b)
	var limit, ours time.Duration
	var count float64
	for b.Loop() {
		limit += bareSQLite(b, raw, ends)
		ours += ingestInto(b, databasetest.SQLite(b), messages)
		count += float64(len(ends))
	}
	b.ReportMetric(count/limit.Seconds(), "sqlite-records/s")
	b.ReportMetric(count/ours.Seconds(), "ours-records/s")
	b.ReportMetric(limit.Seconds()/ours.Seconds(), "ratio(goal>=0.6)")
}

// bareSQLite inserts the records' bytes, a row a statement, 500 a transaction, under the ledger's own pragmas.
func bareSQLite(b *testing.B, raw []byte, ends []int) time.Duration {
	pragmas := url.Values{"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "cache_size(-16384)", "wal_autocheckpoint(4000)"}}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "bare.db")+"?"+pragmas.Encode())
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("CREATE TABLE bare (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL)"); err != nil {
		b.Fatal(err)
	}
	started := time.Now()
	for at, from := 0, 0; at < len(ends); {
		tx, err := db.Begin()
		if err != nil {
			b.Fatal(err)
		}
		stmt, err := tx.Prepare("INSERT INTO bare VALUES (?, ?)")
		if err != nil {
			b.Fatal(err)
		}
		for range min(benchRecords, len(ends)-at) {
			if _, err := stmt.Exec(at, raw[from:ends[at]]); err != nil {
				b.Fatal(err)
			}
			at, from = at+1, ends[at]
		}
		if err := tx.Commit(); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(started)
}

// ingestInto verifies in one goroutine and commits in another what waits, at most a till's window of four batches, as the intake
// does.
func ingestInto(b *testing.B, address string, messages [][]byte) time.Duration {
	j := outboxtest.New("till-1")
	bench := newBenchAt(b, address, j)
	verified := make(chan *Delivery, 4)
	started := time.Now()
	go func() {
		defer close(verified)
		for _, m := range messages {
			d, err := bench.tills.Verify(j.Till, m)
			if err != nil {
				panic(err)
			}
			verified <- d
		}
	}()
	for d := range verified {
		group := []*Delivery{d}
		for len(group) < groupSize && len(verified) > 0 {
			group = append(group, <-verified)
		}
		if _, err := bench.custody.Take(context.Background(), group...); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(started)
}
