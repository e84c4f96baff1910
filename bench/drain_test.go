package bench

import (
	"context"
	"crypto/ed25519"
	"path/filepath"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/platform"
	"github.com/tillproof/tillproof/sync/wire"
)

const (
	drained   = 100_000 // records in the journal before the clock starts
	window    = 4       // batches on their way between two steps, as the outbox has
	groupSize = 16      // deliveries in one transaction at most, as the platform has
)

// BenchmarkDrain takes a till's journal into a new ledger, without a network: read, cut, compress, verify, fold, commit. Beside it
// SQLite's own transactions of the same bytes.
func BenchmarkDrain(b *testing.B) {
	j, public := filledJournal(b, b.TempDir(), drained)
	defer j.Close()
	var limit, ours time.Duration
	count := 0.0
	for b.Loop() {
		limit += bareSQLite(b, j)
		ours += drain(b, j, public)
		count += float64(j.Head().Seq)
	}
	t := &table{}
	t.line("%-40s %9s %6s", "100,000 records", "records/s", "ratio")
	t.line("%-40s %9.0f %6.2f", "limit: SQLite, 500 rows a transaction", count/limit.Seconds(), 1.0)
	ratio := limit.Seconds() / ours.Seconds()
	t.line("%-40s %9.0f %6.2f (goal >= 0.60)", "journal -> batch -> verify -> ledger", count/ours.Seconds(), ratio)
	b.Log(t.String())
	b.ReportMetric(count/ours.Seconds(), "records/s")
	b.ReportMetric(ratio, "of-SQLite(goal>=0.60)")
}

// filledJournal makes a till's data in dir with so many records or a few more.
func filledJournal(b *testing.B, dir string, records int) (*journal.Journal, ed25519.PublicKey) {
	b.Helper()
	j, err := openJournal(dir)
	if err != nil {
		b.Fatal(err)
	}
	if err := fill(j, records); err != nil {
		b.Fatal(err)
	}
	_, public, err := keys(dir)
	if err != nil {
		b.Fatal(err)
	}
	return j, public
}

// bareSQLite inserts the bytes of all records, read beforehand, under the ledger's own pragmas.
func bareSQLite(b *testing.B, j *journal.Journal) time.Duration {
	records, err := j.Read(j.Head().Epoch, 1, int(j.Head().Seq))
	if err != nil {
		b.Fatal(err)
	}
	e, err := openSQLite(filepath.Join(b.TempDir(), "bare.db"), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	started := time.Now()
	for len(records) > 0 {
		n := min(wire.MaxRecords, len(records))
		if err := e.insertAll(records[:n]); err != nil {
			b.Fatal(err)
		}
		records = records[n:]
	}
	return time.Since(started)
}

func (e *sqliteDB) insertAll(records []journal.Stored) error {
	tx, err := e.db.Begin()
	if err != nil {
		return err
	}
	insert := tx.Stmt(e.insert)
	for _, r := range records {
		if _, err := insert.Exec(r.Raw); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// drain runs the three steps side by side, as till and platform do.
func drain(b *testing.B, j *journal.Journal, public ed25519.PublicKey) time.Duration {
	tills, err := platform.NewTills(map[pos.TillID]cose.PublicKey{till: public})
	if err != nil {
		b.Fatal(err)
	}
	custody, err := platform.OpenCustody(b.Context(), filepath.Join(b.TempDir(), "ledger.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer custody.Close()
	started := time.Now()
	ctx, cancel := context.WithCancelCause(b.Context())
	defer cancel(nil)
	messages, verified := make(chan []byte, window), make(chan *platform.Delivery, window)
	go func() { defer close(messages); cancelOn(cancel, send(ctx, j, messages)) }()
	go func() { defer close(verified); cancelOn(cancel, verify(ctx, tills, messages, verified)) }()
	mark, err := take(ctx, custody, verified)
	if err != nil || ctx.Err() != nil {
		b.Fatal(err, context.Cause(ctx))
	}
	if mark != j.Head() {
		b.Fatalf("the ledger holds %d of %d records", mark.Seq, j.Head().Seq)
	}
	return time.Since(started)
}

func cancelOn(cancel context.CancelCauseFunc, err error) {
	if err != nil {
		cancel(err)
	}
}

// send cuts the journal into batches that end on a signed record.
func send(ctx context.Context, j *journal.Journal, to chan<- []byte) error {
	codec, err := wire.NewCodec()
	if err != nil {
		return err
	}
	for prev := record.Genesis(till, j.Head().Epoch); prev != j.Head(); {
		list, err := j.Read(prev.Epoch, prev.Seq+1, wire.MaxRecords)
		if err != nil {
			return err
		}
		batch, last := cut(prev, list)
		message, err := codec.EncodeBatch(batch)
		if err != nil {
			return err
		}
		prev = last
		select {
		case to <- message:
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

func cut(prev record.Head, list []journal.Stored) (*wire.Batch, record.Head) {
	n := len(list)
	for n > 1 && len(list[n-1].Signature) == 0 {
		n--
	}
	batch := &wire.Batch{Till: till, Prev: prev, Count: n, Signature: list[n-1].Signature}
	for _, r := range list[:n] {
		batch.Records = append(batch.Records, r.Raw...)
	}
	return batch, record.HeadOf(prev.Epoch, list[n-1].Key, list[n-1].Raw)
}

func verify(ctx context.Context, tills *platform.Tills, from <-chan []byte, to chan<- *platform.Delivery) error {
	for message := range from {
		d, err := tills.Verify(till, message)
		if err != nil {
			return err
		}
		select {
		case to <- d:
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

// take commits what waits, many deliveries in one transaction, and returns the last mark.
func take(ctx context.Context, custody *platform.Custody, from <-chan *platform.Delivery) (mark record.Head, err error) {
	for d := range from {
		group := []*platform.Delivery{d}
		for len(group) < groupSize && len(from) > 0 {
			group = append(group, <-from)
		}
		acks, err := custody.Take(ctx, group...)
		if err != nil {
			return mark, err
		}
		mark = acks[len(acks)-1].Mark
	}
	return mark, nil
}
