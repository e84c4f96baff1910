package bench

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/broker"
	"github.com/tillproof/tillproof/sync/platform"
)

// BenchmarkWholePath starts a till on a full journal and waits until the platform's ledger holds all of it. Everything is real: journal
// on disk, outbox, MQTT over TCP, the embedded broker, the platform's service and its database. The clock runs from the till's start, so
// that opening, connecting and subscribing count too. Beside it SQLite's own transactions of the same bytes.
func BenchmarkWholePath(b *testing.B) {
	var limit, ours time.Duration
	count := 0.0
	for b.Loop() {
		dir := b.TempDir()
		j, public := filledJournal(b, dir, drained)
		limit += bareSQLite(b, j)
		head := j.Head()
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
		s := startPlatform(b, public)
		ours += s.drain(b, dir, head)
		s.stop()
		count += float64(head.Seq)
	}
	t := &table{}
	t.line("%-40s %9s %6s", "100,000 records", "records/s", "ratio")
	t.line("%-40s %9.0f %6.2f", "limit: SQLite, 500 rows a transaction", count/limit.Seconds(), 1.0)
	t.line("%-40s %9.0f %6.2f", "till -> broker -> platform -> ledger", count/ours.Seconds(), limit.Seconds()/ours.Seconds())
	b.Log(t.String())
	b.ReportMetric(count/ours.Seconds(), "records/s")
	b.ReportMetric(limit.Seconds()/ours.Seconds(), "of-SQLite")
}

// site is a broker and a platform that run.
type site struct {
	broker *broker.Broker
	config platform.Config
	root   string // the platform's public key
	cancel context.CancelFunc
	ended  chan error
}

func startPlatform(b *testing.B, public cose.PublicKey) *site {
	b.Helper()
	dir := b.TempDir()
	signer, err := cose.LoadOrCreate(filepath.Join(dir, "platform.pem"))
	if err != nil {
		b.Fatal(err)
	}
	server, err := broker.Listen("127.0.0.1:0", broker.Everyone)
	if err != nil {
		b.Fatal(err)
	}
	s := &site{broker: server, root: hex.EncodeToString(signer.Public()), ended: make(chan error, 1)}
	tills := []platform.TillConfig{{Till: till, PublicKey: hex.EncodeToString(public)}}
	s.config = platform.Config{Data: dir, Database: filepath.Join(dir, "ledger.db"), Keys: filepath.Join(dir, "platform.pem"),
		Broker: "tcp://" + server.Addr(), Merchants: []platform.MerchantConfig{{Merchant: merchant, Tills: tills}}}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	ready := make(chan string, 1)
	go func() {
		s.ended <- platform.Serve(ctx, s.config, platform.Options{Ready: func(address string) { ready <- address }})
	}()
	select {
	case <-ready:
	case err := <-s.ended:
		b.Fatal(err)
	}
	return s
}

func (s *site) stop() {
	s.cancel()
	<-s.ended
	s.broker.Close()
}

// drain runs a till on the data in dir until the ledger holds its journal up to head.
func (s *site) drain(b *testing.B, dir string, head record.Head) time.Duration {
	b.Helper()
	ledger, err := platform.OpenLedger(s.config.Database)
	if err != nil {
		b.Fatal(err)
	}
	defer ledger.Close()
	ctx, cancel := context.WithTimeoutCause(b.Context(), time.Minute, errors.New("not all records arrived within a minute"))
	ended := make(chan error, 1)
	started := time.Now()
	go func() {
		ended <- agent.Run(ctx, s.till(dir), agent.Options{Version: "bench", Log: slog.New(slog.DiscardHandler)})
	}()
	for ctx.Err() == nil && s.mark(b, ctx, ledger) < head.Seq {
		time.Sleep(5 * time.Millisecond)
	}
	took := time.Since(started)
	if ctx.Err() != nil {
		b.Error(context.Cause(ctx))
	}
	cancel()
	if err := <-ended; err != nil {
		b.Error(err)
	}
	return took
}

// mark is how far the ledger holds the till's journal.
func (s *site) mark(b *testing.B, ctx context.Context, ledger *platform.Ledger) (seq pos.Seq) {
	for m, err := range ledger.Marks(ctx) {
		if err != nil {
			b.Error(err)
		}
		seq = m.Head.Seq
	}
	return seq
}

func (s *site) till(dir string) agent.Config {
	return agent.Config{Till: till, Merchant: merchant, Currency: "EUR", Timezone: "UTC", Data: dir,
		Platform: agent.PlatformConfig{Broker: s.config.Broker, RootKey: s.root}, API: agent.APIConfig{Listen: "127.0.0.1:0"},
		Journal: agent.JournalConfig{SegmentMiB: 64}, Tenders: []pos.Tender{pos.Cash}}
}
