package platform

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/broker"
	"github.com/tillproof/tillproof/sync/broker/brokertest"
	"github.com/tillproof/tillproof/sync/mqtt"
	"github.com/tillproof/tillproof/sync/outbox"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/wire"
)

// stage is a broker and a platform, with tills that come and go.
type stage struct {
	t        *testing.T
	start    brokertest.Start
	addr     string // of the broker
	config   Config
	http     string
	shutdown func() // of the platform
	halt     func() // of the broker
}

// brokers runs a test against both.
func brokers(t *testing.T, f func(t *testing.T, start brokertest.Start)) {
	t.Run("embedded", func(t *testing.T) { f(t, brokertest.Embedded(broker.Everyone)) })
	t.Run("mosquitto", func(t *testing.T) { f(t, brokertest.Mosquitto(t)) })
}

func newStage(t *testing.T, start brokertest.Start, journals ...*outboxtest.Journal) *stage {
	t.Helper()
	return newStageWith(t, start, "", journals...)
}

// newStageWith adds lines to platform.yaml.
func newStageWith(t *testing.T, start brokertest.Start, lines string, journals ...*outboxtest.Journal) *stage {
	t.Helper()
	s := &stage{t: t, start: start}
	s.addr, s.halt = start(t, "")
	t.Cleanup(func() { s.halt() })
	text := fmt.Sprintf("data: .\nbroker: tcp://%s\nlisten: 127.0.0.1:0\n%smerchants:\n  - merchant: shop\n    tills:\n", s.addr, lines)
	for _, j := range journals {
		text += fmt.Sprintf("      - {till: %s, public_key: %s}\n", j.Till, hex.EncodeToString(j.Signer.Public()))
	}
	path := filepath.Join(t.TempDir(), "platform.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	if s.config, err = LoadConfig(path); err != nil {
		t.Fatal(err)
	}
	s.open()
	return s
}

// open starts the platform and waits until it takes batches.
func (s *stage) open() {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended, ready := make(chan error, 1), make(chan string, 1)
	go func() {
		ended <- Serve(ctx, s.config, Options{Ready: func(address string) { ready <- address }, Scale: 0.05})
	}()
	select {
	case s.http = <-ready:
	case err := <-ended:
		s.t.Fatal(err)
	}
	stopped := false
	s.shutdown = func() {
		if !stopped {
			stopped = true
			cancel()
			if err := <-ended; err != nil {
				s.t.Error(err)
			}
		}
	}
	s.t.Cleanup(s.shutdown)
	s.until("the platform is connected", func() bool { return s.get("/readyz", nil) == http.StatusOK })
}

// get asks the platform's pages.
func (s *stage) get(page string, into any) int {
	r, err := http.Get("http://" + s.http + page)
	if err != nil {
		return 0
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return 0
	}
	if into != nil {
		if err := json.Unmarshal(body, into); err != nil {
			s.t.Error(err)
		}
	}
	return r.StatusCode
}

// counts is what the platform counted.
func (s *stage) counts() Counts {
	var health struct{ Intake Counts }
	s.get("/healthz", &health)
	return health.Intake
}

func (s *stage) until(what string, done func() bool) {
	s.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(30 * time.Second); !done(); <-tick.C {
		if time.Now().After(end) {
			s.t.Fatalf("waited too long until %s", what)
		}
	}
}

// till is a running outbox over MQTT.
type till struct {
	outbox *outbox.Outbox
	stop   func()
}

// run starts a till; filter sees its acknowledgements first and may lose them.
func (s *stage) run(j *outboxtest.Journal, filter func() bool) *till {
	s.t.Helper()
	signer, err := cose.Load(s.config.Keys)
	if err != nil {
		s.t.Fatal(err)
	}
	o, err := outbox.New(outbox.Options{Till: j.Till, Merchant: "shop", Source: j, Platform: cose.OneKey(signer.Public()), AckTimeout: 200 * time.Millisecond})
	if err != nil {
		s.t.Fatal(err)
	}
	options := mqtt.Options{Broker: "tcp://" + s.addr, ClientID: string(j.Till), User: string(j.Till), Scale: 0.05,
		Subscribe: []string{wire.Topic{Merchant: "shop", Till: j.Till}.On(wire.DownAck)}, Handler: func(_ string, message []byte) {
			if filter == nil || filter() {
				o.Receive(message)
			}
		}}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = mqtt.Keep(ctx, options, func(ctx context.Context, c *mqtt.Conn) error { return o.Run(ctx, c) })
	}()
	l := &till{outbox: o, stop: func() { cancel(); <-ended }}
	s.t.Cleanup(l.stop)
	return l
}

func (s *stage) drained(l *till) {
	s.t.Helper()
	s.until("all is acknowledged", func() bool { return l.outbox.Status().Backlog == 0 })
}
