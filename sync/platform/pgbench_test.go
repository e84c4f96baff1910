package platform

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
)

// BenchmarkIngestPostgres takes 100,000 records into a new ledger in PostgreSQL: ingest alone (verified before) beside one bare COPY of the same rows, and
// with verifying beside it.
func BenchmarkIngestPostgres(b *testing.B) {
	messages, raw, ends := benchMessages(b)
	server := databasetest.Start(b)
	var bare, ours, whole time.Duration
	var count float64
	for b.Loop() {
		bare += bareCopy(b, server.New(), raw, ends)
		ours += ingestVerified(b, server.New(), messages)
		whole += ingestInto(b, server.New(), messages)
		count += float64(len(ends))
	}
	b.ReportMetric(count/bare.Seconds(), "copy-records/s")
	b.ReportMetric(count/ours.Seconds(), "ingest-records/s")
	b.ReportMetric(count/whole.Seconds(), "verified-records/s")
	b.ReportMetric(bare.Seconds()/ours.Seconds(), "ingest(goal>=0.75)")
	b.ReportMetric(bare.Seconds()/whole.Seconds(), "verified(goal>=0.6)")
}

// bareCopy brings the rows of the records into a table like that of the ledger by one COPY.
func bareCopy(b *testing.B, address string, raw []byte, ends []int) time.Duration {
	db, err := database.Open(b.Context(), address)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	defer tellLog(b, db, "bare")
	table := recordsTable()
	table.Name = "bare"
	if err := db.Migrate(b.Context(), "bare", database.Both(`CREATE TABLE bare (id BIGINT NOT NULL, kind BIGINT NOT NULL, payment BYTEA, held TEXT,
		received_at BIGINT NOT NULL, signature BYTEA, bytes BYTEA NOT NULL, PRIMARY KEY (id, received_at))`)); err != nil {
		b.Fatal(err)
	}
	started := time.Now()
	values := make([]any, 0, 7*len(ends))
	from, now, payment := 0, clock(), make([]byte, 16)
	for n, end := range ends {
		values = append(values, int64(3), payment, nil, now, nil, raw[from:end], rowID(1, pos.Seq(n+1)))
		from = end
	}
	if err := db.Transact(b.Context(), func(tx *database.Tx) error { return tx.Insert(b.Context(), table, values) }); err != nil {
		b.Fatal(err)
	}
	return time.Since(started)
}

// tellLog says how much PostgreSQL has written to its log for the rows of a database, of which there is one at a time.
func tellLog(b *testing.B, db *database.DB, what string) {
	var mb float64
	if err := db.Row(b.Context(), "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') / 1e6").Scan(&mb); err != nil {
		b.Fatal(err)
	}
	b.Logf("the server's log has %.0f MB after %s", mb, what)
}

// ingestVerified commits in one goroutine what was verified before.
func ingestVerified(b *testing.B, address string, messages [][]byte) time.Duration {
	j := outboxtest.New("till-1")
	bench := newBenchAt(b, address, j)
	var list []*Delivery
	for _, m := range messages {
		d, err := bench.tills.Verify(j.Till, m)
		if err != nil {
			b.Fatal(err)
		}
		list = append(list, d)
	}
	started := time.Now()
	for ; len(list) > 0; list = list[min(groupSize, len(list)):] {
		if _, err := bench.custody.Take(context.Background(), list[:min(groupSize, len(list))]...); err != nil {
			b.Fatal(err)
		}
	}
	took := time.Since(started)
	tellLog(b, bench.custody.db, "ingest")
	return took
}

// BenchmarkReplicas takes the records of eight tills, live and so with small transactions, by one replica's writers and by those of two.
func BenchmarkReplicas(b *testing.B) {
	server := databasetest.Start(b)
	var journals []*outboxtest.Journal
	for n := range 8 {
		j := outboxtest.New(pos.TillID("till-" + string(rune('a'+n))))
		for k := range 150 {
			sale(j, 1000*n+k+1)
		}
		journals = append(journals, j)
	}
	var took [3]time.Duration
	for b.Loop() {
		for replicas := 1; replicas <= 2; replicas++ {
			took[replicas] += liveBy(b, server.New(), replicas, journals)
		}
	}
	sales := float64(8 * 150 * b.N)
	b.ReportMetric(sales/took[1].Seconds(), "sales/s-of-one")
	b.ReportMetric(sales/took[2].Seconds(), "sales/s-of-two")
	b.ReportMetric(took[1].Seconds()/took[2].Seconds(), "two-against-one")
}

// liveBy brings one sale after another of each till, each till's through the writer of one replica.
func liveBy(b *testing.B, address string, replicas int, journals []*outboxtest.Journal) time.Duration {
	var list []*bench
	for range replicas {
		list = append(list, newBenchAt(b, address, journals...))
	}
	work := make([][][]*Delivery, replicas*writers)
	for n, j := range journals {
		var one []*Delivery
		for k := 1; k <= 450; k += 3 {
			d, err := list[0].tills.Verify(j.Till, encode(b, cut(b, j, j.Head().Epoch, k, k+2)))
			if err != nil {
				b.Fatal(err)
			}
			one = append(one, d)
		}
		work[n%len(work)] = append(work[n%len(work)], one)
	}
	started := time.Now()
	var group sync.WaitGroup
	for n, tills := range work {
		group.Go(func() {
			for k := range 150 {
				var together []*Delivery // those of a writer's tills wait for each other
				for _, till := range tills {
					together = append(together, till[k])
				}
				if len(together) == 0 {
					return
				}
				if _, err := list[n%replicas].custody.Take(context.Background(), together...); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	return time.Since(started)
}
