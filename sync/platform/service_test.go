package platform

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/broker/brokertest"
	"github.com/tillproof/tillproof/sync/mqtt"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/wire"
)

func TestDrainOverABroker(t *testing.T) {
	brokers(t, func(t *testing.T, start brokertest.Start) {
		one, two := outboxtest.New("till-1"), outboxtest.New("till-2")
		for n := 1; n <= 300; n++ {
			sale(one, n)
			sale(two, 1000+n)
		}
		one.NewEpoch()
		sale(one, 301)
		one.Commit(&strange{Text: "poison"})
		s := newStage(t, start, one, two)
		first, second := s.run(one, nil), s.run(two, nil)
		s.drained(first)
		s.drained(second)
		sale(one, 302)
		s.drained(first)
		if st := first.outbox.Status(); !st.Online || st.Err != nil || st.Acked != one.Head() {
			t.Errorf("%+v", st)
		}
		sameLedger(t, s.config.Database, one, two)
		var marks struct {
			Items []struct{ Till, Epoch, Head string }
		}
		if s.get("/v1/marks", &marks); len(marks.Items) != 3 || marks.Items[2].Till != "till-2" || marks.Items[2].Head != two.Head().Hash.String() {
			t.Errorf("%+v", marks)
		}
		if c := s.counts(); c.Held == 0 || c.Forged+c.Broken+c.Forks+c.Failed > 0 {
			t.Errorf("%+v", c)
		}
	})
}

// TestKilledBetweenCommitAndAcknowledgement loses every acknowledgement until the platform was stopped and started.
func TestKilledBetweenCommitAndAcknowledgement(t *testing.T) {
	brokers(t, func(t *testing.T, start brokertest.Start) {
		j := outboxtest.New("till-1")
		for n := 1; n <= 300; n++ {
			sale(j, n)
		}
		s := newStage(t, start, j)
		var pass atomic.Bool
		var lost atomic.Int64
		l := s.run(j, func() bool {
			if !pass.Load() {
				lost.Add(1)
			}
			return pass.Load()
		})
		s.until("acknowledgements were lost", func() bool { return lost.Load() > 1 })
		s.shutdown()
		pass.Store(true)
		if l.outbox.Status().Backlog != 900 {
			t.Errorf("%+v: freed without an acknowledgement", l.outbox.Status())
		}
		s.open()
		s.drained(l)
		sameLedger(t, s.config.Database, j)
	})
}

func TestBrokerStoppedAndStartedInMidDrain(t *testing.T) {
	t.Parallel()
	brokers(t, func(t *testing.T, start brokertest.Start) {
		j := outboxtest.New("till-1")
		for n := 1; n <= 1500; n++ {
			sale(j, n)
		}
		s := newStage(t, start, j)
		l := s.run(j, nil)
		s.until("the drain has begun", func() bool { return l.outbox.Status().Acked.Seq > 0 })
		s.halt()
		sale(j, 1501)
		_, s.halt = s.start(t, s.addr)
		s.drained(l)
		sameLedger(t, s.config.Database, j)
	})
}

// TestForgeryOverABroker lets strangers write on a till's topic.
func TestForgeryOverABroker(t *testing.T) {
	brokers(t, func(t *testing.T, start brokertest.Start) {
		j, stranger := outboxtest.New("till-1"), outboxtest.New("till-9")
		sale(j, 1)
		sale(stranger, 2)
		s := newStage(t, start, j)
		c, err := mqtt.Dial(t.Context(), mqtt.Options{Broker: "tcp://" + s.addr, ClientID: "stranger"})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		batch := cut(t, stranger, stranger.Head().Epoch, 1, 3)
		on := wire.Topic{Merchant: "shop", Till: "till-1"}.On(wire.UpRecords)
		for topic, message := range map[string][]byte{
			on: encode(t, batch),
			wire.Topic{Merchant: "shop", Till: "till-9"}.On(wire.UpRecords): encode(t, batch),
			strings.Replace(on, "shop", "Shop", 1):                          encode(t, batch),
		} {
			if err := c.Publish(t.Context(), topic, message); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Publish(t.Context(), on, []byte("garbage")); err != nil {
			t.Fatal(err)
		}
		s.until("all four are refused", func() bool { n := s.counts(); return n.Forged == 2 && n.Broken == 2 })
		s.drained(s.run(j, nil))
		sameLedger(t, s.config.Database, j)
	})
}

func TestForkOverABroker(t *testing.T) {
	brokers(t, func(t *testing.T, start brokertest.Start) {
		j := outboxtest.New("till-1")
		sale(j, 1)
		clone := j.Clone()
		sale(j, 2)
		sale(clone, 3)
		s := newStage(t, start, j)
		first := s.run(j, nil)
		s.drained(first)
		first.stop()
		l := s.run(clone, nil)
		s.until("the clone has begun a new epoch", func() bool { return len(clone.Divergences()) > 0 })
		sale(clone, 4)
		s.drained(l)
		if got := clone.Divergences(); len(got) != 1 || got[0] != "forked 6" {
			t.Errorf("%v", got)
		}
		l2 := openLedger(t, s.config.Database)
		payments, losing := 0, 0
		for _, err := range l2.Payments(t.Context()) {
			if payments++; err != nil {
				t.Fatal(err)
			}
		}
		for _, err := range l2.Forks(t.Context()) {
			if losing++; err != nil {
				t.Fatal(err)
			}
		}
		if payments != 4 || losing != 3 {
			t.Errorf("%d payments and %d losing records, not 4 and 3", payments, losing)
		}
	})
}

// TestServeFails covers what cannot be waited for.
func TestServeFails(t *testing.T) {
	folder := t.TempDir()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	noKey, noLedger := write("no.pem", "no key"), write("no.db", strings.Repeat("this is no database ", 100))
	good := Config{Database: filepath.Join(folder, "ledger.db"), Keys: filepath.Join(folder, "key.pem"), Broker: "tcp://127.0.0.1:1"}
	for name, c := range map[string]struct {
		change func(*Config)
		code   pos.ErrorCode
	}{
		"key":     {func(c *Config) { c.Keys = noKey }, "key_unusable"},
		"ledger":  {func(c *Config) { c.Database = noLedger }, "database_unusable"},
		"folder":  {func(c *Config) { c.Database = filepath.Join(noKey, "x", "ledger.db") }, "database_unusable"},
		"address": {func(c *Config) { c.Listen = taken.Addr().String() }, "http_unusable"},
	} {
		config := good
		c.change(&config)
		var e *pos.Error
		if err := Serve(t.Context(), config, Options{}); !errors.As(err, &e) || e.Code != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestServeWaitsForTheBroker(t *testing.T) {
	folder := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	config := Config{Database: filepath.Join(folder, "deep", "ledger.db"), Keys: filepath.Join(folder, "key.pem"), Broker: "tcp://127.0.0.1:1", Listen: "127.0.0.1:0"}
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- Serve(ctx, config, Options{Ready: func(address string) { ready <- address }}) }()
	s := &stage{t: t, http: <-ready}
	s.until("the platform says that the broker is away", func() bool { return s.get("/readyz", nil) == http.StatusServiceUnavailable })
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
